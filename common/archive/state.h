/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The state of an open archive, its locks, and the owner of each field. Private to common/archive.
 *
 * Threads: depositors and readers (any number, of the callers), the committer (writer.c), the
 * applier (applier.c). The start (recover.c) and the end (archive.c) run alone.
 *
 * Locks, in the order in which they are taken; a thread that holds one may take only those below:
 *   1. change_lock    one state change at a time, from the check of the state to the catalog
 *   2. catalog_lock   the catalog: readers share it, the applier takes it alone; prefers the writer
 *   3. lock           the queues, the counters, and all other fields in section B
 *   4. volumes.lock   the list of volumes (common/volume/volumes.h)
 *   5. pool_lock      the pool of compression contexts
 * Waiting: a thread that holds change_lock waits for the committer and the applier, and reads
 * volumes; neither of the two takes change_lock. The applier holds catalog_lock while it reads
 * earlier reports again, and while it opens the catalog again and replays (but not while it makes
 * it anew: anew_us keeps readers out then); a comparison
 * (common/upkeep/compare.c) shares it while it reads volumes to bring its second catalog up. Both
 * take only volumes.lock then. The other locks are not held during a write, a sync or a read of a
 * file.
 *
 * Owners of the fields:
 *   A  set before the threads run, then never changed: any thread reads them without a lock
 *   B  guarded by lock
 *   C  only the committer uses them (before it runs: the start; after it: the end)
 *   D  only the applier uses them (before it runs: the start)
 *   E  each with its own lock, as its comment says
 * t/unit/archive_races.c runs all rooms at once under the thread sanitizer to check this.
 */
#ifndef JM_ARCHIVE_STATE_H
#define JM_ARCHIVE_STATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "common/archive/archive.h"
#include "common/archive/lock.h"
#include "common/archive/ticket.h"
#include "common/catalog/position.h"
#include "common/volume/volumes.h"

#define JM_FLIGHT_BUCKETS 256
#define JM_COMMIT_BOUNDS 12

/* The open end of the log. */
struct jm_tail {
	struct jm_volume_file file; /* the last volume; not open: a new volume must be made first */
	uint64_t end;               /* all records before it are acknowledged */
	uint64_t next_seq;
	unsigned char last_sha256[JM_SHA256_BYTES]; /* of the last acknowledged record */
	bool untrimmed;      /* there may be bytes after end that could not be cut off */
	bool doubtful;       /* a sync failed: no more records go into this file */
	bool damaged;        /* acknowledged records did not read back: no more writing */
	bool unusable;       /* at the start: the last volume is damaged, a new one must follow */
	bool last_was_large; /* the last group was one large record */
};

/* A histogram of the times in which groups became durable, since the start. */
struct jm_commit_times {
	uint64_t within[JM_COMMIT_BOUNDS], n, sum_us;
};

struct jm_archive {
	/* A: never changed once the threads run */
	char *dir, *catalog_dir, *tmp_dir;
	uint64_t volume_size_bytes;
	uint64_t apart_bytes; /* larger bodies are written beforehand */
	int compression_level;
	size_t cache_bytes;
	uint64_t disk_reserve_bytes;
	bool verbatim;                        /* write no records of its own: no events, no seals */
	bool rebuild;                         /* make the catalog again, past damaged records */
	bool pass_loss;                       /* continue after records that were lost at the end */
	const struct jm_known_end *known_end; /* only during the start; may be NULL */
	jm_archive_visit *damage; /* rebuild: gets the records that are left out; may be NULL */
	void (*replayed)(void *ctx, uint64_t done_bytes, uint64_t total_bytes); /* may be NULL */
	void *damage_ctx;                                                       /* of both */
	struct jm_lock lock_file;     /* one process owns the archive */
	pthread_t committer, applier; /* only the thread that opens and closes uses them */
	/* set as each thread is started; the committer reads neither, the applier only
	 * committer_runs, which is set before it is started */
	bool committer_runs, applier_runs;

	/* B: guarded by lock */
	pthread_mutex_t lock;
	pthread_cond_t work;     /* for the committer */
	pthread_cond_t to_apply; /* for the applier */
	/* the applier applied records or failed; claims were released */
	pthread_cond_t applied_more;
	struct jm_tickets waiting; /* for the committer: small records */
	struct jm_tickets large;   /* for the committer: large ones, each a group of its own */
	struct jm_tickets notes;   /* for the committer: events that no thread waits for */
	struct jm_tickets durable; /* for the applier */
	int64_t busy_since_us;     /* since when records wait and no group was finished; 0: idle */
	int64_t notes_since_us;    /* when the oldest of notes came */
	bool hurry;                /* a thread waits for the applier */
	uint64_t notes_put, notes_done; /* events accepted; and finished: durable or dropped */
	uint64_t notes_dropped;         /* since the start */
	uint64_t notes_untold;          /* dropped events that no event has stated yet */
	struct jm_flight *flights[JM_FLIGHT_BUCKETS];
	uint64_t durable_seq;       /* the last acknowledged record */
	struct jm_position end;     /* the position after it */
	struct jm_position applied; /* a copy of position, for readers of the catalog */
	uint64_t groups;            /* synced since the start */
	struct jm_commit_times commits;
	bool stopping, committer_gone;
	bool behind;              /* the catalog cannot be written: no deposits until it can */
	bool disk_low;            /* less room than the reserve */
	int64_t disk_look_us;     /* when the free space was read; 0: never */
	uint64_t disk_left_bytes; /* what it was, less all that was let in since */
	bool apply_lost;          /* closing, and the catalog could not be brought up */
	struct jm_err write_trouble, apply_trouble; /* the present error; kind NONE: it works */

	/* C: only the committer */
	struct jm_tail tail;
	void *group; /* its working memory; owned */

	/* D: only the applier */
	struct jm_position position; /* of the catalog */
	unsigned unread; /* failed attempts in a row to read a report that a change archives */

	/* E */
	struct jm_volumes volumes;
	atomic_ullong aparts;        /* the last number of a file in tmp */
	atomic_bool verifying;       /* a verification runs; see second.h */
	pthread_mutex_t change_lock; /* guards no field */
	/* guards the next field and its catalog; only the applier changes the pointer, and may read
	 * it without the lock, also to write a checkpoint */
	pthread_rwlock_t catalog_lock;
	struct jm_catalog *catalog; /* NULL: it is not open now */
	/* since when the catalog is made anew, while the archive is open; 0: it is whole. Only the
	 * applier sets it, alone holding catalog_lock */
	atomic_llong anew_us;
	pthread_mutex_t pool_lock; /* guards the next two */
	struct jm_zstd *pool;
	size_t pooled;
};

#endif
