/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The inside of an archive, shared by the files of this room and by nobody else: the state, and who
 * guards which part of it.
 *
 * Threads: depositors (any number), the committer (volumes), the applier (catalog), readers (any
 * number).
 */
#ifndef JM_ARCHIVE_STORE_H
#define JM_ARCHIVE_STORE_H

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

#include "common/archive/archive.h"
#include "common/archive/catalog.h"
#include "common/archive/volume.h"
#include "common/base/scratch.h"
#include "common/base/spool.h"

#define JM_MESSAGE_MAX_BYTES (4ull << 30) /* cap on anything that is rebuilt */
#define JM_FLIGHT_BUCKETS 256

struct jm_body;

/* A digest whose bytes are on their way into the archive, but not in the catalog yet. */
struct jm_flight {
	unsigned char sha256[JM_SHA256_BYTES];
	struct jm_flight *next;
};

/* One record on its way: made by a depositor, stamped and written by the committer, applied by the
 * applier. */
struct jm_ticket {
	struct jm_ticket *next;
	struct jm_record_head head;
	unsigned char head_bytes[JM_RECORD_HEAD_BYTES], trailer[JM_RECORD_TRAILER_BYTES];
	unsigned char meta_sha256[JM_SHA256_BYTES];
	uint32_t body_crc;       /* of the body as stored */
	json_t *meta;            /* owned */
	char *meta_text;         /* the same as text; owned */
	struct jm_span body;     /* lives until the depositor was woken */
	uint64_t volume, offset; /* where it stands */
	uint64_t apart; /* number of its file when the body was written beforehand; 0: it was not */
	int apart_fd;   /* of that; -1 when the committer has taken it over */
	struct jm_flight flight[2];
	unsigned flights; /* how many of them are in the table */
	atomic_uint refs;
	bool awaited;      /* somebody waits for done */
	uint64_t tells;    /* an event about so many that were dropped; 0: another record */
	sem_t done;        /* posted without the lock, so that who wakes does not run into it */
	struct jm_err err; /* before done is posted; kind NONE: durable */
	uint64_t want_seq; /* verbatim: the number and the time that it must get; 0: the next, now
			    */
	int64_t want_time_ms;
};

struct jm_queue {
	struct jm_ticket *first, **last;
	size_t n;
};

/* Where the catalog stands: everything up to and including seq is in it; the next record is at
 * offset of volume. */
struct jm_position {
	uint64_t seq, volume, offset;
	unsigned char sha256[JM_SHA256_BYTES]; /* digest of record seq */
};

/* The open end of the log. Touched by the committer only, after the start. */
struct jm_tail {
	int fd;       /* of the last volume; -1: a new volume must be made first */
	uint64_t end; /* everything before is acknowledged */
	uint64_t next_seq;
	unsigned char last_sha256[JM_SHA256_BYTES]; /* of the last acknowledged record */
	bool untrimmed; /* there may be bytes behind end that could not be cut off */
	bool doubtful;  /* a sync failed: nothing more goes into this file */
	bool damaged;   /* acknowledged bytes did not read back: no more writing */
	bool unusable;  /* at the start: the last volume is not what it was, a new one has to follow
			 */
	bool last_was_large;
};

/* How long groups took to become durable since the start: a histogram. */
#define JM_COMMIT_BOUNDS 12
struct jm_commit_times {
	uint64_t within[JM_COMMIT_BOUNDS], n, sum_us;
};

struct jm_archive {
	char *dir;
	char *catalog_dir, *tmp_dir;
	uint64_t volume_size_bytes;
	uint64_t apart_bytes; /* larger bodies are written beforehand */
	atomic_ullong aparts;
	int compression_level;
	size_t cache_bytes;
	uint64_t disk_reserve_bytes;
	bool verbatim;            /* nothing of its own is written: no events, no seals */
	bool rebuild;             /* at the start: make the catalog anew, past what is damaged */
	jm_archive_visit *damage; /* rebuild: told what was left out; may be NULL */
	void (*replayed)(void *ctx, uint64_t done_bytes, uint64_t total_bytes); /* told while it
										   opens only; may
										   be NULL */
	void *damage_ctx;
	int lock_fd;
	unsigned char uuid[JM_UUID_BYTES];

