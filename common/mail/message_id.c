/* SPDX-License-Identifier: BSD-2-Clause */
/* The form in which Message-IDs are compared. See message_id.h. */
#include "common/mail/message_id.h"

#include "common/mail/field.h"
#include "common/mail/fold.h"
#include "common/mail/address_form.h"
#include "common/mail/word.h"

#define ID_BYTES (1024u * 1024)

static bool has_text(struct jm_span s, const char *text)
{
	return s.len > 0 && memmem(s.p, s.len, text, strlen(text));
}

/* The text between the brackets, or all text up to a comment. */
static struct jm_span between_brackets(struct jm_span s)
{
	struct jm_span inner = s;
	size_t open = jm_span_index(s, '<'), close, comment;

	if (open < s.len)
		inner = jm_span_sub(s, open + 1, s.len);
	while (inner.len > 0 && inner.p[0] == '<')
		inner = jm_span_sub(inner, 1, inner.len);
	close = jm_span_index(inner, '>');
	if (close > 0 && (open < s.len || close < inner.len))
		return jm_span_sub(inner, 0, close);
	comment = jm_span_index(s, '(');
	if (comment > 0 && comment < s.len && jm_field_is_space(s.p[comment - 1]))
		return jm_span_sub(s, 0, comment);
	return s;
}

/* Append s without white space, control characters, quotes and brackets. */
static int add_bare(struct jm_span s, struct jm_buf *out, struct jm_err *err)
{
	if (jm_buf_reserve(out, s.len, err) != 0)
		return -1;
	for (size_t i = 0; i < s.len; i++)
		if (s.p[i] > ' ' && s.p[i] != 0x7f && s.p[i] != '"' && s.p[i] != '<' &&
		    s.p[i] != '>')
			out->p[out->len++] = s.p[i];
	out->p[out->len] = 0;
	return 0;
}

static bool is_ascii(struct jm_span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.p[i] >= 0x80)
			return false;
	return true;
}

/* Append the form of an ID that is bare. */
static int add_halves(struct jm_span s, struct jm_buf *out, struct jm_err *err)
{
	size_t at = jm_span_rindex(s, '@');
	struct jm_span left = jm_span_sub(s, 0, at + (at < s.len)),
		       right = jm_span_sub(s, left.len, s.len);
	char domain[JM_DOMAIN_BYTES];

	if ((is_ascii(left) ? jm_buf_add_span(out, left, err) : jm_fold_lower(left, out, err)) != 0)
		return -1;
	if (jm_address_form_domain(right, domain) == 0)
		right = jm_span_str(domain);
	return jm_fold_lower(right, out, err);
}

int jm_message_id_key(struct jm_span id, struct jm_buf *out, struct jm_err *err)
{
	struct jm_buf decoded, bare;
	int rc = 0;

	jm_buf_reset(out);
	jm_buf_init(&decoded, ID_BYTES);
	jm_buf_init(&bare, ID_BYTES);
	if (has_text(id, "=?") && has_text(id, "?=")) {
		rc = jm_word_decode(id, jm_span_str(""), &decoded, err);
		id = jm_buf_span(&decoded);
	}
	if (rc == 0)
		rc = add_bare(between_brackets(id), &bare, err);
	if (rc == 0)
		rc = add_halves(jm_buf_span(&bare), out, err);
	jm_buf_release(&decoded);
	jm_buf_release(&bare);
	return rc;
}

/* ---- typed IDs ---- */

/* Remove the name of the field that the ID was copied from. */
static struct jm_span without_name(struct jm_span s, bool *url_r)
{
	static const char *const names[] = { "Message-ID", "MessageID", "X-Message-ID",
		"Resent-Message-ID", "Original-Message-ID", "In-Reply-To", "References", "mid" };
	size_t colon = jm_span_index(s, ':');
	struct jm_span name = jm_field_strip(jm_span_sub(s, 0, colon));

	*url_r = false;
	for (size_t i = 0; colon < s.len && i < sizeof names / sizeof names[0]; i++) {
		if (!jm_span_eq_nocase(name, jm_span_str(names[i])))
			continue;
		*url_r = name.len == 3;
		return jm_span_sub(s, colon + 1, s.len);
	}
	return s;
}

static int hex_digit(unsigned char c)
{
	c = jm_lower(c);
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Append s with %40 and, else, &lt; and others decoded. */
static int add_decoded(struct jm_span s, bool percent, struct jm_buf *out, struct jm_err *err)
{
	static const struct {
		const char *text;
		unsigned char c;
	} entities[] = { { "&lt;", '<' }, { "&gt;", '>' }, { "&amp;", '&' }, { "&quot;", '"' },
		{ "&#60;", '<' }, { "&#62;", '>' }, { "&#64;", '@' } };

	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = s.p[i];

		if (percent && c == '%' && i + 2 < s.len && hex_digit(s.p[i + 1]) >= 0 &&
		    hex_digit(s.p[i + 2]) >= 0) {
			c = (unsigned char)(hex_digit(s.p[i + 1]) * 16 + hex_digit(s.p[i + 2]));
			i += 2;
		}
		for (size_t k = 0; c == '&' && k < sizeof entities / sizeof entities[0]; k++)
			if (jm_span_starts_nocase(
				jm_span_sub(s, i, s.len), jm_span_str(entities[k].text))) {
				c = entities[k].c;
				i += strlen(entities[k].text) - 1;
				break;
			}
		if (jm_buf_add_byte(out, c, err) != 0)
			return -1;
	}
	return 0;
}

int jm_message_id_typed(struct jm_span typed, struct jm_buf *out, struct jm_err *err)
{
	struct jm_span s, second;
	struct jm_buf decoded;
	bool url;
	int rc;

	jm_buf_init(&decoded, ID_BYTES);
	s = jm_address_form_bare(without_name(jm_address_form_bare(typed), &url));
	if (url) /* RFC 2392: a part may follow */
		s = jm_span_sub(s, 0, jm_span_index(s, '/'));
	rc = add_decoded(s, url || jm_span_index(s, '@') == s.len, &decoded, err);
	s = jm_address_form_bare(jm_buf_span(&decoded));
	second = jm_span_sub(s, jm_span_index(s, '>'), s.len);
	if (rc == 0 && jm_span_index(second, '<') < second.len)
		rc = jm_err_set(err, JM_E_USAGE, "\"%.*s\" is more than one Message-ID",
		    typed.len > 200 ? 200 : (int)typed.len, (const char *)typed.p);
	if (rc == 0)
		rc = jm_message_id_key(s, out, err);
	if (rc == 0 && out->len == 0)
		rc = jm_err_set(err, JM_E_USAGE, "\"%.*s\" is no Message-ID",
		    typed.len > 200 ? 200 : (int)typed.len, (const char *)typed.p);
	jm_buf_release(&decoded);
	return rc;
}
