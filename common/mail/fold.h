/* SPDX-License-Identifier: BSD-2-Clause */
/* Case folding for searches: text in lower case, letters of all scripts, and comparisons of folded
 * text. Header fields are not known here. */
#ifndef JM_MAIL_FOLD_H
#define JM_MAIL_FOLD_H

#include <locale.h>
#include <stdbool.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/span.h"

struct jm_fold {
	locale_t locale; /* owned; 0: fold ASCII letters only */
};

/* Make *f ready, with the C library's locale C.UTF-8 if it exists; the locale of the process does
 * not matter. Cannot fail. */
void jm_fold_init(struct jm_fold *f);

/* Free what *f owns. */
void jm_fold_release(struct jm_fold *f);

/* Put text in lower case into out, whose content is replaced. Bytes that are not UTF-8 stay as they
 * are. Returns 0, or -1 with err filled: LIMIT when twice the length of text is past the cap of
 * out, TEMP. One thread at a time for one *f. */
int jm_fold_text(const struct jm_fold *f, struct jm_span text, struct jm_buf *out,
    struct jm_err *err) JM_MUST_CHECK;

/* True when text contains every word of words, which are separated by white space, in any order and
 * also within longer words; true without any word. Both are folded. */
bool jm_fold_has_words(struct jm_span text, struct jm_span words);

/* True when name matches pattern. Both are folded. A pattern with "*" (any octets, or none) or "?"
 * (one character) has to match the whole name; any other pattern has to occur in it. */
bool jm_fold_fits(struct jm_span name, struct jm_span pattern);

#endif
