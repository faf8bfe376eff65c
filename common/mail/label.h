/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Names of character sets as mail spells them (rule R7), as names for iconv. Most labels of old
 * standards are used for the larger sets of vendors, so they mean those. Any thread.
 */
#ifndef JM_MAIL_LABEL_H
#define JM_MAIL_LABEL_H

#include <stdbool.h>

#include "common/base/span.h"

#define JM_LABEL_BYTES 64

/* Sets that are not left to iconv alone. */
#define JM_LABEL_UTF8 "UTF-8"
#define JM_LABEL_1252 "WINDOWS-1252" /* ISO 8859-1, too */
#define JM_LABEL_ASCII "US-ASCII"
#define JM_LABEL_2022 "ISO-2022" /* ISO-2022-JP with its extensions, -KR and -CN */
#define JM_LABEL_HZ "HZ-GB-2312"
#define JM_LABEL_UTF16 "UTF-16" /* with a byte order mark, or without */

/*
 * Put the name for a label into name_r. Letter case, white space and quotes around the label, a
 * language after it ("utf-8*en", RFC 2231 5) and most punctuation do not matter. False when the
 * label is empty or cannot be a name; a name that iconv does not know is possible.
 */
bool jm_label_name(struct jm_span label, char name_r[JM_LABEL_BYTES]);

#endif
