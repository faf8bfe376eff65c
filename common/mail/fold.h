/* SPDX-License-Identifier: BSD-2-Clause */
/* Text for comparison: letters of all scripts in lower case, so that people find what they mean.
 * Knows nothing of fields. */
#ifndef JM_MAIL_FOLD_H
#define JM_MAIL_FOLD_H

#include <locale.h>
#include <stdbool.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/span.h"

struct jm_fold {
	locale_t locale; /* owned; 0: ASCII letters only */
};

/* Make *f ready (the C library's C.UTF-8, where it has it; the program's own locale is not looked
 * at). jm_fold_release() frees. */
void jm_fold_init(struct jm_fold *f);
void jm_fold_release(struct jm_fold *f);

/* text (UTF-8; what is none stays as it is) in lower case into out, whose content is replaced.
 * LIMIT past out's cap, TEMP. One thread at a time per *f. */
int jm_fold_text(const struct jm_fold *f, struct jm_span text, struct jm_buf *out,
    struct jm_err *err) JM_MUST_CHECK;

/* Does text have every word of words (apart by white space), in any order, also within longer
 * words? Both folded. No words: true. */
bool jm_fold_has_words(struct jm_span text, struct jm_span words);

/*
 * Does name fit pattern? Both folded. A pattern with "*" (any octets, also none) or "?" (one
 * character) has to fit the whole name, any other has to be within it.
 */
bool jm_fold_fits(struct jm_span name, struct jm_span pattern);

#endif
