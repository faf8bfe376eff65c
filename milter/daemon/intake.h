/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The intake: one message that is being received, and the facts of its arrival, the same for every
 * transport. The transport fills it; jm_intake_finish() unwraps, judges, and archives it or sets it
 * aside; the transport answers. Knows nothing of libmilter or POP3. An intake belongs to one thread
 * at a time.
 */
#ifndef JM_DAEMON_INTAKE_H
#define JM_DAEMON_INTAKE_H

#include "common/archive/deposit.h"
#include "common/base/scratch.h"
#include "common/base/spool.h"
#include "common/settings/settings.h"
#include "common/volume/metadata.h"
#include "milter/daemon/daemon.h"

/* The journal recipients of one service. */
struct jm_intake_target {
	const struct jm_service *service; /* borrowed from jm_intake.settings */
	const char **rcpt_to;             /* in the arena, NULL-terminated */
	size_t rcpt_n, rcpt_cap;          /* with the NULL */
};

struct jm_intake {
	/* A reference from begin to reset; NULL: there is no message. */
	struct jm_settings *settings;
	struct jm_arena arena;     /* owns the strings and lists below */
	struct jm_arrival arrival; /* without service and rcpt_to, which are those of a target */
	struct jm_intake_target *targets; /* most messages have one */
	size_t targets_n, targets_cap;
	size_t stored;       /* how many of them jm_intake_finish() has stored, from the first */
	const char **others; /* recipients that are not ours, for the gateway; NULL-terminated */
	size_t others_n, others_cap; /* with the NULL */
	struct jm_spool spool;       /* the message as received, written by the transport */
	struct jm_scratch scratch;   /* for unwrapping */
};

/* Initialise *in without a message. spool_dir is borrowed until jm_intake_release(). */
void jm_intake_init(struct jm_intake *in, const char *spool_dir);

/* Begin a message under these settings, of which a reference is taken. A message that was there is
 * dropped. */
void jm_intake_begin(struct jm_intake *in, struct jm_settings *settings);

/* Copy a string that lives as long as the message, for arrival. NULL gives NULL. LIMIT, TEMP. */
int jm_intake_keep(
    struct jm_intake *in, const char *text, const char **copy_r, struct jm_err *err) JM_MUST_CHECK;

/* Add a recipient (copied) that was accepted for service, one of in->settings. With TEMP
 * or LIMIT it was not added. */
int jm_intake_add(struct jm_intake *in, const struct jm_service *service, struct jm_span recipient,
    struct jm_err *err) JM_MUST_CHECK;

/* Add a recipient (copied) that is not ours, for the gateway's copy. TEMP, LIMIT. */
int jm_intake_pass(
    struct jm_intake *in, struct jm_span recipient, struct jm_err *err) JM_MUST_CHECK;

/* Archive the message as ordinary mail that passes through, with the envelope of SMTP. Returns 0
 * when it is durable, or -1 with TEMP or LIMIT. */
int jm_intake_gateway(struct jm_intake *in, struct jm_archive *archive,
    struct jm_receipt *receipt_r, struct jm_err *err) JM_MUST_CHECK;

/*
 * Unwrap and judge the message, and store it once for each service that it was sent to. Returns 0
 * only when all of this is durable; *receipt_r is then that of the last service. Returns -1 with
 * TEMP or LIMIT; in->stored says how many services have it. The sender then tries again, and the
 * archive recognises the report that it already has.
 */
int jm_intake_finish(struct jm_intake *in, struct jm_daemon *d, struct jm_receipt *receipt_r,
    struct jm_err *err) JM_MUST_CHECK;

/* Drop the message. The intake can begin another one. */
void jm_intake_reset(struct jm_intake *in);

/* Free everything. */
void jm_intake_release(struct jm_intake *in);

#endif
