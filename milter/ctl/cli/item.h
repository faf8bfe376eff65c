/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An item as "show" answers it. Its lists may be very long: what does not come with the object is
 * kept in an unlinked file in $TMPDIR. One thread.
 */
#ifndef JM_MILTER_CTL_CLI_ITEM_H
#define JM_MILTER_CTL_CLI_ITEM_H

#include <jansson.h>

#include "common/base/spool.h"
#include "milter/ctl/cli/target.h"

#define JM_CTL_ITEM_LISTS 8 /* kinds of lists that an item may have */

struct jm_ctl_item {
	json_t *o;            /* the item, with the first rows of its lists; owned */
	struct jm_spool more; /* the others */
	struct {
		char name[24];
		uint64_t from, to; /* in more */
		size_t rows;
	} list[JM_CTL_ITEM_LISTS];
	size_t lists;
};

/* Make *item empty. */
void jm_ctl_item_init(struct jm_ctl_item *item);

/* Free the item; it is empty and may be used again. */
void jm_ctl_item_release(struct jm_ctl_item *item);

/* Take over the object of an answer (a copy), or more rows of it. TEMP, CORRUPT. */
int jm_ctl_item_take(struct jm_ctl_item *item, const json_t *o, struct jm_err *err) JM_MUST_CHECK;
int jm_ctl_item_add(struct jm_ctl_item *item, const char *list, const json_t *rows,
    struct jm_err *err) JM_MUST_CHECK;

/* The number of rows of a list. */
size_t jm_ctl_item_count(const struct jm_ctl_item *item, const char *list);

/* Gets row i of a list, borrowed. 0: continue; 1: stop; -1 with err. */
typedef int jm_ctl_row_visit(void *ctx, size_t i, const json_t *row, struct jm_err *err);

/* Visit the rows of a list in order. Returns 0, or the first other value that visit returned. TEMP,
 * CORRUPT. */
int jm_ctl_item_rows(struct jm_ctl_item *item, const char *list, jm_ctl_row_visit *visit, void *ctx,
    struct jm_err *err) JM_MUST_CHECK;

#endif
