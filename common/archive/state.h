/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The state of an open archive, and who owns which part of it. Private to common/archive.
 *
 * Threads: depositors and readers (any number, the callers'), the committer (writer.c), the applier
 * (applier.c). The start (recover.c) and the end (archive.c) run alone.
 *
 * Locks, in the order in which they are taken; a thread that holds one may take only those below:
 *   1. change_lock    one state change at a time, from the check of the state to the catalog
 *   2. catalog_lock   the catalog: readers share it, the applier takes it alone; prefers the writer
 *   3. lock           the queues, the counters, and everything else in section B
 *   4. volumes.lock   the list of volumes (common/volume/volumes.h)
 *   5. pool_lock      the pool of compression contexts
 * No lock is held during a write, a sync or a read of a volume, but catalog_lock, which the applier
 * holds while it reads earlier reports again.
 *
 * Owners of the fields:
 *   A  set by open, then never changed: any thread reads them without a lock
 *   B  guarded by lock
 *   C  the committer's own (before it runs: the start's)
 *   D  the applier's own (before it runs: the start's)
 *   E  each with its own lock, as said there
 * t/unit/archive_races.c runs all rooms at once under the thread sanitizer to hold this.
 */
#ifndef JM_ARCHIVE_STATE_H
#define JM_ARCHIVE_STATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "common/archive/archive.h"
#include "common/archive/ticket.h"
#include "common/catalog/position.h"
#include "common/volume/volumes.h"

#define JM_FLIGHT_BUCKETS 256
#define JM_COMMIT_BOUNDS 12

/* The open end of the log. */
struct jm_tail {
	struct jm_volume_file file; /* the last volume; not open: a new volume must be made first */
	uint64_t end;               /* everything before it is acknowledged */
	uint64_t next_seq;
	unsigned char last_sha256[JM_SHA256_BYTES]; /* of the last acknowledged record */
	bool untrimmed;      /* there may be bytes after end that could not be cut off */
	bool doubtful;       /* a sync failed: nothing more goes into this file */
	bool damaged;        /* acknowledged bytes did not read back: no more writing */
	bool unusable;       /* at the start: the last volume is damaged, a new one has to follow */
	bool last_was_large; /* the last group was one large record */
};

/* How long groups took to become durable since the start: a histogram. */
struct jm_commit_times {
	uint64_t within[JM_COMMIT_BOUNDS], n, sum_us;
};

struct jm_archive {
	/* A: never changed after the start */
	char *dir, *catalog_dir, *tmp_dir;
	uint64_t volume_size_bytes;
	uint64_t apart_bytes; /* larger bodies are written beforehand */
	int compression_level;
	size_t cache_bytes;
	uint64_t disk_reserve_bytes;
	bool verbatim;            /* write nothing of its own: no events, no seals */
	bool rebuild;             /* at the start: make the catalog again, past what is damaged */
	jm_archive_visit *damage; /* rebuild: gets what was left out; may be NULL */
	void (*replayed)(void *ctx, uint64_t done_bytes, uint64_t total_bytes); /* may be NULL */
	void *damage_ctx;                                                       /* of both */
	int lock_fd; /* the lock file: one process owns the archive */
	pthread_t committer, applier;
	bool committer_runs, applier_runs;

	/* B: guarded by lock */
	pthread_mutex_t lock;
	pthread_cond_t work;         /* for the committer */
	pthread_cond_t to_apply;     /* for the applier */
	pthread_cond_t applied_more; /* the applier got further, or failed */
	struct jm_tickets waiting;   /* for the committer: small records */
	struct jm_tickets large;     /* for the committer: large ones, each a group of its own */
	struct jm_tickets notes;     /* for the committer: events that nobody waits for */
	struct jm_tickets durable;   /* for the applier */
	int64_t busy_since_us;       /* since when there is work and none was finished; 0: none */
	int64_t notes_since_us;      /* when the oldest of notes came */
	bool hurry;                  /* somebody waits for the applier */
	uint64_t notes_put, notes_done; /* events taken; and finished: durable or dropped */
	uint64_t notes_dropped;
	uint64_t notes_untold; /* of them; an event is to say how many */
	struct jm_flight *flights[JM_FLIGHT_BUCKETS];
	uint64_t durable_seq;       /* the last record that is acknowledged */
	struct jm_position applied; /* up to where readers see the catalog */
	uint64_t groups;            /* synced since the start */
	struct jm_commit_times commits;
	bool stopping, committer_gone;
	bool behind;     /* the catalog cannot be written: no deposits until it can */
	bool disk_low;   /* less room than the reserve */
	bool apply_lost; /* closing, and the catalog could not be brought up */
	struct jm_err write_trouble, apply_trouble; /* why it fails now; kind NONE: it works */

	/* C: the committer's own */
	struct jm_tail tail;
	void *group; /* its working memory; owned */

	/* D: the applier's own */
	struct jm_position position; /* of the catalog */
	unsigned unread; /* failed attempts in a row to read a report that a change moves */

	/* E */
	struct jm_volumes volumes;
	atomic_ullong aparts;  /* numbers of files in tmp */
	atomic_bool verifying; /* see second.h */
	pthread_mutex_t change_lock;
	pthread_rwlock_t catalog_lock; /* guards the pointer and what it points to */
	struct jm_catalog *catalog;
	pthread_mutex_t pool_lock; /* guards the next two */
	struct jm_zstd *pool;
	size_t pooled;
};

#endif