	pthread_mutex_t lock;    /* all from here to the next such line */
	pthread_cond_t work;     /* for the committer */
	pthread_cond_t to_apply; /* for the applier */
	pthread_cond_t applied;  /* the applier got on, or failed */
	struct jm_queue waiting; /* for the committer: small records */
	struct jm_queue large;   /* for the committer: large ones, each a group of its own */
	struct jm_queue notes;   /* events, for the committer */
	struct jm_queue durable; /* for the applier */
	int64_t busy_since_us;  /* since when there is work and none of it was finished; 0: there is
				   none */
	int64_t notes_since_us; /* when the oldest of notes came */
	bool hurry;             /* somebody waits for the applier */
	uint64_t notes_put, notes_done; /* taken for the committer, and through: durable or dropped
					 */
	uint64_t notes_dropped;
	uint64_t notes_untold; /* of them; an event is to tell how many */
	struct jm_flight *flights[JM_FLIGHT_BUCKETS];
	struct jm_volume *volume; /* all volumes, ascending */
	size_t volumes, volumes_cap;
	uint64_t durable_seq, applied_seq;
	uint64_t groups;                /* synced since the start */
	struct jm_commit_times commits; /* of them */
	bool stopping, committer_gone;
	bool behind;     /* the catalog cannot be written: no deposits until it can */
	bool disk_low;   /* less room than the reserve */
	unsigned unread; /* the applier's: how often in a row it could not read a report that is to
			    be moved */
	bool apply_lost; /* closing, and the catalog could not be brought up */
	struct jm_err write_trouble, apply_trouble; /* why it does not work now; kind NONE: it does
						     */

	struct jm_tail tail;         /* committer only */
	void *group;                 /* committer only; owned */
	struct jm_position position; /* applier only */

	pthread_mutex_t change_lock; /* state changes: one at a time, from the check of the state to
					the catalog */

	pthread_rwlock_t catalog_lock; /* catalog; prefers the writer */
	struct jm_catalog *catalog;

	pthread_mutex_t pool_lock; /* pool */
	struct jm_zstd *pool;
	size_t pooled;

	pthread_t committer, applier;
	bool committer_runs, applier_runs;
};

static inline void jm_queue_init(struct jm_queue *q)
{
	*q = (struct jm_queue){ .last = &q->first };
}

static inline void jm_queue_add(struct jm_queue *q, struct jm_ticket *t)
{
	t->next = NULL;
	*q->last = t;
	q->last = &t->next;
	q->n++;
}

static inline struct jm_ticket *jm_queue_take(struct jm_queue *q)
{
	struct jm_ticket *t = q->first;

	if (t) {
		q->first = t->next;
		if (!q->first)
			q->last = &q->first;
		q->n--;
		t->next = NULL;
	}
	return t;
}

/* metadata.c: what a record says about itself, as JSON. */

/* The digests of a deposit, all computed by the depositor. */
struct jm_digests {
	unsigned char received[JM_SHA256_BYTES], raw[JM_SHA256_BYTES], message[JM_SHA256_BYTES],
	    key[JM_SHA256_BYTES];
	unsigned char companion_raw[JM_SHA256_BYTES], companion[JM_SHA256_BYTES];
};

/* Bytes that are left out of a record because an earlier one holds them. */
struct jm_splice {
	uint64_t holder;  /* seq; 0: nothing is left out */
	bool as_received; /* the slice is holder's whole received message, else holder's raw content
			   */
	uint64_t offset, length; /* of the slice */
};

json_t *jm_describe_report(const struct jm_deposit *d, const struct jm_digests *sums,
    const struct jm_splice *splice, struct jm_err *err) JM_MUST_CHECK;
