/* SPDX-License-Identifier: BSD-2-Clause */
/* Finding parameters and joining their pieces. Their meaning is known in mime.c and part.c. See
 * param.h. */
#include "common/mail/param.h"

#include "common/mail/decode.h"
#include "common/mail/field.h"

#define PIECES_MAX 64 /* most pieces of a value */

/* A value as it is written; quoted: between quotes, which it does not include. */
struct raw {
	struct jm_span text;
	bool seen, quoted, extended;
};

struct scan {
	struct jm_span s;
	size_t pos;
	enum jm_param_form form;
	/* No quote from here on closes a string, with and without regard to backslashes. Kept, so
	 * that hostile input costs linear time only. */
	bool open[2];
};

/* The offset after the name of a parameter that may begin at k. */
static size_t skip_name(struct jm_span s, size_t k)
{
	while (k < s.len && !jm_field_is_space(s.p[k]) && !memchr("=;\"", s.p[k], 3))
		k++;
	return k;
}

/* Does a parameter without a semicolon before it begin at k? */
static bool begins_param(struct jm_span s, size_t k)
{
	size_t end = skip_name(s, k);

	return end > k && end < s.len && s.p[end] == '=' && jm_lower(s.p[k]) >= 'a' &&
	    jm_lower(s.p[k]) <= 'z';
}

/* Can the quote at k close a string? Then a semicolon, another parameter or nothing follows. */
static bool closes(const struct scan *w, size_t k)
{
	size_t next = jm_field_skip_space(w->s, k + 1);

	return w->form == JM_PARAM_TOKEN || next >= w->s.len || w->s.p[next] == ';' ||
	    begins_param(w->s, next);
}

/* The offset of the quote that closes the string from k on; the length of the text: no quote does.
 */
static size_t find_close(struct scan *w, size_t k, bool escapes)
{
	for (size_t i = w->open[escapes] ? w->s.len : k; i < w->s.len; i++) {
		if (escapes && w->s.p[i] == '\\')
			i++;
		else if (w->s.p[i] == '"' && closes(w, i))
			return i;
	}
	w->open[escapes] = true;
	return w->s.len;
}

/* Read the quoted string at w->pos. */
static void take_quoted(struct scan *w, struct raw *v)
{
	size_t from = w->pos + 1, end = find_close(w, from, true);

	v->quoted = true;
	if (end == w->s.len && w->form == JM_PARAM_NAME)
		end = find_close(w, from, false); /* "C:\dir\" */
	if (end == w->s.len) {                    /* never closed */
		v->text = jm_span_sub(w->s, from, w->s.len);
		v->text = jm_span_sub(v->text, 0, jm_span_index(v->text, ';'));
		end = jm_span_index(v->text, '"');
		w->pos = from + (end < v->text.len ? end + 1 : v->text.len);
		v->text = jm_field_strip(jm_span_sub(v->text, 0, end));
		return;
	}
	v->text = jm_span_sub(w->s, from, end - from);
	w->pos = end + 1;
}

/* Read the unquoted value at w->pos. */
static void take_plain(struct scan *w, struct raw *v)
{
	size_t from = w->pos, k = from;

	for (; k < w->s.len && w->s.p[k] != ';'; k++) {
		if (w->form == JM_PARAM_TOKEN && (w->s.p[k] == '"' || jm_field_is_space(w->s.p[k])))
			break;
		if (jm_field_is_space(w->s.p[k]) && begins_param(w->s, k + 1))
			break;
	}
	v->text = jm_field_strip(jm_span_sub(w->s, from, k - from));
	w->pos = k;
}

/* Get the next parameter. False at the end. */
static bool scan_next(struct scan *w, struct jm_span *name_r, struct raw *v)
{
	size_t from, end, k;

	while (w->pos < w->s.len) {
		from = jm_field_skip_space(w->s, w->pos);
		end = skip_name(w->s, from);
		k = jm_field_skip_space(w->s, end);
		if (end == from || k >= w->s.len || w->s.p[k] != '=') {
			w->pos = end > from ? k : from + 1;
			continue;
		}
		*name_r = jm_span_sub(w->s, from, end - from);
		*v = (struct raw){ .seen = true };
		w->pos = jm_field_skip_space(w->s, k + 1);
		if (w->pos < w->s.len && w->s.p[w->pos] == '"')
			take_quoted(w, v);
		else
			take_plain(w, v);
		return true;
	}
	return false;
}

/* Does a path keep its backslashes in v? Then one is before neither a quote nor a backslash. */
static bool is_path(struct jm_span v)
{
	for (size_t k = 0; k < v.len; k++)
		if (v.p[k] == '\\') {
			if (k + 1 >= v.len || (v.p[k + 1] != '\\' && v.p[k + 1] != '"'))
				return true;
			k++;
		}
	return false;
}

static int add_unquoted(
    const struct raw *v, enum jm_param_form form, struct jm_buf *out, struct jm_err *err)
{
	bool path = form == JM_PARAM_NAME && is_path(v->text);

	if (!v->quoted)
		return jm_buf_add_span(out, v->text, err);
	for (size_t k = 0; k < v->text.len; k++) {
		if (v->text.p[k] == '\\' && k + 1 < v->text.len &&
		    (!path || v->text.p[k + 1] == '"'))
			k++;
		if (jm_buf_add_byte(out, v->text.p[k], err) != 0)
			return -1;
	}
	return 0;
}

