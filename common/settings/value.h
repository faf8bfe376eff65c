/* SPDX-License-Identifier: BSD-2-Clause */
/* Values: from the text of an element to a member of a struct and back, by the setting's type. */
#ifndef JM_SETTINGS_VALUE_H
#define JM_SETTINGS_VALUE_H

#include "common/base/err.h"
#include "common/base/span.h"
#include "common/settings/table.h"

/*
 * Read text (without white space at its ends) into the member at where, whose C type t->type says.
 * A char * is allocated and becomes the owner's of the struct; its old value is freed. Returns 0,
 * or -1 with err filled and the member untouched: USAGE for a wrong value, with the text `value "x"
 * is wrong: ...; allowed: ...; did you mean "y"?`; TEMP; BUG for a group. Any thread.
 */
int jm_value_parse(
    const struct jm_setting *t, struct jm_span text, void *where, struct jm_err *err) JM_MUST_CHECK;

#define JM_VALUE_BYTES 32

/* The value of setting t in the struct at base as a file would have it: written into text, or a
 * string borrowed from elsewhere. NULL: it has no value. Not for groups and ranges. */
const char *jm_value_text(const struct jm_setting *t, const void *base, char text[JM_VALUE_BYTES]);

/* True when the value of t must never be shown; a command may contain a secret, too. */
bool jm_setting_is_secret(const struct jm_setting *t);

#endif