/* Put a splice into a report's metadata; holder 0: nothing. 0, -1 without memory. */
int jm_describe_splice(json_t *o, const struct jm_splice *s);
json_t *jm_describe_event(const struct jm_event *e, struct jm_err *err) JM_MUST_CHECK;

/* Any bytes as a JSON string: what is no UTF-8 becomes the character of the same number (ISO
 * 8859-1), NUL becomes U+FFFD. NULL without memory. */
json_t *jm_describe_text(struct jm_span s);

/* Steps, cuts and digests of a content as the metadata has them. CORRUPT when they are not there.
 * cuts and steps are owned by *c_r. */
struct jm_described {
	struct jm_step steps[JM_UNWRAP_MAX_STEPS];
	size_t steps_n;
	struct jm_cut *cuts; /* malloc'ed */
	size_t cuts_n;
	unsigned char raw_sha256[JM_SHA256_BYTES], sha256[JM_SHA256_BYTES];
	uint64_t raw_bytes, bytes;
};
int jm_described_read(
    const json_t *content, struct jm_described *c_r, struct jm_err *err) JM_MUST_CHECK;
void jm_described_release(struct jm_described *c);

/* text.c. The text that json_dumps(JSON_COMPACT) gives, appended to b, several times as fast. */
int jm_text_of_json(struct jm_buf *b, const json_t *v, struct jm_err *err) JM_MUST_CHECK;
/* The same for an object without the members that left_out() says. */
int jm_text_of_members(struct jm_buf *b, const json_t *object,
    bool (*left_out)(const json_t *object, const char *name, const json_t *value),
    struct jm_err *err) JM_MUST_CHECK;

/* row.c: the row of an item, with "volume" and "offset" of the report that founded it. */
/* TEMP. */
int jm_row_put(struct jm_catalog *c, struct jm_txn *txn, uint64_t id, const json_t *row,
    struct jm_err *err) JM_MUST_CHECK;
/* The whole row: 1 with *row_r (caller owns), 0, -1. */
int jm_row_get(struct jm_catalog *c, struct jm_txn *txn, uint64_t id, json_t **row_r,
    struct jm_err *err) JM_MUST_CHECK;
/* From the text that is stored to the whole row, which the caller owns. CORRUPT, TEMP. */
int jm_row_whole(
    uint64_t id, struct jm_span stored, json_t **row_r, struct jm_err *err) JM_MUST_CHECK;
/* The size of its content, from the text that is stored, without taking that apart. False: it has
 * none. */
bool jm_row_size(struct jm_span stored, uint64_t *bytes_r);
/* Where report seq stands, and its item, from the text of its row in items or reports. CORRUPT,
 * TEMP. */
int jm_row_place(enum jm_table t, uint64_t seq, struct jm_span stored, uint64_t *volume_r,
    uint64_t *offset_r, uint64_t *item_r, struct jm_err *err) JM_MUST_CHECK;
/* The same, sought in both: 1, 0, -1. */
int jm_row_locate(struct jm_catalog *c, struct jm_txn *txn, uint64_t seq, uint64_t *volume_r,
    uint64_t *offset_r, uint64_t *item_r, struct jm_err *err) JM_MUST_CHECK;
/* Make of a whole row what callers get. 0, -1 without memory. */
int jm_row_show(json_t *row);

/* gauge.c. Under lock: a group became durable, and took so long. */
void jm_gauge_commit(struct jm_archive *a, int64_t took_us);

/* jm_json_read() for who goes on without: NULL. */
json_t *jm_json_row(const void *p, size_t n) JM_MUST_CHECK;

/* ticket.c */
struct jm_ticket *jm_ticket_new(enum jm_record_type type, json_t *meta,
    struct jm_err *err) JM_MUST_CHECK; /* takes over meta, also on failure */
