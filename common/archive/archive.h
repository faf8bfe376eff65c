/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The archive: an append-only log of records in volumes, which is the truth, and a Berkeley DB catalog made from it.
 *
 * This header is all that the rest of the project sees; db.h and zstd.h stay in this folder. One process at a time owns an
 * archive (lock file). jm_archive_deposit() may be called by any number of threads; a committer thread, started here, groups
 * what waits into one write and one fdatasync; an applier thread behind it brings the catalog up to date. Formats: SCHEMA.md.
 *
 * Words: a *report* is one received message with the facts of its arrival; an *item* is one journaled message with its
 * recipients, the union over all reports for it; a *content* is one exact byte string of an item.
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
	const char *dir;		/* made when it is not there */
	uint64_t volume_size_bytes;	/* seal a volume at this size; 0: 1 GiB */
	int compression_level;		/* zstd; 0: 1 */
	size_t cache_bytes;		/* Berkeley DB cache; 0: 32 MiB */
	bool must_exist;		/* jmctl: do not make a new archive; NOTFOUND instead */
};

/* How the messages of an arrival came. Strings are borrowed for the call; NULL means unknown. */
struct jm_arrival {
	const char *transport;		/* "smtp", "pop3" */
	const char *service;		/* the service's email address */
	const char *queue_id;		/* of the MTA */
	const char *client;		/* IP address */
	const char *helo;
	const char *tls;		/* TLS version, or NULL */
	const char *login;		/* SMTP AUTH, or NULL */
	const char *mail_from;		/* reverse path without brackets; "" is the null path */
	const char *const *rcpt_to;	/* NULL-terminated; the journal recipients */
	int64_t received_ms;
	const char *pop3_mailbox;	/* which mailbox it was fetched from; with pop3_uidl: the deposit marks it as done */
	const char *pop3_uidl;		/* printable ASCII (RFC 1939); NULL: no id that could be recognised */
	uint64_t pop3_size_bytes;	/* as the server told it */
};

struct jm_deposit {
	struct jm_arrival arrival;
	struct jm_span received;	/* the message as received, whole */
	const struct jm_unwrap *unwrap;	/* of received */
	const char *set_aside;		/* NULL: archive; else the reason why it is kept apart */
};

struct jm_receipt {
	uint64_t seq;			/* of the record that holds it */
	unsigned char report_sha256[JM_SHA256_BYTES];
	unsigned char message_sha256[JM_SHA256_BYTES];	/* of the archived message, after the removal */
	uint64_t message_bytes;
	uint64_t stored_bytes;		/* what the record takes on disk */
};

/* Something worth keeping for the operator: a refusal, a start, a change. Strings borrowed. */
struct jm_event {
	int64_t time_ms;
	const char *kind;		/* "refused", "deferred", "started", "reloaded", "recovered", ... */
	const char *service;		/* email address, or NULL */
	const char *actor;		/* who: client address, "daemon", "jmctl" */
	const char *text;		/* for people, one line */
};

/* Open, recover, replay. CONFIG for a newer format, CORRUPT when something is wrong that recovery must not touch, DENIED when another
 * process owns it, TEMP. What recovery did is written as an event. */
int jm_archive_open(const struct jm_archive_options *options, struct jm_archive **a_r, struct jm_err *err) JM_MUST_CHECK;

/* Commit what waits, checkpoint, close. *a becomes NULL. */
void jm_archive_close(struct jm_archive **a);

/* Store one arrival. Returns 0 only when it is durable (one fdatasync a group). TEMP or LIMIT: nothing of it is stored. */
int jm_archive_deposit(struct jm_archive *a, const struct jm_deposit *d, struct jm_receipt *receipt_r, struct jm_err *err) JM_MUST_CHECK;

/* The marks of a mailbox: visit gets each message that was deposited with its id, in any order, and was not forgotten yet. All that is durable
 * at the call is included. TEMP. */
