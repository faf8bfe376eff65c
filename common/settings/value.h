/* SPDX-License-Identifier: BSD-2-Clause */
/* Values: from the text of an element to a field, by the type of the setting. */
#ifndef JM_SETTINGS_VALUE_H
#define JM_SETTINGS_VALUE_H

#include "common/base/err.h"
#include "common/base/span.h"
#include "common/settings/table.h"

/*
 * Read text (white space at both ends does not count) into the field at where, of the type that t
 * says. A char * is allocated and belongs to the caller; the old one is freed. USAGE with `value
 * "x" is wrong: ...; allowed: ...; did you mean "y"?`; TEMP without memory. The field is untouched
 * then. Any thread.
 */
int jm_value_parse(
    const struct jm_setting *t, struct jm_span text, void *where, struct jm_err *err) JM_MUST_CHECK;

/* The value of setting t in the struct at base, as a file would say it: in text, or the string
 * itself, borrowed. NULL: none. Not for groups and ranges. */
#define JM_VALUE_BYTES 32
const char *jm_value_text(const struct jm_setting *t, const void *base, char text[JM_VALUE_BYTES]);

/* Is it never to be shown? A command may have a secret in it. */
bool jm_setting_is_secret(const struct jm_setting *t);

#endif