/* One reference less; frees with the last. */
void jm_ticket_drop(struct jm_ticket *t);
/* Wait until neither digest is in flight, then claim both (b may be NULL). TEMP when the catalog is
 * behind. */
int jm_flight_claim(struct jm_archive *a, struct jm_flight *flight, const unsigned char *first,
    const unsigned char *second, unsigned *n_r, struct jm_err *err) JM_MUST_CHECK;
/* Under lock. The claims live at to from now on. */
void jm_flight_move(struct jm_archive *a, struct jm_flight *from, struct jm_flight *to, unsigned n);
/* Under lock. */
void jm_flight_release(struct jm_archive *a, struct jm_flight *flight, unsigned n);

/* apart.c: large records. */
/* By the depositor: write and sync the body of a ticket into a file of its own. TEMP; then release.
 */
int jm_apart_write(struct jm_archive *a, struct jm_ticket *t, struct jm_err *err) JM_MUST_CHECK;
/* By the committer: make the file of a stamped ticket volume h->number, durable with its name.
 * TEMP: there is no such volume. */
int jm_apart_adopt(struct jm_archive *a, struct jm_ticket *t, const struct jm_volume_head *h,
    struct jm_err *err) JM_MUST_CHECK;
/* Close and remove the file unless it was adopted. */
void jm_apart_release(const struct jm_archive *a, struct jm_ticket *t);
/* At the start: remove what a crash left. */
void jm_apart_sweep(const struct jm_archive *a);

/* archive.c, for a load too. The raw content where it is a plain slice of what was received; else
 * none. */
struct jm_span jm_deposit_slice(const struct jm_deposit *d);
/* Make the record's body: the received bytes without what is stored already. */
int jm_deposit_body(struct jm_archive *a, const struct jm_deposit *d, const struct jm_splice *sp,
    struct jm_ticket *t, struct jm_body *body, struct jm_err *err) JM_MUST_CHECK;

/* writer.c: the committer. */
#define JM_LARGE_BYTES (1024u * 1024u)
#define JM_NOTES_MAX 1024
void *jm_writer_run(void *archive);
/* The committer's working memory; free(). */
void *jm_writer_group_new(void);
/* Make the next volume and write there from now on. */
int jm_writer_roll(struct jm_archive *a, struct jm_err *err) JM_MUST_CHECK;
/* Put a ticket into its queue. Under lock. True: signal a->work, best without the lock. */
bool jm_writer_submit(struct jm_archive *a, struct jm_ticket *t);
/* Under lock. An event that nobody waits for is dropped: an event will say how many were. */
void jm_writer_drop_note(struct jm_archive *a);

/* Submit and wait until it is durable. The caller keeps its reference. TEMP. */
int jm_writer_commit(struct jm_archive *a, struct jm_ticket *t, struct jm_err *err) JM_MUST_CHECK;

/* pop3.c: marks of fetched messages, from records to rows. */
int jm_pop3_mark_apply(struct jm_catalog *c, struct jm_txn *txn, const json_t *arrival,
    uint64_t seq, struct jm_err *err) JM_MUST_CHECK;
int jm_pop3_forget_apply(
    struct jm_catalog *c, struct jm_txn *txn, const json_t *meta, struct jm_err *err) JM_MUST_CHECK;

/* apply.c: a pure function from records, in order, to the catalog. */
struct jm_apply;
struct jm_applied { /* one record */
	const struct jm_record_head *head;
	const json_t *meta;
	uint64_t volume, offset;
};
/* Start a transaction on a catalog (the archive's, which the caller holds, or another that is made
 * of its volumes); add records in order; finish commits it together with the position. A state
 * change makes it read the metadata of an earlier record again. */
int jm_apply_begin(struct jm_archive *a, struct jm_catalog *c, struct jm_apply **p_r,
    struct jm_err *err) JM_MUST_CHECK;
int jm_apply_add(struct jm_apply *p, const struct jm_applied *r, struct jm_err *err) JM_MUST_CHECK;
int jm_apply_finish(struct jm_apply **p, const unsigned char uuid[JM_UUID_BYTES],
    const struct jm_position *at, struct jm_err *err) JM_MUST_CHECK;
