/* SPDX-License-Identifier: BSD-2-Clause */
/* Validation of a settings document against the RELAX NG schema (schema_text.h). */
#ifndef JM_SETTINGS_SCHEMA_H
#define JM_SETTINGS_SCHEMA_H

#include <libxml/tree.h>

#include "common/settings/findings.h"

/* Validate doc; each error that libxml2 reports becomes a finding in f. Returns -1 with err filled
 * only for TEMP (no memory) and BUG (the schema itself is wrong); errors in f are not a failure. */
int jm_schema_validate(xmlDoc *doc, struct jm_findings *f, struct jm_err *err) JM_MUST_CHECK;

#endif
