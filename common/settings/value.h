/* SPDX-License-Identifier: BSD-2-Clause */
/* Values: from the text of an element to a field, by the type of the setting. */
#ifndef JM_SETTINGS_VALUE_H
#define JM_SETTINGS_VALUE_H

#include "common/base/err.h"
#include "common/base/span.h"
#include "common/settings/table.h"

/*
 * Read text (white space at both ends does not count) into the field at where, of the type that t says. A char * is allocated and
 * belongs to the caller; the old one is freed. USAGE with `value "x" is wrong: ...; allowed: ...; did you mean "y"?`; TEMP without
 * memory. The field is untouched then. Any thread.
 */
int jm_value_parse(const struct jm_setting *t, struct jm_span text, void *where, struct jm_err *err) JM_MUST_CHECK;

#endif