void jm_apply_abort(struct jm_apply **p);
/* The position of a catalog; 1, 0 when it has none (new), -1: CONFIG newer, CORRUPT. uuid_r is set
 * with 1. */
int jm_apply_position(struct jm_catalog *c, struct jm_position *at_r,
    unsigned char uuid_r[JM_UUID_BYTES], struct jm_err *err) JM_MUST_CHECK;
/* The form of an address or message-id under which it is found. */
size_t jm_apply_index_key(struct jm_span text, bool fold, unsigned char key_r[JM_CATALOG_KEY_MAX]);
struct jm_span jm_apply_bare_id(struct jm_span message_id);

/* applier.c: the applier's thread, and what readers need of it. */
void *jm_applier_run(void *archive);
/* Open the catalog and find its position; when it cannot be opened or is of another archive, move
 * it away and begin a new one. why_r: empty, or why it was moved. */
int jm_applier_open(struct jm_archive *a, struct jm_err *why_r, struct jm_err *err) JM_MUST_CHECK;
/* DIR/catalog to DIR/catalog.bad, so that an operator may look at it; one is kept. */
int jm_applier_move_away(struct jm_archive *a, struct jm_err *err) JM_MUST_CHECK;
/* Rebuilding: the catalog that was made in aside becomes the archive's, and the old one
 * catalog.bad. */
#define JM_CATALOG_NEW ".new"
int jm_applier_put_in_place(
    struct jm_archive *a, const char *aside, struct jm_err *err) JM_MUST_CHECK;
/* Bring the open catalog from its position up to the end of all volumes as known. */
int jm_applier_replay(struct jm_archive *a, struct jm_err *err) JM_MUST_CHECK;
/* Records of volume v (open as fd) from the position on, at most max, none behind until_seq, in one
 * transaction of catalog c; moves the position. CORRUPT, TEMP. */
int jm_applier_batch(struct jm_archive *a, struct jm_catalog *c, struct jm_position *position,
    int fd, const struct jm_volume *v, int max, uint64_t until_seq,
    struct jm_err *err) JM_MUST_CHECK;
/* Rebuilding: stand there, without what is before; stored. */
int jm_applier_skip_to(
    struct jm_archive *a, const struct jm_position *at, struct jm_err *err) JM_MUST_CHECK;
/* Under lock: wait until the applier got on (or something changed); it does not wait for more
 * records meanwhile. */
void jm_applier_await(struct jm_archive *a);
/* Enough for a transaction: the applier need not wait for more. */
#define JM_APPLY_MANY 64
/* Wait until all that is durable now is in the catalog. TEMP. */
int jm_applier_wait(struct jm_archive *a, struct jm_err *err) JM_MUST_CHECK;

/* salvage.c: volumes that are not what they were. Before the threads run. */
/* The first problem of a volume. */
void jm_salvage_problem(struct jm_volume *v, const char *fmt, ...) JM_PRINTF(2, 3);
/* Put entries for missing numbers up to last (0: up to the highest that is there) into the list.
 * CORRUPT, TEMP. */
int jm_salvage_absent(struct jm_archive *a, uint64_t last, struct jm_err *err) JM_MUST_CHECK;
/* Find the archive's UUID in its headers; when all are lost, try that of the catalog (known; NULL:
 * none). Strangers get a problem. CORRUPT. */
int jm_salvage_uuid(
    struct jm_archive *a, const unsigned char *known, struct jm_err *err) JM_MUST_CHECK;
/* Guess what lost headers said: first numbers, and ends of the volumes before. TEMP. */
int jm_salvage_guess(struct jm_archive *a, struct jm_err *err) JM_MUST_CHECK;

/* recover.c */
/* Scan the volumes, cut a torn tail, bring the catalog up. Notes what it did as events (they wait
 * in a->notes). */
