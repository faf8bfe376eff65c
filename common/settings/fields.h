/* SPDX-License-Identifier: BSD-2-Clause */
/* The structs of settings.h as the table describes them: fill in defaults, grow arrays, compare,
 * free. */
#ifndef JM_SETTINGS_FIELDS_H
#define JM_SETTINGS_FIELDS_H

#include "common/settings/settings.h"
#include "common/settings/table.h"

/* The field of setting t in the struct at base. */
void *jm_fields_at(const struct jm_setting *t, void *base);

/* Give every field of a section in the struct at base its default. BUG when a default of the table
 * is wrong; TEMP. */
int jm_fields_preset(const char *section, void *base, struct jm_err *err) JM_MUST_CHECK;

/* One more zeroed element for setting t (with many) of the struct at base. LIMIT past t->max, TEMP.
 */
int jm_fields_grow(
    const struct jm_setting *t, void *base, void **element_r, struct jm_err *err) JM_MUST_CHECK;

/* Forget the element that was added last; its own memory must have been freed. */
void jm_fields_shrink(const struct jm_setting *t, void *base);

/* Free what the fields of a section in the struct at base own. */
void jm_fields_release(const char *section, void *base);

/* True when setting t has the same value in both structs. Not for groups, nor for settings with
 * many. */
bool jm_fields_equal(const struct jm_setting *t, const void *a, const void *b);

#endif
