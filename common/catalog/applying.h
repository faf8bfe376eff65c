/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A report that is being applied: the item that it joins or founds, and the rows of that item.
 * Merging is decided here: the same match key means the same item.
 */
#ifndef JM_CATALOG_APPLYING_H
#define JM_CATALOG_APPLYING_H

#include "common/catalog/apply_types.h"

/* Everything but row is borrowed from the record. */
struct jm_applying {
	const struct jm_applied *r;
	const json_t *arrival, *journal, *content, *queued;
	const char *service, *set_aside;
	unsigned char key[JM_SHA256_BYTES];
	uint64_t id; /* of its item */
	/* of its item; NULL until it is read or made; the user of the struct frees it */
	json_t *row;
	bool is_new, from_headers, from_gateway;
	int64_t added; /* recipients that the item did not have before */
};

/* Fill *w from a report's record. CORRUPT: it has no match key. */
int jm_applying_read(
    struct jm_applying *w, const struct jm_applied *r, struct jm_err *err) JM_MUST_CHECK;

/* Find the item that has the report's match key. 1 with w->id; 0: there is no such item; -1. */
int jm_applying_match(struct jm_apply *p, struct jm_applying *w, struct jm_err *err) JM_MUST_CHECK;

/* Join item w->id: read w->row, and add the report's addresses, Message-ID and content. The caller
 * then calls jm_applying_store(). TEMP, CORRUPT. */
int jm_applying_join(struct jm_apply *p, struct jm_applying *w, struct jm_err *err) JM_MUST_CHECK;

/* Found an item with the report's number: make w->row and the index rows. A report that is set
 * aside or waits also gets its row in that table. The caller then calls jm_applying_store(). TEMP,
 * CORRUPT. */
int jm_applying_found(struct jm_apply *p, struct jm_applying *w, struct jm_err *err) JM_MUST_CHECK;

/* Remove item own_id, which the report had while it waited, and every row that leads to it. TEMP,
 * CORRUPT. */
int jm_applying_leave(struct jm_apply *p, const struct jm_applying *w, uint64_t own_id,
    struct jm_err *err) JM_MUST_CHECK;

/* Count the report in w->row, and write the report's place and the item's row. TEMP, CORRUPT. */
int jm_applying_store(struct jm_apply *p, struct jm_applying *w, struct jm_err *err) JM_MUST_CHECK;

#endif
