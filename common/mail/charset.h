/* SPDX-License-Identifier: BSD-2-Clause */
/* Character sets (rule R7): anything that iconv knows, into UTF-8. The only file that includes
 * iconv.h. */
#ifndef JM_MAIL_CHARSET_H
#define JM_MAIL_CHARSET_H

#include <stdbool.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/span.h"

/*
 * Append text as UTF-8 to out. label: its declared charset, empty or none for none. Text that is
 * not valid in it (or whose charset is unknown) is tried as UTF-8, then read as windows-1252, with
 * the octets undefined there as in ISO 8859-1. Byte order marks at the front are dropped. LIMIT
 * past out's cap, TEMP.
 */
int jm_charset_decode(struct jm_span text, struct jm_span label, struct jm_buf *out,
    struct jm_err *err) JM_MUST_CHECK;

/*
 * Append text as UTF-8 to out, U+FFFD for what is not valid in its charset: for short pieces such
 * as encoded words. An unknown charset is read as jm_charset_decode() does. LIMIT, TEMP.
 */
int jm_charset_replace(struct jm_span text, struct jm_span label, struct jm_buf *out,
    struct jm_err *err) JM_MUST_CHECK;

/* Append text, thought to be UTF-8, to out; U+FFFD for every maximal piece that is not. LIMIT,
 * TEMP. */
int jm_charset_scrub(struct jm_span text, struct jm_buf *out, struct jm_err *err) JM_MUST_CHECK;

/* True when text is UTF-8 (RFC 3629: no surrogates, nothing above U+10FFFF, shortest forms). */
bool jm_charset_is_utf8(struct jm_span text);

#endif
