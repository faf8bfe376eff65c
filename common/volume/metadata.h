/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The metadata of records: making the JSON from a report or an event, and reading the parts of it
 * that give a content back. common/archive/SCHEMA.md describes all names. Any thread.
 */
#ifndef JM_VOLUME_METADATA_H
#define JM_VOLUME_METADATA_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/base/buf.h"
#include "common/base/digest.h"
#include "common/base/err.h"
#include "common/base/span.h"
#include "common/journal/unwrap.h"

/* How a report arrived. Strings are borrowed for the call; NULL means unknown. */
struct jm_arrival {
	const char *transport; /* "smtp", "pop3", "gateway", "import" */
	const char *service;   /* the service's email address */
	const char *queue_id;  /* of the MTA */
	const char *client;    /* IP address */
	const char *helo;      /* as the client said it */
	const char *tls;       /* TLS version; NULL: in clear */
	const char *login;     /* of SMTP AUTH; NULL: the client did not log in */
	const char *mail_from; /* reverse path, with or without <>; "" or "<>" is the null path */
	/* the journal recipients, with or without <>; NULL-terminated */
	const char *const *rcpt_to;
	int64_t received_ms;
	/* gateway: "inbound", "outbound", "internal", "relayed"; else NULL */
	const char *direction;
	/* the mailbox it was fetched from; with pop3_uidl, the deposit marks the message as done */
	const char *pop3_mailbox;
	const char *pop3_uidl;    /* printable ASCII (RFC 1939); NULL: the message has no id */
	uint64_t pop3_size_bytes; /* as the server said */
};

/* A report on its way into the archive. */
struct jm_deposit {
	struct jm_arrival arrival;
	struct jm_span received;        /* the message as received, whole */
	const struct jm_unwrap *unwrap; /* of received */
	/* the reason to set it aside, which names no Bcc recipient; NULL: archive it */
	const char *set_aside;
	/* with set_aside: the address that the reason is about, if it may be a Bcc recipient; shown
	 * on request only. Else none */
	struct jm_span set_aside_address;
	/* put it into the processing queue until then; 0: archive it at once. Not with set_aside */
	int64_t due_ms;
	bool match_first; /* with due_ms: archive it at once if there is an item to join already */
	/* store nothing when a report with these bytes, transport and service is archived already
	 */
	bool once;
};

/* An event for the operator: a refusal, a start, a change. Strings are borrowed for the call. */
struct jm_event {
	int64_t time_ms;
	const char *kind;    /* "refused", "deferred", "started", "reloaded", "recovered", ... */
	const char *service; /* email address, or NULL */
	const char *actor;   /* who did it: client address, "daemon", "jmctl" */
	const char *text;    /* for people, one line */
	const char *status;  /* with a service: its state from now on; else NULL */
	const char *cure;    /* how to correct that state; or NULL */
	uint64_t item;       /* that it is about; 0: none */
};

/* The SHA-256 digests of a deposit. */
struct jm_digests {
	unsigned char received[JM_SHA256_BYTES]; /* the report as received */
	unsigned char raw[JM_SHA256_BYTES];      /* the journaled message inside */
	unsigned char message[JM_SHA256_BYTES];  /* the same after the removal of headers */
	unsigned char key[JM_SHA256_BYTES];      /* match key */
	unsigned char companion_raw[JM_SHA256_BYTES], companion[JM_SHA256_BYTES];
};

/* A slice that is left out of a record's body because an earlier record has the same bytes. */
struct jm_splice {
	uint64_t holder;  /* number of that record; 0: nothing is left out */
	bool as_received; /* the slice is all that the holder received; else its raw content */
	uint64_t offset, length; /* of the slice */
};

/* A content ("content" or "companion") as the metadata describes it. */
struct jm_described {
	struct jm_step steps[JM_UNWRAP_MAX_STEPS];
	size_t steps_n;
	struct jm_cut *cuts; /* owned */
	size_t cuts_n;
	unsigned char raw_sha256[JM_SHA256_BYTES], sha256[JM_SHA256_BYTES];
	uint64_t raw_bytes, bytes; /* before and after the cuts */
};

/* The metadata of a report; the caller owns it. NULL with err (TEMP). */
json_t *jm_describe_report(const struct jm_deposit *d, const struct jm_digests *sums,
    const struct jm_splice *splice, struct jm_err *err) JM_MUST_CHECK;

#define JM_DESCRIBED_SUBJECT_BYTES (4u * 1024 * 1024) /* enough for any subject */

/*
 * Put the subject of a report's metadata into out, whose content is replaced: decoded anew from the
 * original octets if there are any, so that a catalog that is made anew has what this version makes
 * of them. *any_r: the report has a subject. 0, or -1: LIMIT past the cap of out, TEMP.
 */
int jm_described_subject(
    const json_t *meta, struct jm_buf *out, bool *any_r, struct jm_err *err) JM_MUST_CHECK;

/* Put a splice into a report's metadata, unless its holder is 0. 0, or -1 without memory. */
int jm_describe_splice(json_t *o, const struct jm_splice *s);

/* The metadata of an event; the caller owns it. NULL with err (TEMP). */
json_t *jm_describe_event(const struct jm_event *e, struct jm_err *err) JM_MUST_CHECK;

/* Read the steps, cuts and digests of a content from the metadata. The caller releases *c_r.
 * CORRUPT: they are missing or impossible. TEMP. */
int jm_described_read(
    const json_t *content, struct jm_described *c_r, struct jm_err *err) JM_MUST_CHECK;
void jm_described_release(struct jm_described *c);

/* Does a report name this recipient (one entry of its recipients) openly, as To or Cc? False: it is
 * Bcc, or the report does not say. */
bool jm_described_is_open(const json_t *recipient);

#endif
