/* SPDX-License-Identifier: BSD-2-Clause */
/* The members of the structs of settings.h, found through the table of settings: set defaults, grow
 * arrays, compare, free. XML is not known here. */
#ifndef JM_SETTINGS_MEMBER_H
#define JM_SETTINGS_MEMBER_H

#include "common/settings/settings.h"
#include "common/settings/table.h"

/* "base" below is the struct that the section of the setting fills, such as struct jm_service. */

/* The address of the member of setting t in base. */
void *jm_members_at(const struct jm_setting *t, void *base);

/* Set each member of a section, and of the groups in it, to its default. Returns 0, or -1 with err
 * filled: BUG when the table has a wrong default, TEMP. */
int jm_members_preset(const char *section, void *base, struct jm_err *err) JM_MUST_CHECK;

/* Append a zeroed element to the array of setting t (one with many) in base; *element_r points to
 * it until the next call. Returns 0, or -1 with err filled: LIMIT past t->max, TEMP. */
int jm_members_grow(
    const struct jm_setting *t, void *base, void **element_r, struct jm_err *err) JM_MUST_CHECK;

/* Remove the element that was appended last. The caller has freed what it owns. */
void jm_members_shrink(const struct jm_setting *t, void *base);

/* Free what the members of a section own; their pointers become NULL. */
void jm_members_release(const char *section, void *base);

/* True when setting t has the same value in a and b. Not for groups, nor for settings with many. */
bool jm_members_equal(const struct jm_setting *t, const void *a, const void *b);

#endif
