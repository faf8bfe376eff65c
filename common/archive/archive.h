/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The archive: an append-only log of records in volumes, which is the truth, and a Berkeley DB
 * catalog made from it. This header opens and closes it. deposit.h, note.h, change.h, tally.h,
 * domain.h and marks.h write; common/query and common/upkeep read.
 *
 * One process at a time owns an archive (a lock file). Any number of threads may use it; it starts
 * two of its own: the committer groups what waits into one write and one fdatasync, the applier
 * brings the catalog up to date after it. Formats: SCHEMA.md.
 *
 * Words: a *report* is one received message with the facts of its arrival; an *item* is one
 * journaled message with its recipients, the union over all its reports; a *content* is one exact
 * byte string of an item.
 */
#ifndef JM_ARCHIVE_ARCHIVE_H
#define JM_ARCHIVE_ARCHIVE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"

struct jm_archive;
struct jm_volumes;

/* Gets one JSON object (borrowed). 0: go on; 1: stop; -1 with err. */
typedef int jm_archive_visit(void *ctx, const json_t *object, struct jm_err *err);

/* Gets pieces of output in order. 0; -1 with err ends the call. */
typedef int jm_archive_sink(void *ctx, const void *p, size_t n, struct jm_err *err);

struct jm_archive_options {
	const char *dir;             /* made if it is not there */
	uint64_t volume_size_bytes;  /* seal a volume at this size; 0: 1 GiB */
	int compression_level;       /* of zstd; 0: 1 */
	size_t cache_bytes;          /* of Berkeley DB; 0: 32 MiB */
	uint64_t disk_reserve_bytes; /* refuse deposits while the disk has less room; 0: no limit */
	bool must_exist;             /* do not make a new archive; NOTFOUND instead */
	bool verbatim; /* write nothing of its own (events, seals); for load, backup, restore */
	bool rebuild;  /* make the catalog again from the volumes, past what is damaged */
	jm_archive_visit *damage; /* rebuild: gets {seq, volume, offset, problem}; NULL: none */
	void (*replayed)(void *ctx, uint64_t done_bytes, uint64_t total_bytes); /* progress while
						    the catalog is brought up; NULL: none */
	void *damage_ctx; /* of damage and replayed */
};

/* Open, recover, bring the catalog up. CONFIG: of a newer format. CORRUPT: damage that recovery
 * must not touch. DENIED: another process owns it. NOTFOUND, TEMP. What recovery did is noted as an
 * event. */
int jm_archive_open(const struct jm_archive_options *options, struct jm_archive **a_r,
    struct jm_err *err) JM_MUST_CHECK;

/* Commit what waits, checkpoint, close. *a becomes NULL. No other thread may use it any more. */
void jm_archive_close(struct jm_archive **a);

/* Its volumes, for common/query and common/upkeep. Valid until it is closed. */
struct jm_volumes *jm_archive_volumes(struct jm_archive *a);

/* Its folder, and the folder for temporary files in it. Valid until it is closed. */
const char *jm_archive_dir(const struct jm_archive *a);
const char *jm_archive_tmp_dir(const struct jm_archive *a);

/* Was it opened verbatim? */
bool jm_archive_is_verbatim(const struct jm_archive *a);

#endif
