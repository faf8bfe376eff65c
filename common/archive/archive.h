/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The archive: an append-only log of records in volumes, which is the truth, and a Berkeley DB
 * catalog made from it.
 *
 * This header is all that the rest of the project sees; db.h and zstd.h stay in this folder. One
 * process at a time owns an archive (lock file). jm_archive_deposit() may be called by any number
 * of threads; a committer thread, started here, groups what waits into one write and one fdatasync;
 * an applier thread behind it brings the catalog up to date. Formats: SCHEMA.md.
 *
 * Words: a *report* is one received message with the facts of its arrival; an *item* is one
 * journaled message with its recipients, the union over all reports for it; a *content* is one
 * exact byte string of an item.
 */
#ifndef JM_ARCHIVE_ARCHIVE_H
#define JM_ARCHIVE_ARCHIVE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/base/digest.h"
#include "common/base/err.h"
#include "common/base/span.h"
#include "common/journal/unwrap.h"

struct jm_archive;

struct jm_archive_options {
	const char *dir;             /* made when it is not there */
	uint64_t volume_size_bytes;  /* seal a volume at this size; 0: 1 GiB */
	int compression_level;       /* zstd; 0: 1 */
	size_t cache_bytes;          /* Berkeley DB cache; 0: 32 MiB */
	uint64_t disk_reserve_bytes; /* refuse deposits while the disk has less room than this; 0:
					no such limit */
	bool must_exist;             /* jmctl: do not make a new archive; NOTFOUND instead */
	bool verbatim; /* write nothing of its own (events, seals); for load, backup, restore */
	bool rebuild;  /* make the catalog anew from the volumes, past what is damaged */
	int (*damage)(void *ctx, const json_t *finding, struct jm_err *err); /* rebuild: gets {seq,
										volume, offset,
										problem}; NULL: none
									      */
	void (*replayed)(void *ctx, uint64_t done_bytes, uint64_t total_bytes); /* how far the
										   catalog is, while
										   it is brought up;
										   NULL: nobody asks
										 */
	void *damage_ctx;
};

/* How the messages of an arrival came. Strings are borrowed for the call; NULL means unknown. */
struct jm_arrival {
	const char *transport; /* "smtp", "pop3", "gateway" */
	const char *service;   /* the service's email address */
	const char *queue_id;  /* of the MTA */
	const char *client;    /* IP address */
	const char *helo;
	const char *tls;            /* TLS version, or NULL */
	const char *login;          /* SMTP AUTH, or NULL */
	const char *mail_from;      /* reverse path, brackets or not; "" or "<>" is the null path */
	const char *const *rcpt_to; /* NULL-terminated; the journal recipients, brackets or not */
	int64_t received_ms;
	const char *direction; /* gateway: "inbound", "outbound", "internal", "relayed"; else NULL
				*/
	const char *pop3_mailbox; /* which mailbox it was fetched from; with pop3_uidl: the deposit
				     marks it as done */
	const char *pop3_uidl; /* printable ASCII (RFC 1939); NULL: no id that could be recognised
				*/
	uint64_t pop3_size_bytes; /* as the server told it */
};

struct jm_deposit {
	struct jm_arrival arrival;
	struct jm_span received;        /* the message as received, whole */
	const struct jm_unwrap *unwrap; /* of received */
	const char *set_aside;          /* NULL: archive; else the reason why it is kept apart */
	int64_t due_ms;   /* 0: archive at once; else keep it in the processing queue and look at it
			     then. Not with set_aside */
	bool match_first; /* with due_ms: archive at once when there is an item to join already */
};

struct jm_receipt {
	uint64_t seq; /* of the record that holds it */
	unsigned char report_sha256[JM_SHA256_BYTES];
	unsigned char message_sha256[JM_SHA256_BYTES]; /* of the archived message, after the removal
							*/
	uint64_t message_bytes;
	uint64_t stored_bytes; /* what the record takes on disk */
	bool queued;           /* it waits in the processing queue */
};