int jm_recover_start(struct jm_archive *a, bool must_exist, struct jm_err *err) JM_MUST_CHECK;

/* content.c: bodies and what is made from them. */
struct jm_body {
	unsigned char *memory; /* owned */
	struct jm_spool spool;
	bool spooled;
};
/* Compress first + second (the received bytes without a splice). *body_r is what to write; owner
 * holds it. */
int jm_content_compress(struct jm_archive *a, struct jm_span first, struct jm_span second,
    struct jm_body *owner, enum jm_coding *coding_r, struct jm_span *body_r,
    struct jm_err *err) JM_MUST_CHECK;
void jm_body_release(struct jm_body *b);
/* Free what the pool holds. */
void jm_content_drain(struct jm_archive *a);

/* A report loaded back. */
struct jm_loaded {
	struct jm_record record;
	json_t *meta;
	struct jm_spool spool; /* the received message; its view is received */
	struct jm_span received;
	struct jm_scratch scratch; /* what is decoded on the way to its contents; dir NULL: malloc
				    */
	bool filled;
};
/* The record seq with its received bytes, digest checked. NOTFOUND, CORRUPT, TEMP. */
int jm_content_load(
    struct jm_archive *a, uint64_t seq, struct jm_loaded *l_r, struct jm_err *err) JM_MUST_CHECK;
/* The same for a record at a known place. */
int jm_content_load_at(struct jm_archive *a, uint64_t volume, uint64_t offset,
    struct jm_loaded *l_r, struct jm_err *err) JM_MUST_CHECK;
void jm_loaded_release(struct jm_loaded *l);
/* Its content ("content" or "companion" of the metadata): raw bytes, until l is released, digests
 * of raw and message checked. *owned_r: free(). */
int jm_content_raw(struct jm_loaded *l, const char *which, struct jm_described *c_r,
    struct jm_span *raw_r, void **owned_r, struct jm_err *err) JM_MUST_CHECK;
/* splice.c. Is all that was received stored already, or else the raw content (a slice of received,
 * or none)? Fills *s_r (holder 0: no), after reading it back and comparing every byte. TEMP. */
int jm_splice_find(struct jm_archive *a, const struct jm_digests *s, struct jm_span received,
    struct jm_span raw, struct jm_splice *s_r, struct jm_err *err) JM_MUST_CHECK;

/* disk.c: is there room for more_bytes besides the reserve? TEMP. Notes an event when that changes.
 */
int jm_disk_check(struct jm_archive *a, uint64_t more_bytes, struct jm_err *err) JM_MUST_CHECK;

/* compare.c: make a second catalog of the volumes and compare it with the archive's, row by row,
 * beside deposits. Differences go to differs; busy is asked now and then whether to go on. 1:
 * compared, 0: there is no room for it, -1: TEMP, CORRUPT, or what a visitor returned. */
typedef int jm_compare_visit(void *ctx, uint64_t seq, const char *problem, struct jm_err *err);
int jm_compare_catalog(struct jm_archive *a, jm_compare_visit *differs,
    int (*busy)(void *ctx, struct jm_err *err), void *ctx, struct jm_err *err) JM_MUST_CHECK;
/* Remove what a process that died left of one. */
void jm_compare_sweep(const struct jm_archive *a);

/* walk.c: all records from since on, past what is damaged. */
struct jm_walk {
	uint64_t since;                    /* sequence number */
	uint64_t from_volume, from_offset; /* begin there instead of at the begin of the volume that
					      has since; 0: do not */
	/* 0; 1: enough; -1. The record is borrowed; fd is its volume. */
	int (*record)(void *ctx, int fd, const struct jm_record *r, struct jm_err *err);
	/* What cannot be read, or is missing. seq 0: not known. 0, -1. */
	int (*damage)(void *ctx, uint64_t seq, uint64_t volume, uint64_t offset,
	    const char *problem, struct jm_err *err);
	void *ctx;
};
int jm_volumes_walk(
    struct jm_archive *a, const struct jm_walk *w, struct jm_err *err) JM_MUST_CHECK;
