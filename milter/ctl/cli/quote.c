/* SPDX-License-Identifier: BSD-2-Clause */
/* Quoting for a shell. See quote.h. */
#include "milter/ctl/cli/quote.h"

#include <string.h>

static bool has_control(const char *word)
{
	for (; *word; word++)
		if ((unsigned char)*word < ' ' || *word == 0x7f)
			return true;
	return false;
}

int jm_ctl_quote(struct jm_buf *b, const char *word, struct jm_err *err)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				    "_-./:=@,+%";
	bool escapes = has_control(word);
	int rc;

	if (*word && word[strspn(word, plain)] == '\0')
		return jm_buf_printf(b, err, "%s", word);
	rc = jm_buf_printf(b, err, escapes ? "$'" : "'");
	for (; rc == 0 && *word; word++) {
		unsigned char c = (unsigned char)*word;

		if (escapes && (c < ' ' || c == 0x7f))
			rc = jm_buf_printf(b, err, "\\x%02x", c);
		else if (escapes && (c == '\'' || c == '\\'))
			rc = jm_buf_printf(b, err, "\\%c", c);
		else
			rc = jm_buf_printf(b, err, c == '\'' ? "'\\''" : "%c", c);
	}
	return rc != 0 ? -1 : jm_buf_add_byte(b, '\'', err);
}