/* Something worth keeping for the operator: a refusal, a start, a change. Strings borrowed. */
struct jm_event {
	int64_t time_ms;
	const char *kind;    /* "refused", "deferred", "started", "reloaded", "recovered", ... */
	const char *service; /* email address, or NULL */
	const char *actor;   /* who: client address, "daemon", "jmctl" */
	const char *text;    /* for people, one line */
	const char *status, *cure; /* with a service: how it stands from now on, and what to do
				      about it; else NULL */
};

/* Open, recover, replay. CONFIG for a newer format, CORRUPT when something is wrong that recovery
 * must not touch, DENIED when another process owns it, TEMP. What recovery did is written as an
 * event. */
int jm_archive_open(const struct jm_archive_options *options, struct jm_archive **a_r,
    struct jm_err *err) JM_MUST_CHECK;

/* Commit what waits, checkpoint, close. *a becomes NULL. */
void jm_archive_close(struct jm_archive **a);

/* Store one arrival. Returns 0 only when it is durable (one fdatasync a group). TEMP or LIMIT:
 * nothing of it is stored. */
int jm_archive_deposit(struct jm_archive *a, const struct jm_deposit *d,
    struct jm_receipt *receipt_r, struct jm_err *err) JM_MUST_CHECK;

/* The marks of a mailbox: visit gets each message that was deposited with its id, in any order, and
 * was not forgotten yet. All that is durable at the call is included. TEMP. */
typedef int jm_archive_mark(
    void *ctx, struct jm_span uidl, uint64_t size_bytes, struct jm_err *err);
int jm_archive_pop3_marks(struct jm_archive *a, const char *mailbox, jm_archive_mark *visit,
    void *ctx, struct jm_err *err) JM_MUST_CHECK;

/* Forget the marks of messages that the mailbox does not have any more; durable. TEMP. */
int jm_archive_pop3_forget(struct jm_archive *a, const char *mailbox, const struct jm_span *uidls,
    size_t n, struct jm_err *err) JM_MUST_CHECK;

/*
 * State changes. Each is one small record; the message is not written again. Which item a report
 * joins, or that it founds one, is decided by its match key when the change is applied. SCHEMA.md
 * tells the states.
 */
enum jm_change_to {
	JM_CHANGE_WAIT,      /* queued: the next attempt */
	JM_CHANGE_ARCHIVE,   /* queued -> archived, or merged */
	JM_CHANGE_SET_ASIDE, /* queued -> set aside */
	JM_CHANGE_RELEASE,   /* queued or set aside -> archived, or merged; by an operator */
	JM_CHANGE_EXPIRE,    /* set aside -> expired: the record stays, no list shows it */
};
enum jm_change_from { JM_FROM_ANY, JM_FROM_QUEUE, JM_FROM_SET_ASIDE };
struct jm_change {
	uint64_t seq; /* of the report */
	enum jm_change_to to;
	enum jm_change_from from; /* RELEASE: only from there */
	unsigned attempts;        /* WAIT: made until now */
	int64_t due_ms;           /* WAIT */
	const char *reason;       /* SET_ASIDE: why; WAIT: what went wrong, or NULL */
};
/* Make n changes, durable together when it returns, and in the catalog. actor: who. What does not
 * fit its report's state is left out; NOTFOUND when n is 1, which says how it stands and which verb
 * is for that. CORRUPT, TEMP: none is made, also when a report that is to be archived cannot be
 * read. Any thread. */
int jm_archive_change(struct jm_archive *a, const char *actor, const struct jm_change *c, size_t n,
    struct jm_err *err) JM_MUST_CHECK;

/* A report in the processing queue. */
struct jm_waiting {
	uint64_t seq;
	int64_t since_ms, due_ms;
	unsigned attempts;
	char service[321]; /* empty: none */
};
/* When the queue has to be looked at next: 1, 0 when it is empty, -1. */
int jm_archive_queue_next(
    struct jm_archive *a, int64_t *due_ms_r, struct jm_err *err) JM_MUST_CHECK;
/* What is due at now_ms, the longest due first; at most max. */
int jm_archive_queue_due(struct jm_archive *a, int64_t now_ms, struct jm_waiting *w, size_t max,
    size_t *n_r, struct jm_err *err) JM_MUST_CHECK;
