/* SPDX-License-Identifier: BSD-2-Clause */
/* Encoded words (RFC 2047) in header values, "=?charset?q?...?=" and "=?charset?b?...?=", converted
 * to UTF-8. */
#ifndef JM_MAIL_WORD_H
#define JM_MAIL_WORD_H

#include <stdbool.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/span.h"

/*
 * Append an unfolded value to out, with its encoded words decoded. White space between two words is
 * dropped. Neighbouring words of one charset are joined before they are converted, since some
 * writers split characters. A word may touch other text and may contain blanks, against the RFC.
 * Text between words is read by jm_charset_raw(); label is the charset of the message. Returns 0,
 * or -1 with err filled: LIMIT past the cap of out, TEMP. Any thread.
 */
int jm_word_decode(struct jm_span value, struct jm_span label, struct jm_buf *out,
    struct jm_err *err) JM_MUST_CHECK;

/* True when jm_word_decode() needs the label for this value: it has octets that are not UTF-8. */
bool jm_word_needs_label(struct jm_span value);

#endif
