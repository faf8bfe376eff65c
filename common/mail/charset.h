/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Character sets (rule R7): everything that iconv knows, converted to UTF-8. charset.c is the only
 * file that includes iconv.h. Any thread.
 *
 * Each function that appends returns 0, or -1 with err filled: LIMIT past the cap of out, TEMP
 * without memory. Then a part may have been appended.
 */
#ifndef JM_MAIL_CHARSET_H
#define JM_MAIL_CHARSET_H

#include <stdbool.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/span.h"

/*
 * Append text as UTF-8 to out, for whole bodies. label is the declared charset, empty or none when
 * there is none. Text that is not valid in this charset, or whose charset is unknown, is taken for
 * UTF-8 if it is valid as that, else for windows-1252 (octets undefined there as in ISO 8859-1).
 * Byte order marks at the front are dropped.
 */
int jm_charset_decode(struct jm_span text, struct jm_span label, struct jm_buf *out,
    struct jm_err *err) JM_MUST_CHECK;

/*
 * Append text as UTF-8 to out, for short pieces such as encoded words. Octets that are not valid in
 * the declared charset become U+FFFD. An unknown charset is treated as jm_charset_decode() does.
 */
int jm_charset_replace(struct jm_span text, struct jm_span label, struct jm_buf *out,
    struct jm_err *err) JM_MUST_CHECK;

/* Append text, which should be UTF-8, to out; each maximal invalid part becomes one U+FFFD. */
int jm_charset_scrub(struct jm_span text, struct jm_buf *out, struct jm_err *err) JM_MUST_CHECK;

/* True when text is UTF-8 (RFC 3629: no surrogates, nothing above U+10FFFF, shortest forms). */
bool jm_charset_is_utf8(struct jm_span text);

#endif