/* Is there an item with the match key of report seq? 1 with *item_r, 0, -1: CORRUPT, its record
 * cannot be read. */
int jm_archive_match(
    struct jm_archive *a, uint64_t seq, uint64_t *item_r, struct jm_err *err) JM_MUST_CHECK;
/* The same for a key. */
int jm_archive_match_key(struct jm_archive *a, const unsigned char key[JM_SHA256_BYTES],
    uint64_t *item_r, struct jm_err *err) JM_MUST_CHECK;

/* Attempts that left no message here: counted, and the last refusal of a service noted. Strings
 * borrowed. */
struct jm_attempts {
	const char *service; /* NULL: no service has the address */
	int64_t time_ms;     /* of their day */
	uint64_t received, refused, deferred;
	int64_t refusal_ms; /* 0: leave */
	const char *refusal;
	const struct jm_attempt_reason {
		const char *name;
		uint64_t n;
	} * reasons; /* why recipients were not accepted, each once */
	size_t reasons_n;
};
/* Durable when it returns. TEMP: nothing is counted. */
int jm_archive_tally(
    struct jm_archive *a, const struct jm_attempts *t, size_t n, struct jm_err *err) JM_MUST_CHECK;

/* How a session left the journal mailbox of a service. */
struct jm_extract {
	const char *service;
	int64_t success_ms; /* when one last came to its proper end; 0: leave what is known */
	uint64_t queue;     /* messages that it still holds and that are to be archived */
};
/* Keep it in the service's row, as last_extract and mailbox_queue. Durable when it returns. TEMP.
 */
int jm_archive_extracted(
    struct jm_archive *a, const struct jm_extract *x, struct jm_err *err) JM_MUST_CHECK;

/* The row of a service as the status has it, times in milliseconds: 1 with *row_r (caller owns), 0
 * when nothing is known of it, -1. */
int jm_archive_service(
    struct jm_archive *a, const char *service, json_t **row_r, struct jm_err *err) JM_MUST_CHECK;

/* Store an event. Does not wait for the disk: it goes with the next group (at the latest after a
 * second). */
int jm_archive_note(
    struct jm_archive *a, const struct jm_event *e, struct jm_err *err) JM_MUST_CHECK;

/* The same for who has many: waits at most wait_ms for room. LIMIT: there is none; it is counted,
 * and an event tells the count when there is room again. */
int jm_archive_note_within(struct jm_archive *a, const struct jm_event *e, int64_t wait_ms,
    struct jm_err *err) JM_MUST_CHECK;

/* How many events were noted since the start, and how many of them are durable (or were dropped).
 * Any thread. */
void jm_archive_notes(struct jm_archive *a, uint64_t *put_r, uint64_t *done_r);

/* A sink gets pieces of output in order; it returns 0, or -1 with err filled, which ends the call.
 */
typedef int jm_archive_sink(void *ctx, const void *p, size_t n, struct jm_err *err);

/* A visitor gets one JSON object (borrowed); it returns 0 to go on, 1 to stop, -1 with err filled.
 */
typedef int jm_archive_visit(void *ctx, const json_t *object, struct jm_err *err);

/* Whether an internal domain is the organisation's, as far as DNS says. Strings borrowed for the
 * call. */
enum jm_domain_state { JM_DOMAIN_PENDING, JM_DOMAIN_VERIFIED, JM_DOMAIN_FAILED, JM_DOMAIN_REMOVED };
struct jm_domain_change {
	const char *domain; /* lower-case A-labels */
	enum jm_domain_state state;
	const char *code; /* that its TXT record shall have */
	const char *text; /* what was found, for people; or NULL */
};

/* Note a change of it as an event, durable at the return. TEMP. */
int jm_archive_domain(struct jm_archive *a, const char *actor, const struct jm_domain_change *c,
    struct jm_err *err) JM_MUST_CHECK;

/* The domains that were added, by name: {domain, state ("pending", "verified", "failed"), code,
 * text, added, checked, verified}. TEMP. */
