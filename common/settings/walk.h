/* SPDX-License-Identifier: BSD-2-Clause */
/* The walk over the document: every element against the table of settings, every value into its
 * field. */
#ifndef JM_SETTINGS_WALK_H
#define JM_SETTINGS_WALK_H

#include <libxml/tree.h>

#include "common/settings/findings.h"
#include "common/settings/settings.h"

/*
 * Walk a parsed document into *s, which has its defaults. What is wrong (unknown, misspelled,
 * misplaced, missing or repeated elements, text where none belongs, wrong values) goes into f, in
 * the order of the file. -1 only for TEMP and BUG; findings are no failure.
 */
int jm_walk(const xmlDoc *doc, struct jm_settings *s, struct jm_findings *f,
    struct jm_err *err) JM_MUST_CHECK;

#endif
