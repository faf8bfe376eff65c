/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Loading the records of a dump into an archive that was opened verbatim. They keep their numbers,
 * times and metadata, so the catalog that is made from them is the same. Services and settings play
 * no part. One thread only.
 */
#ifndef JM_UPKEEP_LOAD_H
#define JM_UPKEEP_LOAD_H

#include "common/archive/archive.h"
#include "common/base/span.h"

struct jm_loader;

/* Make a loader, which ends with jm_loader_finish(). BUG: the archive was not opened verbatim.
 * TEMP.
 */
int jm_loader_new(struct jm_archive *a, struct jm_loader **l_r, struct jm_err *err) JM_MUST_CHECK;

/* The number of the record that the archive wants next. */
uint64_t jm_loader_next(const struct jm_loader *l);

/*
 * Add a record: line is {seq, time, type, metadata}, received the bytes of a report; both are
 * borrowed for the call, and a splice is removed from the metadata. Records must be added in order.
 * If the archive has the record already, a report is compared with it; missing records become
 * events. *fresh_r: the record is new. USAGE: the archive was not loaded from this dump. CORRUPT:
 * digests do not fit. TEMP, LIMIT.
 */
int jm_loader_add(struct jm_loader *l, const json_t *line, struct jm_span received, bool *fresh_r,
    struct jm_err *err) JM_MUST_CHECK;

/* Wait until all records are durable, and free the loader; *l becomes NULL. Harmless when it is
 * NULL. TEMP: not all records are durable. */
int jm_loader_finish(struct jm_loader **l, struct jm_err *err) JM_MUST_CHECK;

#endif