int jm_archive_domains(
    struct jm_archive *a, jm_archive_visit *visit, void *ctx, struct jm_err *err) JM_MUST_CHECK;

/* Figures and state: items, reports, contents, bytes, volumes, last record, services with last
 * arrival, events by kind. Caller owns. */
int jm_archive_status(struct jm_archive *a, json_t **status_r, struct jm_err *err) JM_MUST_CHECK;

/* The counters of each day (UTC) that has any, the first first: [{day, the counters, last}], of a
 * service or (NULL) of all. Caller owns. TEMP. */
int jm_archive_days(
    struct jm_archive *a, const char *service, json_t **days_r, struct jm_err *err) JM_MUST_CHECK;
/* The same for those who ask every few seconds: the balance is looked at for the whole and for each
 * service, not for each of their days. */
int jm_archive_standing(struct jm_archive *a, json_t **status_r, struct jm_err *err) JM_MUST_CHECK;

/* How it works just now: {"commit_time": {"le": {"0.001": groups that became durable within so many
 * seconds, ..., "+Inf": all}, "microseconds": their sum, "count"}, "cache_bytes", "cache_hits",
 * "cache_misses", "cache_dirty_pages" of the catalog}, since the start. TEMP. */
int jm_archive_gauges(struct jm_archive *a, json_t **gauges_r, struct jm_err *err) JM_MUST_CHECK;

/*
 * What dashboards show of the past, up to now_ms: {hours: {"2026-11-22T03": reports, ...} (48,
 * oldest first), days: {"2026-11-22": ...} (90), events: {SEQ in 16 hex digits: event, ...} (the
 * last 20, newest first), checkpoint_ms: of the catalog, 0: none yet, stored_bytes: in the last 7
 * days, stored_since_ms: when the first of these days with any began}. It does not wait for the
 * catalog and costs about 140 look-ups. Caller owns. TEMP. Any thread.
 */
int jm_archive_recent(
    struct jm_archive *a, int64_t now_ms, json_t **recent_r, struct jm_err *err) JM_MUST_CHECK;

/* For how long the committer has had work without finishing any (a failed attempt is finished,
 * too), in microseconds; 0 when it has none; INT64_MAX when it is gone. For watchdogs. Any thread.
 */
int64_t jm_archive_stalled_us(struct jm_archive *a);

/* Can the archive take no message just now, as it cannot write or its disk has less room than the
 * reserve? True with why in text_r. */
bool jm_archive_trouble(struct jm_archive *a, char text_r[JM_ERR_TEXT_BYTES]);

enum jm_archive_sort { JM_SORT_ID, JM_SORT_SENT, JM_SORT_SIZE, JM_SORT_SENDER, JM_SORT_SUBJECT };

/*
 * Which items, and in which order. All criteria that are given must hold. Addresses are compared
 * whole, ASCII letter case ignored. Strings are borrowed. Without bcc nothing in the answer tells
 * who a Bcc recipient is: an address or a domain that only a Bcc recipient has finds nothing
 * (jm_archive_hide_bcc()).
 */
struct jm_archive_filter {
	uint64_t after_id;   /* go on behind this item, in the given order; 0: from the start */
	uint64_t limit;      /* at most so many; 0: all */
	bool reverse;        /* the other way round: newest, largest, "z" first */
	bool set_aside;      /* the set-aside ones instead of the archived ones */
	bool expired;        /* with set_aside: the expired ones instead */
	bool bcc;            /* Bcc recipients count, too */
	const char *address; /* a sender or recipient */
	const char *sender, *recipient;
	const char *domain; /* that any of them is at, any letter case, U-labels or A-labels */
	bool subdomains;    /* or below it */
	const char *message_id;
	const char *service;
	const char *subject;    /* words that it has, in any order; see mail/fold.h */
	const char *attachment; /* name of one, a part of it or a pattern; see mail/fold.h. Reads
				   the messages of all that pass the rest */
	uint64_t min_bytes, max_bytes;        /* of the message as archived; 0: no limit */
	int64_t since_ms, until_ms;           /* archived at or after, and before; 0: no limit */
	int64_t sent_since_ms, sent_until_ms; /* the same by the message's Date field; what has none
						 that can be read does not pass */
	enum jm_archive_sort sort; /* JM_SORT_ID: by id (with since_ms or until_ms as what leads: by
				      time). Ties by id. Sender and subject count with their first
				      64 octets in lower case */
	jm_archive_visit *progress; /* gets {looked_at, found, done, total} now and then, with the
				       visitor's ctx; NULL: none */
};

