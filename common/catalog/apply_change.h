/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * State changes: a record moves a report from one state to the next (queued -> archived, merged or
 * set aside; set aside -> released or expired). How a change is asked for: common/archive/change.h.
 *
 * A change that does not fit the state it finds has no effect. Whether a report joins an item or
 * founds one is decided here, by its match key, so that two changes at the same time cannot found
 * two items.
 */
#ifndef JM_CATALOG_APPLY_CHANGE_H
#define JM_CATALOG_APPLY_CHANGE_H

#include "common/catalog/apply_types.h"

enum jm_change_to {
	JM_CHANGE_WAIT,      /* queued: the next attempt */
	JM_CHANGE_ARCHIVE,   /* queued -> archived or merged */
	JM_CHANGE_SET_ASIDE, /* queued -> set aside */
	JM_CHANGE_RELEASE,   /* queued or set aside -> archived or merged; by an operator */
	JM_CHANGE_EXPIRE,    /* set aside -> expired: the record stays, no list shows it */
	JM_CHANGES
};

/* The word for a change in a record. */
const char *jm_change_word(enum jm_change_to to);

/* Does a change fit a report whose own item has this row? */
bool jm_change_fits(const json_t *row, enum jm_change_to to);

/* TEMP, CORRUPT. */
int jm_apply_change(
    struct jm_apply *p, const struct jm_applied *r, struct jm_err *err) JM_MUST_CHECK;

#endif
