/* SPDX-License-Identifier: BSD-2-Clause */
/* The kind of a file that may have mail in it, by its first bytes and its name. Pure functions, any
 * thread. */
#ifndef JM_MILTER_CTL_FILES_SOURCE_H
#define JM_MILTER_CTL_FILES_SOURCE_H

#include "common/base/span.h"

#define JM_SOURCE_HEAD_BYTES 32768u /* that many first bytes are enough */

enum jm_source {
	JM_SOURCE_MBOX,
	JM_SOURCE_MESSAGE,
	JM_SOURCE_OTHER,
};

/*
 * The kind of a file with these first bytes. message: its name or its folder says that it is one
 * message; then it is one unless it is of a foreign kind, or it is UTF-16. OTHER with *why_r: what
 * it is, and what can be done, static storage.
 */
enum jm_source jm_source_kind(struct jm_span head, bool message, const char **why_r);

/* Does the name end in ".eml", in any case? */
bool jm_source_is_eml(const char *name);

/* Is it a file of that name, with these first bytes, that mail programs keep beside mail: an index,
 * a list of subscriptions? The manual has the list. */
bool jm_source_is_index(const char *name, struct jm_span head);

#endif
