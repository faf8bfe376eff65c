/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Text as searches compare it, in data and in criteria: Unicode's NFKC_Casefold (UAX 31), by ICU.
 * So composed and decomposed letters, upper and lower case, wide and narrow forms, ligatures and
 * their letters, and "ß" and "ss" are the same; characters without a form of their own (soft
 * hyphen, zero width space, variation selectors) are left out. Beyond that the four letters i of
 * Turkish count as one. Accents count. Header fields are not known here. Any thread.
 */
#ifndef JM_MAIL_FOLD_H
#define JM_MAIL_FOLD_H

#include <stdbool.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/span.h"

/* Put the folded text into out, whose content is replaced. Bytes that are not UTF-8 stay as they
 * are. Returns 0, or -1 with err filled: LIMIT past the cap of out, TEMP. */
int jm_fold_text(struct jm_span text, struct jm_buf *out, struct jm_err *err) JM_MUST_CHECK;

/* The same for a pattern of jm_fold_fits(), UTF-8. Only "*" and "?" of ASCII have a meaning, not
 * their wide forms. */
int jm_fold_pattern(struct jm_span text, struct jm_buf *out, struct jm_err *err) JM_MUST_CHECK;

/* Append text composed (NFC) and in lower case, letter by letter. Fewer texts are the same than
 * with jm_fold_text(): no two different mailboxes. Errors as there. */
int jm_fold_lower(struct jm_span text, struct jm_buf *out, struct jm_err *err) JM_MUST_CHECK;

/* True when text has a character that joins the one before, such as an accent of its own. */
bool jm_fold_has_marks(struct jm_span text);

/* True when text contains every word of words, which are separated by white space, in any order and
 * also within longer words; true without any word. Both are folded. */
bool jm_fold_has_words(struct jm_span text, struct jm_span words);

/* True when name, folded, matches pattern, of jm_fold_pattern(). A pattern with "*" (any octets, or
 * none) or "?" (one character, with the marks that join it) has to match the whole name; any other
 * pattern has to occur in it. */
bool jm_fold_fits(struct jm_span name, struct jm_span pattern);

#endif
