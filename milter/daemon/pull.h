/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One connection to a journal mailbox, in the order that loses nothing: list, retrieve with a
 * proven end, archive durably together with the mark, delete, quit, forget the marks of what the
 * server says is deleted. One thread talks to the server, a few others archive, so that they share
 * the disk's syncs.
 */
#ifndef JM_DAEMON_PULL_H
#define JM_DAEMON_PULL_H

#include "common/pop3/session.h"
#include "milter/daemon/daemon.h"
#include "milter/daemon/ids.h"

/* What a server confirmed to have deleted. */
struct jm_pull_gone {
	struct jm_ids bytes;   /* sorted: ids, each with its message's SHA-256 behind it */
	struct jm_ids staying; /* sorted: ids that were listed again, with the same bytes */
};

/* Of the server's certificate. */
struct jm_pull_certificate {
	char subject[256];
	int64_t until_ms; /* 0: none was seen */
};

struct jm_pull {
	struct jm_daemon *daemon;
	struct jm_settings *settings;     /* borrowed */
	const struct jm_service *service; /* of settings */
	struct jm_ids *failing; /* in and out: ids that could not be retrieved; they come last the
				   next time */
	struct jm_pull_gone *gone; /* in and out */
	bool (*stopped)(void *ctx);
	void *ctx;
	/* what happened */
	struct jm_pull_certificate certificate;
	bool surveyed;         /* the mailbox was listed; only then the next two mean something */
	uint64_t listed, left; /* messages in the mailbox; those that are still to be archived */
	uint64_t fetched, archived, deleted, failed;
	bool more; /* there is work for another connection at once */
};

/* Connect and empty the mailbox up to the service's bounds. 0, or -1 with err (what was archived
 * before is kept, marked and counted). */
int jm_pull_run(struct jm_pull *p, struct jm_err *err) JM_MUST_CHECK;

#endif
