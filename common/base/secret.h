/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Cutting a secret (password, token) out of texts that a peer sent, before they reach a log, an
 * event or a file. A server that has got the secret may echo it.
 *
 * Found are the secret itself, its base64 at each of the three alignments (so also inside a longer
 * text that was encoded as a whole, as SASL does), and its hexadecimal digits (so also percent
 * encoding of all octets), and the secret with its special characters percent-encoded. Only letters
 * and digits are compared, without letter case: blanks, line ends, control characters and
 * punctuation in between hide nothing. Of a long form each piece of eight letters and digits is
 * found, and its beginning at the end of a text that was cut off.
 *
 * Other codings of the server's own are not found: it can say whatever it wants to whom it wants.
 */
#ifndef JM_BASE_SECRET_H
#define JM_BASE_SECRET_H

#include <stdbool.h>

#include "common/base/err.h"
#include "common/base/span.h"

#define JM_SECRET_FORMS 6

struct jm_secret {
	/* Letters and digits of each form, in lower case; owned. */
	unsigned char *form[JM_SECRET_FORMS];
	size_t len[JM_SECRET_FORMS];
	/* A form has fewer than four letters and digits: it can be found in any text, so that no
	 * text is let through. */
	bool opaque;
};

/* Prepare *s_r for this secret, which may be empty: then nothing is cut out. 0, or -1: TEMP without
 * memory; then *s_r needs no release. */
int jm_secret_init(struct jm_secret *s_r, struct jm_span secret, struct jm_err *err) JM_MUST_CHECK;

/* Overwrite the forms with zeros and free them. */
void jm_secret_release(struct jm_secret *s);

/*
 * Replace what is found in text, a NUL-terminated text in a buffer of that many bytes, by
 * "[secret]"; the word around it goes, too. With a secret that is too short (opaque) the whole text
 * is replaced. s may be NULL: nothing is done. Only the first 4095 bytes remain. Cannot fail. Pure,
 * any thread.
 */
void jm_secret_clean(const struct jm_secret *s, char *text, size_t bytes);

/* Does text hold a whole form of eight or more letters and digits? For identifiers that are kept as
 * they are. s may be NULL. Pure, any thread. */
bool jm_secret_is_in(const struct jm_secret *s, struct jm_span text);

#endif