/* Is s a charset or a language? */
static bool is_tag(struct jm_span s)
{
	for (size_t k = 0; k < s.len; k++)
		if (!(jm_lower(s.p[k]) >= 'a' && jm_lower(s.p[k]) <= 'z') &&
		    !memchr("0123456789-_.:+", s.p[k], 15))
			return false;
	return true;
}

/* The text of an extended value, [charset'language']text; *charset_r: its charset. */
static struct jm_span after_charset(struct jm_span v, struct jm_span *charset_r)
{
	size_t a = jm_span_index(v, '\''),
	       b = a + 1 + jm_span_index(jm_span_sub(v, a + 1, v.len), '\'');

	*charset_r = jm_span_sub(v, 0, 0);
	if (b >= v.len || !is_tag(jm_span_sub(v, 0, a)) ||
	    !is_tag(jm_span_sub(v, a + 1, b - a - 1)))
		return v;
	*charset_r = jm_span_sub(v, 0, a);
	v = jm_span_sub(v, b + 1, v.len);
	if (v.len >= 2 && v.p[0] == '"' && v.p[v.len - 1] == '"') {
		v.p++;
		v.len -= 2;
	}
	return v;
}

/* Append an extended value, with its "%xx" decoded. first: it may begin with a charset. */
static int add_extended(
    struct jm_span v, bool first, struct jm_buf *out, struct jm_buf *charset, struct jm_err *err)
{
	struct jm_span label;

	if (first) {
		v = after_charset(v, &label);
		if (charset && jm_buf_add_span(charset, label, err) != 0)
			return -1;
	}
	for (size_t i = 0; i < v.len; i++) {
		int high = v.p[i] == '%' && i + 2 < v.len ? jm_decode_hex(v.p[i + 1]) : -1,
		    low = high >= 0 ? jm_decode_hex(v.p[i + 2]) : -1;

		if (jm_buf_add_byte(
			out, (unsigned char)(low >= 0 ? high << 4 | low : v.p[i]), err) != 0)
			return -1;
		i += low >= 0 ? 2 : 0;
	}
	return 0;
}

/* The value that name has in "name", "name*" or "name*3*"; NULL: it is another parameter. */
static struct raw *place_of(
    struct jm_span name, struct jm_span want, struct raw *whole, struct raw *pieces, bool *ext_r)
{
	struct jm_span rest;
	size_t n = 0, k = 0;

	if (!jm_span_starts_nocase(name, want))
		return NULL;
	rest = jm_span_sub(name, want.len, name.len);
	*ext_r = rest.len > 0 && rest.p[rest.len - 1] == '*';
	if (rest.len == 0)
		return &whole[0];
	if (rest.p[0] != '*')
		return NULL;
	if (rest.len == 1)
		return &whole[1];
	for (k = 1; k < rest.len && rest.p[k] >= '0' && rest.p[k] <= '9' && n < PIECES_MAX; k++)
		n = n * 10 + rest.p[k] - '0';
	if (k == 1 || n >= PIECES_MAX || k + *ext_r != rest.len)
		return NULL;
	return &pieces[n];
}

int jm_param_read(struct jm_span value, const char *name, const struct jm_param *p, bool *found_r,
    struct jm_err *err)
{
	struct raw whole[2] = { { .seen = false } }, pieces[PIECES_MAX] = { { .seen = false } }, v,
		   *at;
	struct scan w = { .s = value, .form = p->form };
	struct jm_buf plain;
	struct jm_span found;
	bool extended, first = true;
	int rc = 0;

	*found_r = false;
	jm_buf_reset(p->octets);
	if (p->charset)
		jm_buf_reset(p->charset);
	while (scan_next(&w, &found, &v)) {
		at = place_of(found, jm_span_str(name), whole, pieces, &extended);
		if (at && !at->seen) {
			*at = v;
			/* Some writers forget the asterisk. */
			at->extended = extended ||
			    (p->form == JM_PARAM_NAME &&
				jm_span_starts_nocase(v.text, jm_span_str("utf-8''")));
		}
	}
	jm_buf_init(&plain, value.len + 1);
	for (size_t k = 0; rc == 0 && k < PIECES_MAX + 2; k++) {
		at = k == 0 ? &whole[1] : k <= PIECES_MAX ? &pieces[k - 1] : &whole[0];
		if (!at->seen || (p->octets->len > 0 && k > PIECES_MAX))
			continue;
		jm_buf_reset(&plain);
		rc = add_unquoted(at, p->form, &plain, err);
		if (rc == 0)
			rc = at->extended
			    ? add_extended(jm_buf_span(&plain), first, p->octets, p->charset, err)
			    : jm_buf_add_span(p->octets, jm_buf_span(&plain), err);
		first = false;
		*found_r = true;
		if (k == 0 && p->octets->len > 0)
			break;
	}
	jm_buf_release(&plain);
	return rc;
}
