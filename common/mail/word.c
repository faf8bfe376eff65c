/* SPDX-License-Identifier: BSD-2-Clause */
/* Encoded words. Fields and unfolding are field.c's. See word.h. */
#include "common/mail/word.h"

#include "common/mail/charset.h"
#include "common/mail/decode.h"
#include "common/mail/field.h"

struct word {
	struct jm_span charset, text;
	unsigned char encoding; /* 'q' or 'b' */
	size_t end;             /* the offset after the word */
};

/* The offset of the first "?=" at or after k, or s.len. */
static size_t find_end(struct jm_span s, size_t k)
{
	while (k + 1 < s.len) {
		k += jm_span_index(jm_span_sub(s, k, s.len), '?');
		if (k + 1 < s.len && s.p[k + 1] == '=')
			return k;
		k++;
	}
	return s.len;
}

/* Read the word at k, if there is one. *no_end is set once no "?=" follows and is kept between
 * calls, so that hostile input costs linear time only. */
static bool word_at(struct jm_span s, size_t k, bool *no_end, struct word *w)
{
	size_t q;

	if (*no_end || s.len - k < 2 || s.p[k] != '=' || s.p[k + 1] != '?')
		return false;
	q = k + 2 + jm_span_index(jm_span_sub(s, k + 2, s.len), '?');
	if (s.len - q < 3 || s.p[q + 2] != '?')
		return false;
	w->encoding = jm_lower(s.p[q + 1]);
	if (w->encoding != 'q' && w->encoding != 'b')
		return false;
	w->charset = jm_span_sub(s, k + 2, q - k - 2);
	/* A language may follow: RFC 2231 5. */
	w->charset = jm_span_sub(w->charset, 0, jm_span_index(w->charset, '*'));
	w->end = find_end(s, q + 3);
	if (w->end == s.len) {
		*no_end = true;
		return false;
	}
	w->text = jm_span_sub(s, q + 3, w->end - q - 3);
	w->end += 2;
	return true;
}

/* Append the octets of a word, decoded but still in its charset. */
static int add_octets(const struct word *w, struct jm_buf *octets, struct jm_err *err)
{
	size_t k, n = 0;

	if (jm_buf_reserve(octets, w->text.len + 4, err) != 0)
		return -1;
	if (w->encoding == 'b') {
		octets->len += jm_decode_base64(w->text, octets->p + octets->len);
		octets->p[octets->len] = 0;
		return 0;
	}
	for (k = 0; k < w->text.len; k++) {
		unsigned char c = w->text.p[k];

		if (c == '_') {
			c = ' ';
		} else if (c == '=' && w->text.len - k > 2 &&
		    jm_decode_hex(w->text.p[k + 1]) >= 0 && jm_decode_hex(w->text.p[k + 2]) >= 0) {
			c = (unsigned char)(jm_decode_hex(w->text.p[k + 1]) << 4 |
			    jm_decode_hex(w->text.p[k + 2]));
			k += 2;
		}
		octets->p[octets->len + n++] = c;
	}
	octets->len += n;
	octets->p[octets->len] = 0;
	return 0;
}

static int word_flush(
    struct jm_buf *octets, struct jm_span charset, struct jm_buf *out, struct jm_err *err)
{
	int rc = jm_charset_replace(jm_buf_span(octets), charset, out, err);

	jm_buf_reset(octets);
	return rc;
}

bool jm_word_needs_label(struct jm_span value)
{
	return !jm_charset_is_utf8(value);
}

int jm_word_decode(
    struct jm_span value, struct jm_span label, struct jm_buf *out, struct jm_err *err)
{
	struct jm_span charset = { NULL, 0 }, gap;
	struct jm_buf octets;
	struct word w;
	bool no_end = false, after_word = false;
	size_t k = 0, from = 0;
	int rc = -1;

	jm_buf_init(&octets, out->max_bytes);
	while (k < value.len) {
		k += jm_span_index(jm_span_sub(value, k, value.len), '=');
		if (k >= value.len)
			break;
		if (!word_at(value, k, &no_end, &w)) {
			k++;
			continue;
		}
		gap = jm_span_sub(value, from, k - from);
		if (!after_word || jm_field_strip(gap).len > 0 ||
		    !jm_span_eq_nocase(charset, w.charset))
			if (word_flush(&octets, charset, out, err) != 0)
				goto out;
		if ((!after_word || jm_field_strip(gap).len > 0) &&
		    jm_charset_raw(gap, label, out, err) != 0)
			goto out;
		charset = w.charset;
		if (add_octets(&w, &octets, err) != 0)
			goto out;
		after_word = true;
		k = from = w.end;
	}
	if (word_flush(&octets, charset, out, err) == 0)
		rc = jm_charset_raw(jm_span_sub(value, from, value.len), label, out, err);
out:
	jm_buf_release(&octets);
	return rc;
}
