/* SPDX-License-Identifier: BSD-2-Clause */
/* Encoded words (RFC 2047) in header values: "=?charset?q?...?=" and "=?charset?b?...?=" into
 * UTF-8. */
#ifndef JM_MAIL_WORD_H
#define JM_MAIL_WORD_H

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/span.h"

/*
 * Append an unfolded value to out with its encoded words decoded. White space between two words
 * goes; neighbouring words of one charset are joined before their charset is undone, since some
 * writers split characters. Words are also seen where they touch other text, and may hold blanks.
 * Raw UTF-8 stays; other raw octets give U+FFFD. LIMIT, TEMP.
 */
int jm_word_decode(struct jm_span value, struct jm_buf *out, struct jm_err *err) JM_MUST_CHECK;

#endif
