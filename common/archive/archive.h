/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The archive: an append-only log of records in volumes, which is the truth, and a Berkeley DB
 * catalog made from it. This header opens and closes it. deposit.h, note.h, change.h, tally.h,
 * ownership.h and marks.h write; common/query and common/upkeep read.
 *
 * One process at a time owns an archive (lock.h). Any number of threads may use it. It starts
 * two threads of its own: the committer writes waiting records in groups, with one write and one
 * fdatasync for each; the applier then brings the catalog up to date. SCHEMA.md has the formats.
 * err must not be NULL in this room: its functions read the kind of an error.
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
struct jm_known_end;
struct jm_volumes;

/* Gets one JSON object (borrowed for the call). 0: continue; 1: stop; -1 with err. */
typedef int jm_archive_visit(void *ctx, const json_t *object, struct jm_err *err);

/* Gets pieces of output in order, each borrowed for the call. 0; -1 with err ends the output. */
typedef int jm_archive_sink(void *ctx, const void *p, size_t n, struct jm_err *err);

/* The use that a process makes of an archive. A daemon that starts waits for a writer. A reader
 * must give the archive back then (jm_archive_is_wanted()); it loses nothing when it is killed. */
enum jm_user { JM_USER_WRITER, JM_USER_READER, JM_USER_DAEMON };

/* A process that has an archive, or is starting on it. */
struct jm_archive_user {
	enum jm_user kind; /* WRITER also when it is not known */
	long pid;          /* 0: not known */
	bool starting;     /* a daemon that is not ready yet */
	/* the program, "jmctl verify"; with starting: how far it is, "catalog 40 %"; "": not known
	 */
	char what[64];
};

/* Strings are borrowed for jm_archive_open(); the callbacks are used until jm_archive_close(). */
struct jm_archive_options {
	const char *dir;             /* made if it does not exist */
	uint64_t volume_size_bytes;  /* seal a volume at this size; 0: 1 GiB */
	int compression_level;       /* of zstd; 0: 1 */
	size_t cache_bytes;          /* of Berkeley DB; 0: 32 MiB */
	uint64_t disk_reserve_bytes; /* refuse deposits while the disk has less room; 0: no limit */
	bool must_exist;             /* do not make a new archive; NOTFOUND instead */
	bool verbatim; /* write no records of its own (events, seals); for load, backup, restore */
	bool rebuild;  /* make the catalog again from the volumes, past damaged records */
	/* When the last records are lost, report that and begin a new volume after them. Without it
	 * that is CORRUPT. */
	bool pass_loss;
	const struct jm_known_end *known_end; /* loss.h; with pass_loss; NULL: not known */
	jm_archive_visit *damage; /* rebuild: gets {seq, volume, offset, problem}; may be NULL */
	/* progress while the catalog is brought up; may be NULL. Also called from the applier's
	 * thread, when it has to replay after an error */
	void (*replayed)(void *ctx, uint64_t done_bytes, uint64_t total_bytes);
	enum jm_user user;
	const char *program; /* for other processes: "jmctl verify"; NULL: no name */
	/* Another process has the archive. Called many times a second until it is free. 0: wait; 1:
	 * end that process if it is a reader, and wait; -1 with err: do not wait. NULL: do not wait
	 */
	int (*busy)(void *ctx, const struct jm_archive_user *user, struct jm_err *err);
	void *busy_ctx;
	void *damage_ctx; /* for damage and replayed */
};

/* Open the archive: recover the volumes and bring the catalog up. The caller closes *a_r. The
 * actions of recovery are noted as events. CONFIG: a newer version wrote it. CORRUPT: damage that
 * recovery must not touch. TEMP: also when another process owns it. DENIED, NOTFOUND, USAGE (no
 * folder). */
int jm_archive_open(const struct jm_archive_options *options, struct jm_archive **a_r,
    struct jm_err *err) JM_MUST_CHECK;

/* A daemon: it answers now. Until then other processes wait for it (jm_archive_is_wanted()). */
void jm_archive_started(struct jm_archive *a);

/* True when a daemon is starting on the archive in dir: a reader that has it must close it or end.
 * *user_r (may be NULL): which, and how far it is. Any thread. */
bool jm_archive_is_wanted(const char *dir, struct jm_archive_user *user_r);

/* True when a daemon has the archive in dir open. Not for a process that has it open itself. */
bool jm_archive_has_daemon(const char *dir);

/* Commit the waiting records, make a checkpoint, close; *a becomes NULL. Harmless when it is NULL.
 * No other thread may use the archive any more. */
void jm_archive_close(struct jm_archive **a);

/* The archive's volumes, for common/query and common/upkeep. Valid until it is closed. */
struct jm_volumes *jm_archive_volumes(struct jm_archive *a);

/* The archive's folder, and the folder for temporary files in it. Valid until it is closed. */
const char *jm_archive_dir(const struct jm_archive *a);
const char *jm_archive_tmp_dir(const struct jm_archive *a);

/* Was the archive opened verbatim? */
bool jm_archive_is_verbatim(const struct jm_archive *a);

#endif