/* Visit the items. Each object: SCHEMA.md "item". Nothing is locked between two visits. USAGE for
 * criteria that make no sense, NOTFOUND when after_id is no item though a sort needs it, LIMIT for
 * more than a million to be sorted without a limit, CORRUPT after the last when some could not be
 * looked into. */
int jm_archive_list(struct jm_archive *a, const struct jm_archive_filter *f,
    jm_archive_visit *visit, void *ctx, struct jm_err *err) JM_MUST_CHECK;

/*
 * From which record on everything stands that was archived at or after a time, also when the clock
 * was set back or forward meanwhile: behind the item before the first such item, since reports may
 * have joined older ones.
 */
int jm_archive_since(
    struct jm_archive *a, int64_t since_ms, uint64_t *seq_r, struct jm_err *err) JM_MUST_CHECK;

/* The processing queue, in the order of arrival; service NULL: all. Each object: SCHEMA.md "queue".
 */
int jm_archive_queue(struct jm_archive *a, const char *service, jm_archive_visit *visit, void *ctx,
    struct jm_err *err) JM_MUST_CHECK;
/* One of them. NOTFOUND. Caller owns. */
int jm_archive_queue_show(
    struct jm_archive *a, uint64_t seq, json_t **row_r, struct jm_err *err) JM_MUST_CHECK;

/* One item with its contents, recipients (each with the reports that named it) and reports.
 * NOTFOUND. Caller owns. */
int jm_archive_show(
    struct jm_archive *a, uint64_t id, json_t **item_r, struct jm_err *err) JM_MUST_CHECK;

/*
 * Take the Bcc recipients out of what jm_archive_show() gave, and put "hidden_recipients", their
 * number, into it. A recipient is not one when a report names it (or the list or mailbox it was
 * reached by) as To or Cc, or when To or Cc of the message's own header have it. What cannot be
 * told is hidden.
 */
int jm_archive_hide_bcc(struct jm_archive *a, json_t *item, struct jm_err *err) JM_MUST_CHECK;

/* The item that record seq (of a report) belongs to. 1, 0: there is no such report, -1. */
int jm_archive_item_of(
    struct jm_archive *a, uint64_t seq, uint64_t *item_r, struct jm_err *err) JM_MUST_CHECK;

/* Events from seq after_seq on, oldest first; the visitor gets {seq, time, kind, service, actor,
 * text}. */
int jm_archive_events(struct jm_archive *a, uint64_t after_seq, uint64_t limit,
    jm_archive_visit *visit, void *ctx, struct jm_err *err) JM_MUST_CHECK;

/*
 * What happened behind a place, in the order of the records, at most limit records (0: all): {seq,
 * time, kind, service, actor, text}, events also with status and cure, reports (kind archived,
 * merged, queued, set-aside) and changes (also released, expired) with item, sender, subject,
 * message_id, recipients (how many), size. from: {seq} or a place that was given as *next_r; NULL:
 * nothing is told. *next_r: where to go on, and whether there is more; caller owns. TEMP.
 */
int jm_archive_follow(struct jm_archive *a, const json_t *from, uint64_t limit,
    jm_archive_visit *visit, void *ctx, json_t **next_r, struct jm_err *err) JM_MUST_CHECK;

enum jm_export { JM_EXPORT_MESSAGE, JM_EXPORT_RAW, JM_EXPORT_REPORT };

/*
 * The exact bytes of an item: its message as archived, the same before header removal, or a report
 * as received. which: 0 is the first content or report of the item, 1 the second, ... The digest is
 * checked before the first byte goes out. NOTFOUND, CORRUPT, TEMP.
 */
