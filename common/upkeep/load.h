/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Records of a dump back into an archive that was opened verbatim: the same numbers, times and
 * metadata, so that everything that follows from them is the same. Nothing is judged or unwrapped
 * again. One thread.
 */
#ifndef JM_UPKEEP_LOAD_H
#define JM_UPKEEP_LOAD_H

#include "common/archive/archive.h"
#include "common/base/span.h"

struct jm_loader;

/* Begin. BUG: the archive was not opened verbatim. TEMP. */
int jm_loader_new(struct jm_archive *a, struct jm_loader **l_r, struct jm_err *err) JM_MUST_CHECK;

/* The number of the record that the archive wants next. */
uint64_t jm_loader_next(const struct jm_loader *l);

/*
 * Add a record: line is {seq, time, type, metadata}; received (of a report) is borrowed for the
 * call. Records must come in order. A record that is there already is compared; missing ones become
 * events. *fresh_r: it was not there. USAGE: the archive is no load of this dump. CORRUPT: digests
 * do not fit. TEMP.
 */
int jm_loader_add(struct jm_loader *l, const json_t *line, struct jm_span received, bool *fresh_r,
    struct jm_err *err) JM_MUST_CHECK;

/* Wait until everything is durable, and free; *l becomes NULL. TEMP. */
int jm_loader_finish(struct jm_loader **l, struct jm_err *err) JM_MUST_CHECK;

#endif
