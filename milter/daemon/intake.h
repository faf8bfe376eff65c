/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The intake: one message on its way in, and the facts of its arrival, the same for every
 * transport. The transport fills it, jm_intake_finish() unwraps, judges and archives (or sets
 * aside), the transport answers. Knows nothing of libmilter or POP3.
 */
#ifndef JM_DAEMON_INTAKE_H
#define JM_DAEMON_INTAKE_H

#include "common/archive/change.h"
#include "common/archive/deposit.h"
#include "common/archive/domain.h"
#include "common/archive/gauge.h"
#include "common/archive/health.h"
#include "common/archive/marks.h"
#include "common/archive/match.h"
#include "common/archive/note.h"
#include "common/archive/tally.h"
#include "common/archive/tip.h"
#include "common/json/read.h"
#include "common/query/query.h"
#include "common/upkeep/upkeep.h"
#include "common/base/scratch.h"
#include "common/base/spool.h"
#include "common/settings/settings.h"
#include "milter/daemon/daemon.h"

/* The journal recipients of one service. */
struct jm_intake_target {
	const struct jm_service *service; /* borrowed from intake.settings */
	const char **rcpt_to;             /* in the arena, NULL-terminated */
	size_t rcpt_n, rcpt_cap;
};

struct jm_intake {
	struct jm_settings *settings;     /* one reference, for the life of the message */
	struct jm_arena arena;            /* owns the strings below */
	struct jm_arrival arrival;        /* service and rcpt_to are filled in per target */
	struct jm_intake_target *targets; /* in the arena; mostly one */
	size_t targets_n, targets_cap;
	size_t stored;               /* how many of them jm_intake_finish() has stored */
	const char **others;         /* recipients that are not ours, for the gateway; in the arena,
					NULL-terminated */
	size_t others_n, others_cap; /* with the NULL */
	struct jm_spool spool;       /* the message as received */
	struct jm_scratch scratch;
};

/* Make *in empty. spool_dir is borrowed for its life. */
void jm_intake_init(struct jm_intake *in, const char *spool_dir);

/* Begin a message under these settings (a reference is taken); whatever was there is dropped. */
void jm_intake_begin(struct jm_intake *in, struct jm_settings *settings);

/* Keep a copy of a string for the arrival; NULL stays NULL. LIMIT, TEMP. */
int jm_intake_keep(
    struct jm_intake *in, const char *text, const char **copy_r, struct jm_err *err) JM_MUST_CHECK;

/* Note an accepted journal recipient. TEMP, LIMIT. */
int jm_intake_add(struct jm_intake *in, const struct jm_service *service, struct jm_span recipient,
    struct jm_err *err) JM_MUST_CHECK;

/* Note a recipient that the message passes on to. TEMP, LIMIT. */
int jm_intake_pass(
    struct jm_intake *in, struct jm_span recipient, struct jm_err *err) JM_MUST_CHECK;

/* Store the message as ordinary mail that passes, with SMTP's envelope; 0 when it is durable. TEMP,
 * LIMIT. */
int jm_intake_gateway(struct jm_intake *in, struct jm_archive *archive,
    struct jm_receipt *receipt_r, struct jm_err *err) JM_MUST_CHECK;

/*
 * Unwrap and judge the message and store it once for each service it was sent to; 0 only when all
 * of it is durable. receipt_r is that of the last. A failure after the first service stores nothing
 * wrong: when the sender tries again, the archive knows the report. TEMP, LIMIT.
 */
int jm_intake_finish(struct jm_intake *in, struct jm_daemon *d, struct jm_receipt *receipt_r,
    struct jm_err *err) JM_MUST_CHECK;

/* Drop the message; the intake can begin another. */
void jm_intake_reset(struct jm_intake *in);

/* Free everything. */
void jm_intake_release(struct jm_intake *in);

#endif