/* A copy of the list of volumes with their ends as acknowledged now; caller frees. NULL: TEMP. */
struct jm_volume *jm_volumes_now(struct jm_archive *a, size_t *n_r, struct jm_err *err);
/* Add one behind the last. Under lock, or before the threads run. TEMP without memory. */
int jm_volumes_add(
    struct jm_archive *a, const struct jm_volume *v, struct jm_err *err) JM_MUST_CHECK;

/* walk.c: the number of the last record of a volume, by its successor's header; when it has none,
 * at_least. */
uint64_t jm_volume_last_seq(struct jm_archive *a, const struct jm_volume *v, uint64_t at_least);

/* dump.c: the name of a record's type, and back (-1: none). */
json_t *jm_dump_type(unsigned type);
int jm_dump_type_of(const json_t *type);

/* status.c: the UUID as 32 digits. */
void jm_archive_uuid_text(const struct jm_archive *a, char text[2 * JM_UUID_BYTES + 1]);

/* item.c: jm_archive_show() without waiting for the applier. */
int jm_item_read(
    struct jm_archive *a, uint64_t id, json_t **item_r, struct jm_err *err) JM_MUST_CHECK;
/* An address with its ASCII letters in lower case; free(). NULL without memory. */
char *jm_item_folded(struct jm_span address);

/* bcc.c. Is a recipient, as one report names it, surely no Bcc? */
bool jm_bcc_is_open(const json_t *naming);
/* Has the item (as of jm_item_read()) a recipient that wanted() likes, and is it no Bcc? 1, 0, -1.
 */
typedef bool jm_bcc_wanted(const void *ctx, struct jm_span address);
int jm_bcc_open(struct jm_archive *a, const json_t *item, jm_bcc_wanted *wanted, const void *ctx,
    struct jm_err *err) JM_MUST_CHECK;

/* reader.c, used by all who read. */
/* Hold the catalog for a short time. TEMP: it is not open now; then nothing is held. */
int jm_reader_enter(struct jm_archive *a, struct jm_err *err) JM_MUST_CHECK;
void jm_reader_leave(struct jm_archive *a);
/* jm_catalog_get_json() and jm_catalog_page() with the catalog held. */
int jm_reader_get(struct jm_archive *a, enum jm_table t, struct jm_span key, json_t **value_r,
    struct jm_err *err) JM_MUST_CHECK;
int jm_reader_page(struct jm_archive *a, enum jm_table t, struct jm_span prefix,
    struct jm_span after, bool reverse, struct jm_page *page, struct jm_err *err) JM_MUST_CHECK;
/* Milliseconds under the name from become text under the name to. 0, -1 without memory. */
int jm_reader_time(json_t *row, const char *from, const char *to);
/* jm_row_get() and jm_row_locate() with the catalog held. */
int jm_reader_item(
    struct jm_archive *a, uint64_t id, json_t **row_r, struct jm_err *err) JM_MUST_CHECK;
int jm_reader_locate(struct jm_archive *a, uint64_t seq, uint64_t *volume_r, uint64_t *offset_r,
    uint64_t *item_r, struct jm_err *err) JM_MUST_CHECK;
/* The valid end of a volume, and (durable: 0) the last one's acknowledged end. 0 when there is no
 * such volume. */
uint64_t jm_reader_volume_end(struct jm_archive *a, uint64_t number);
/* Does what went wrong say nothing about the archive (no memory, no descriptor, no room)? EIO does.
 */
static inline bool jm_reader_not_now(const struct jm_err *why)
{
	return why->kind == JM_E_TEMP && why->sys != EIO;
}
/* Open a volume for reading. */
int jm_reader_open_volume(
    struct jm_archive *a, uint64_t number, int *fd_r, struct jm_err *err) JM_MUST_CHECK;

#endif
