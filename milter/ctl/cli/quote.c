/* SPDX-License-Identifier: BSD-2-Clause */
/* Quoting for a shell. See quote.h. */
#include "milter/ctl/cli/quote.h"

#include <stdbool.h>
#include <string.h>

#include "common/base/visible.h"

static bool has_hidden(struct jm_span s)
{
	struct jm_span bytes;
	uint32_t c;

	while (s.len > 0)
		if (jm_visible_read(&s, &bytes, &c) != JM_VISIBLE_YES)
			return true;
	return false;
}

/* Append a word as $'...', each byte of what is hidden as an escape. */
static int quote_hidden(struct jm_buf *b, struct jm_span s, struct jm_err *err)
{
	int rc = jm_buf_add(b, "$'", 2, err);
	struct jm_span bytes;
	uint32_t c;

	while (rc == 0 && s.len > 0) {
		bool seen = jm_visible_read(&s, &bytes, &c) == JM_VISIBLE_YES;

		if (seen && (c == '\'' || c == '\\'))
			rc = jm_buf_add_byte(b, '\\', err);
		if (rc == 0 && seen)
			rc = jm_buf_add_span(b, bytes, err);
		for (size_t i = 0; rc == 0 && !seen && i < bytes.len; i++)
			rc = jm_buf_printf(b, err, "\\x%02x", bytes.p[i]);
	}
	return rc != 0 ? -1 : jm_buf_add_byte(b, '\'', err);
}

int jm_ctl_quote(struct jm_buf *b, const char *word, struct jm_err *err)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				    "_-./:=@,+%";
	int rc;

	if (*word && word[strspn(word, plain)] == '\0')
		return jm_buf_printf(b, err, "%s", word);
	if (has_hidden(jm_span_str(word)))
		return quote_hidden(b, jm_span_str(word), err);
	rc = jm_buf_add_byte(b, '\'', err);
	for (; rc == 0 && *word; word++)
		rc = jm_buf_printf(b, err, *word == '\'' ? "'\\''" : "%c", *word);
	return rc != 0 ? -1 : jm_buf_add_byte(b, '\'', err);
}
