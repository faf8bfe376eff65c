/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Showing one item with all its facts. They are read from the records, not from the catalog. An
 * item may have a million recipients: its lists are gathered in temporary files, so that memory
 * stays flat.
 */
#ifndef JM_QUERY_ITEM_H
#define JM_QUERY_ITEM_H

#include "common/archive/archive.h"

struct jm_item;

/* The lists of an item, in the order in which they are shown. */
enum jm_item_list { JM_ITEM_RECIPIENTS, JM_ITEM_REPORTS, JM_ITEM_CONTENTS, JM_ITEM_LISTS };

/*
 * Gather item id. Without bcc, the Bcc recipients (see bcc.h) are left out, and counted in
 * "hidden_recipients". A report that cannot be read is in the list with its problem, and the item
 * is marked "damaged". The caller closes *item_r. NOTFOUND, TEMP, CORRUPT (the catalog). Any
 * thread.
 */
int jm_item_open(struct jm_archive *a, uint64_t id, bool bcc, struct jm_item **item_r,
    struct jm_err *err) JM_MUST_CHECK;

/* Free the item; *item becomes NULL, and may be NULL. */
void jm_item_close(struct jm_item **item);

/* The item without its lists, borrowed; the caller may add to it. */
json_t *jm_item_facts(struct jm_item *item);

/* The name of a list, as the item's object has it. */
const char *jm_item_list_name(enum jm_item_list list);

/* Visit the rows of a list in order: recipients with the reports that name them, reports, contents.
 * Returns 0, or the first other value that visit returned. TEMP. */
int jm_item_rows(struct jm_item *item, enum jm_item_list list, jm_archive_visit *visit, void *ctx,
    struct jm_err *err) JM_MUST_CHECK;

/* Find the item of report seq. 1 with *item_r; 0: there is no such report; -1: TEMP, CORRUPT. */
int jm_archive_item_of(
    struct jm_archive *a, uint64_t seq, uint64_t *item_r, struct jm_err *err) JM_MUST_CHECK;

#endif
