/* SPDX-License-Identifier: BSD-2-Clause */
/* From the parsed XML document to the structs: every element is looked up in the table of settings,
 * every value goes into its member. */
#ifndef JM_SETTINGS_DOCUMENT_H
#define JM_SETTINGS_DOCUMENT_H

#include <libxml/tree.h>

#include "common/settings/findings.h"
#include "common/settings/settings.h"

/*
 * Read doc into *s, which has its defaults. Unknown, misspelled, misplaced, missing and repeated
 * elements, text where none belongs and wrong values become errors in f, in the order of the file.
 * Returns -1 with err filled only for TEMP and BUG; errors in f are not a failure.
 */
int jm_document_read(const xmlDoc *doc, struct jm_settings *s, struct jm_findings *f,
    struct jm_err *err) JM_MUST_CHECK;

#endif
