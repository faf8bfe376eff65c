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
 * no charset is declared; label.h says how it is read. A character that is not valid in the charset
 * becomes U+FFFD, and what follows it is read as if it were right. Text that has more bad
 * characters than good ones beyond ASCII, text that is UTF-8 but not valid in its charset, and text
 * whose charset is not known or US-ASCII, is taken for UTF-8 if it is valid as that, else for
 * windows-1252 (octets undefined there as in ISO 8859-1). Byte order marks at the front are
 * dropped; that of UTF-8 overrides the label, that of UTF-16 an unknown one.
 */
int jm_charset_decode(struct jm_span text, struct jm_span label, struct jm_buf *out,
    struct jm_err *err) JM_MUST_CHECK;

/*
 * Append text as UTF-8 to out, for short pieces such as encoded words: as jm_charset_decode(), but
 * bad characters never change the charset.
 */
int jm_charset_replace(struct jm_span text, struct jm_span label, struct jm_buf *out,
    struct jm_err *err) JM_MUST_CHECK;

/*
 * Append text of a header that is not encoded to out: as UTF-8 if it is valid as that, else as
 * jm_charset_decode() does. label is the charset of the message. ASCII with escape sequences of
 * ISO 2022 is decoded whatever the label.
 */
int jm_charset_raw(struct jm_span text, struct jm_span label, struct jm_buf *out,
    struct jm_err *err) JM_MUST_CHECK;

/* *fits_r: the charset is known, and all of text is valid in it. 0, or -1: TEMP. */
int jm_charset_fits(
    struct jm_span text, struct jm_span label, bool *fits_r, struct jm_err *err) JM_MUST_CHECK;

/* Append text, which should be UTF-8, to out; each maximal invalid part becomes one U+FFFD. */
int jm_charset_scrub(struct jm_span text, struct jm_buf *out, struct jm_err *err) JM_MUST_CHECK;

/* True when text is UTF-8 (RFC 3629: no surrogates, nothing above U+10FFFF, shortest forms). */
bool jm_charset_is_utf8(struct jm_span text);

#endif
