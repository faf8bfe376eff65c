/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading tokens and transfer encodings. Content is decoded in decode.c, parameters are read in
 * mime.c. See token.h. */
#include "common/mail/token.h"

#include "common/mail/field.h"

/* Octets that end a token: tspecials, white space and other controls. */
static bool ends_token(unsigned char c)
{
	return c <= ' ' || c == 127 || memchr("()<>@,;:\\\"/[]?=", c, 15);
}

/* The offset after the comment that begins at k; k + 1 when it is never closed, so that its
 * parenthesis is an octet like any other. *no_end is set then, and kept between calls, so that
 * hostile input costs linear time only. */
static size_t skip_comment(struct jm_span s, size_t k, bool *no_end)
{
	size_t end = *no_end ? 0 : jm_field_comment_end(s, k);

	*no_end = end == 0;
	return end > 0 ? end : k + 1;
}

/* Put what is between the quotes at k into the token, without white space at its ends. Returns
 * false when the string is never closed. */
static bool read_quoted(struct jm_span s, size_t k, struct jm_token *t_r)
{
	size_t n = 0, end = k + 1;

	for (; end < s.len && s.p[end] != '"'; end++)
		end += s.p[end] == '\\';
	if (end >= s.len)
		return false;
	t_r->end = end + 1;
	for (k++; k < end && jm_field_is_space(s.p[k]); k++)
		;
	while (end > k && jm_field_is_space(s.p[end - 1]))
		end--;
	for (; k < end; k++) {
		k += s.p[k] == '\\' && k + 1 < end;
		if (n + 1 < sizeof t_r->text)
			t_r->text[n] = (char)jm_lower(s.p[k]);
		n++;
	}
	t_r->text[n < sizeof t_r->text ? n : 0] = '\0';
	return true;
}

/* Read the plain token at k. */
static void read_plain(struct jm_span s, size_t k, struct jm_token *t_r)
{
	size_t n = 0;

	for (; k < s.len && !ends_token(s.p[k]); k++, n++)
		if (n + 1 < sizeof t_r->text)
			t_r->text[n] = (char)jm_lower(s.p[k]);
	t_r->text[n < sizeof t_r->text ? n : 0] = '\0';
	t_r->end = k;
}

void jm_token_read(struct jm_span s, size_t k, struct jm_token *t_r)
{
	bool no_end = false, no_quote = false;

	*t_r = (struct jm_token){ .end = s.len };
	while (k < s.len && ends_token(s.p[k]) && s.p[k] != ';') {
		if (s.p[k] == '"' && !no_quote) {
			if (read_quoted(s, k, t_r))
				break;
			no_quote = true;
		}
		k = s.p[k] == '(' ? skip_comment(s, k, &no_end) : k + 1;
	}
	if (k >= s.len || s.p[k] == ';')
		t_r->end = k;
	else if (!ends_token(s.p[k]))
		read_plain(s, k, t_r);
	for (k = t_r->end; k < s.len && (jm_field_is_space(s.p[k]) || s.p[k] == '(');) {
		bool comment = s.p[k] == '(';

		k = comment ? skip_comment(s, k, &no_end) : k + 1;
		if (comment && no_end) /* it is never closed: nothing else follows */
			k = s.len;
	}
	t_r->alone = k >= s.len || s.p[k] == ';';
}

bool jm_token_is(struct jm_span value, const char *token)
{
	struct jm_token t;

	jm_token_read(value, 0, &t);
	return t.alone && strcmp(t.text, token) == 0;
}

void jm_transfer_add(struct jm_transfer_fields *c, struct jm_span value)
{
	static const struct {
		const char *token;
		enum jm_transfer coding;
	} known[] = {
		{ "7bit", JM_TRANSFER_IDENTITY },
		{ "8bit", JM_TRANSFER_IDENTITY },
		{ "binary", JM_TRANSFER_IDENTITY },
		{ "base64", JM_TRANSFER_BASE64 },
		{ "quoted-printable", JM_TRANSFER_QP },
	};
	enum jm_transfer coding = JM_TRANSFER_UNKNOWN;
	struct jm_token t;

	jm_token_read(value, 0, &t);
	for (size_t k = 0; k < sizeof known / sizeof known[0]; k++)
		if (strcmp(t.text, known[k].token) == 0)
			coding = known[k].coding;
	c->odd = c->odd || coding == JM_TRANSFER_UNKNOWN || !t.alone ||
	    (c->seen && coding != c->coding);
	if (!c->seen || c->coding == JM_TRANSFER_UNKNOWN)
		c->coding = coding;
	c->seen = true;
}

enum jm_cte jm_transfer_cte(enum jm_transfer coding)
{
	return coding == JM_TRANSFER_BASE64 ? JM_CTE_BASE64
	    : coding == JM_TRANSFER_QP      ? JM_CTE_QP
					    : JM_CTE_IDENTITY;
}

struct jm_transfer_fields jm_transfer_of(struct jm_span part)
{
	struct jm_transfer_fields c = { .coding = JM_TRANSFER_IDENTITY };
	struct jm_fields w;
	struct jm_field f;

	jm_fields_start(&w, part);
	while (jm_fields_next(&w, &f))
		if (jm_span_eq_nocase(f.name, jm_span_str("Content-Transfer-Encoding")))
			jm_transfer_add(&c, f.value);
	return c;
}