int jm_archive_export(struct jm_archive *a, uint64_t id, enum jm_export what, unsigned which,
    jm_archive_sink *sink, void *ctx, struct jm_err *err) JM_MUST_CHECK;

/*
 * Where it stands is kept in DIR/verify.json now and then; resume goes on from there instead
 * (NOTFOUND: nowhere), with the sums until then. Re-read every record from since_seq on, check
 * frame, checksum and digests of every report and content, and compare with the catalog in both
 * directions; with since_seq 0 and nothing found until then also row by row with one that is made
 * anew. progress (may be NULL) gets {done_bytes, total_bytes, records} now and then. Findings go to
 * visit as {seq, volume, offset, problem}. *summary_r: {ok, records, reports, contents, items,
 * bytes, problems, catalog (how it was compared), seconds}; caller owns. -1 only when it could not
 * run.
 */
int jm_archive_verify(struct jm_archive *a, uint64_t since_seq, bool resume,
    jm_archive_visit *progress, jm_archive_visit *finding, void *ctx, json_t **summary_r,
    struct jm_err *err) JM_MUST_CHECK;

/*
 * All records from since_seq on, in order. on_object gets {dump: "begin", format, uuid, last_seq},
 * then for each record {dump: "record", seq, time, type, item, metadata_bytes, report_bytes,
 * message_seq, message_bytes}, after which sink gets these bytes in this order (message_bytes 0:
 * the message is the report); {dump: "damage", seq, volume, offset, problem} for what cannot be
 * read; at the end {dump: "end", ok, records, reports, bytes, problems, last_seq}. on_object and
 * sink share ctx. Beside deposits; what comes meanwhile is left out.
 */
int jm_archive_dump(struct jm_archive *a, uint64_t since_seq, jm_archive_visit *on_object,
    jm_archive_sink *sink, void *ctx, struct jm_err *err) JM_MUST_CHECK;

/* Parse metadata or a line of a dump's manifest; caller owns. CORRUPT: it is no JSON; TEMP without
 * memory: never to be taken for damage. Any thread. */
int jm_json_read(const void *p, size_t n, json_t **v_r, struct jm_err *err) JM_MUST_CHECK;
/* The same for a request: an object or a list, in which no name stands twice. */
int jm_json_read_strict(const void *p, size_t n, json_t **v_r, struct jm_err *err) JM_MUST_CHECK;

/* Records of a dump into an archive that was opened verbatim. finish waits until all is durable,
 * and frees. */
struct jm_loader;
int jm_loader_new(struct jm_archive *a, struct jm_loader **l_r, struct jm_err *err) JM_MUST_CHECK;
/* The number of the record that the archive wants next. */
uint64_t jm_loader_next(const struct jm_loader *l);
/* line: {seq, time, type, metadata}; received: of a report, borrowed for the call. Records must
 * come in order; one that is there already is compared (USAGE: the archive is not a load of this
 * dump), missing ones become events. CORRUPT: digests do not fit. TEMP. */
int jm_loader_add(struct jm_loader *l, const json_t *line, struct jm_span received, bool *fresh_r,
    struct jm_err *err) JM_MUST_CHECK;
int jm_loader_finish(struct jm_loader **l, struct jm_err *err) JM_MUST_CHECK;

/* Where the log ends: {uuid, seq, volume, offset, sha256 (of the last record), format}. Caller
 * owns. */
int jm_archive_tip(struct jm_archive *a, json_t **tip_r, struct jm_err *err) JM_MUST_CHECK;

/*
 * The bytes of the volumes behind a tip that an earlier call's copy has (NULL: none), for a copy
 * that grows. on_object gets {copy: "volume", volume, offset, bytes} before the bytes of each, at
 * the end {copy: "end", uuid, seq}. USAGE: the copy is not one of this archive's past.
 */
int jm_archive_copy(struct jm_archive *a, const json_t *tip, jm_archive_visit *on_object,
    jm_archive_sink *sink, void *ctx, struct jm_err *err) JM_MUST_CHECK;

#endif
