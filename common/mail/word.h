/* SPDX-License-Identifier: BSD-2-Clause */
/* Encoded words (RFC 2047) in header values, "=?charset?q?...?=" and "=?charset?b?...?=", converted
 * to UTF-8. */
#ifndef JM_MAIL_WORD_H
#define JM_MAIL_WORD_H

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/span.h"

/*
 * Append an unfolded value to out, with its encoded words decoded. White space between two words is
 * dropped. Neighbouring words of one charset are joined before they are converted, since some
 * writers split characters. A word may touch other text and may contain blanks, against the RFC.
 * Raw UTF-8 stays; other raw octets become U+FFFD. Returns 0, or -1 with err filled: LIMIT past the
 * cap of out, TEMP. Any thread.
 */
int jm_word_decode(struct jm_span value, struct jm_buf *out, struct jm_err *err) JM_MUST_CHECK;

#endif
