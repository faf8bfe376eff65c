/* SPDX-License-Identifier: BSD-2-Clause */
/* The RELAX NG schema. It is part of the program (made from config/journal-milter.rng when
 * building), so no file can be missing. */
#ifndef JM_SETTINGS_SCHEMA_H
#define JM_SETTINGS_SCHEMA_H

#include <libxml/tree.h>
#include <stddef.h>

#include "common/settings/findings.h"

/* The text of config/journal-milter.rng. */
extern const unsigned char jm_schema_text[];
extern const size_t jm_schema_bytes;

/* Validate; what libxml2 says goes into f. -1 for TEMP, and BUG when the schema itself is wrong. */
int jm_schema_validate(xmlDoc *doc, struct jm_findings *f, struct jm_err *err) JM_MUST_CHECK;

#endif
