/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A report on its way into the catalog: which item it joins or founds, and that item's rows.
 * Merging is decided here: same match key, same item.
 */
#ifndef JM_CATALOG_APPLYING_H
#define JM_CATALOG_APPLYING_H

#include "common/catalog/apply_types.h"

/* Everything is borrowed but row. */
struct jm_applying {
	const struct jm_applied *r;
	const json_t *arrival, *journal, *content, *queued;
	const char *service, *set_aside;
	unsigned char key[JM_SHA256_BYTES];
	uint64_t id; /* of its item */
	json_t *row; /* of its item; owned by the user of this struct */
	bool is_new, from_headers, from_gateway;
	int64_t added; /* recipients that the item did not have before */
};

/* Fill *w from a report's record. CORRUPT: it has no match key. */
int jm_applying_read(
    struct jm_applying *w, const struct jm_applied *r, struct jm_err *err) JM_MUST_CHECK;

/* The item that has this match key: 1 with w->id, 0, -1. */
int jm_applying_match(struct jm_apply *p, struct jm_applying *w, struct jm_err *err) JM_MUST_CHECK;

/* Join item w->id: its addresses, its Message-ID, its contents; w->row is read. Not where the
 * report is; that is jm_applying_store(). */
int jm_applying_join(struct jm_apply *p, struct jm_applying *w, struct jm_err *err) JM_MUST_CHECK;

/* Found an item of its own, with index rows; a report that is set aside or waits also gets its row
 * there. */
int jm_applying_found(struct jm_apply *p, struct jm_applying *w, struct jm_err *err) JM_MUST_CHECK;

/* Remove every row that leads to the item of its own that the report had while it waited. */
int jm_applying_leave(struct jm_apply *p, const struct jm_applying *w, uint64_t own_id,
    struct jm_err *err) JM_MUST_CHECK;

/* Write the report's place and its item's row, with one report more. */
int jm_applying_store(struct jm_apply *p, struct jm_applying *w, struct jm_err *err) JM_MUST_CHECK;

#endif