typedef int jm_archive_mark(void *ctx, struct jm_span uidl, uint64_t size_bytes, struct jm_err *err);
int jm_archive_pop3_marks(struct jm_archive *a, const char *mailbox, jm_archive_mark *visit, void *ctx, struct jm_err *err) JM_MUST_CHECK;

/* Forget the marks of messages that the mailbox does not have any more; durable. TEMP. */
int jm_archive_pop3_forget(struct jm_archive *a, const char *mailbox, const struct jm_span *uidls, size_t n, struct jm_err *err) JM_MUST_CHECK;

/* Store an event. Does not wait for the disk: it goes with the next group (at the latest after a second). */
int jm_archive_note(struct jm_archive *a, const struct jm_event *e, struct jm_err *err) JM_MUST_CHECK;

/* A sink gets pieces of output in order; it returns 0, or -1 with err filled, which ends the call. */
typedef int jm_archive_sink(void *ctx, const void *p, size_t n, struct jm_err *err);

/* A visitor gets one JSON object (borrowed); it returns 0 to go on, 1 to stop, -1 with err filled. */
typedef int jm_archive_visit(void *ctx, const json_t *object, struct jm_err *err);

/* Figures and state: items, reports, contents, bytes, volumes, last record, services with last arrival, events by kind. Caller owns. */
int jm_archive_status(struct jm_archive *a, json_t **status_r, struct jm_err *err) JM_MUST_CHECK;

/* The items in order of their id, from after_id on (0: all), at most limit (0: all); newest first when reverse. Each object: see
 * SCHEMA.md "item". Nothing is locked between two visits. */
struct jm_archive_filter {
	uint64_t after_id;
	uint64_t limit;
	bool reverse;
	bool set_aside;			/* the set-aside ones instead of the archived ones */
	const char *address;		/* only items with this sender or recipient (exact, letter case ignored) */
	const char *message_id;
	const char *service;
	int64_t since_ms, until_ms;	/* archived at; 0: no limit */
};
int jm_archive_list(struct jm_archive *a, const struct jm_archive_filter *f, jm_archive_visit *visit, void *ctx, struct jm_err *err) JM_MUST_CHECK;

/* One item with its contents, recipients (each with the reports that named it) and reports. NOTFOUND. Caller owns. */
int jm_archive_show(struct jm_archive *a, uint64_t id, json_t **item_r, struct jm_err *err) JM_MUST_CHECK;

/* Events from seq after_seq on, oldest first; the visitor gets {seq, time, kind, service, actor, text}. */
int jm_archive_events(struct jm_archive *a, uint64_t after_seq, uint64_t limit, jm_archive_visit *visit, void *ctx, struct jm_err *err) JM_MUST_CHECK;

enum jm_export { JM_EXPORT_MESSAGE, JM_EXPORT_RAW, JM_EXPORT_REPORT };

/*
 * The exact bytes of an item: its message as archived, the same before header removal, or a report as received. which: 0 is the first
 * content or report of the item, 1 the second, ... The digest is checked before the first byte goes out. NOTFOUND, CORRUPT, TEMP.
 */
int jm_archive_export(struct jm_archive *a, uint64_t id, enum jm_export what, unsigned which, jm_archive_sink *sink, void *ctx,
    struct jm_err *err) JM_MUST_CHECK;

/*
 * Re-read every record from since_seq on, check frame, checksum and digests of every report and content, and compare with the catalog in both
 * directions. progress (may be NULL) gets {done_bytes, total_bytes, records} now and then. Findings go to visit as {seq, volume, offset,
 * problem}. *summary_r: {ok, records, reports, contents, items, bytes, problems, seconds}; caller owns. -1 only when it could not run.
 */
int jm_archive_verify(struct jm_archive *a, uint64_t since_seq, jm_archive_visit *progress, jm_archive_visit *finding, void *ctx,
    json_t **summary_r, struct jm_err *err) JM_MUST_CHECK;

#endif
