/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One session with a journal mailbox, in an order that loses nothing: list, retrieve each message
 * to its proven end, archive it durably together with its mark, delete it, quit, and forget the
 * marks of what the server says it has deleted. One thread talks to the server; a few others
 * archive, so that several messages share one sync of the disk.
 */
#ifndef JM_DAEMON_PULL_H
#define JM_DAEMON_PULL_H

#include "common/pop3/cause.h"
#include "milter/daemon/daemon.h"
#include "milter/daemon/ids.h"

/* The messages that a server has confirmed to be deleted, remembered from one session to the next.
 */
struct jm_pull_gone {
	struct jm_ids bytes; /* ids, each followed by the SHA-256 of its message */
	/* Ids that were listed again with the same bytes: the server confirms deletions and does
	 * not delete. */
	struct jm_ids staying;
};

/* The server's certificate. */
struct jm_pull_certificate {
	char subject[256];
	int64_t until_ms; /* when it expires; 0: the server sent no certificate */
};

struct jm_pull {
	/* Set by the caller, borrowed for the session. */
	struct jm_daemon *daemon;
	struct jm_settings *settings;
	const struct jm_service *service; /* of settings */
	/* In and out: ids that could not be retrieved; the next session retrieves them last. */
	struct jm_ids *failing;
	struct jm_pull_gone *gone;  /* in and out */
	bool (*stopped)(void *ctx); /* called often; true ends the session early, with an error */
	void (*counted)(void *ctx); /* called once the mailbox is listed */
	void *ctx;

	/* Set by the session: zero before it. */
	struct jm_pull_certificate certificate;
	bool surveyed; /* the mailbox was listed: only then the next three mean something */
	/* messages in the mailbox at the beginning and now; those of them still to be archived */
	uint64_t listed, held, left;
	uint64_t fetched, archived, deleted, failed; /* messages */
	bool more;                                   /* there is work for another session at once */
	enum jm_pop3_cause cause;                    /* of a failure */
};

/* Connect and empty the mailbox up to the limits of the service. Returns 0, or -1 with err: the
 * mailbox's, the network's or the archive's fault. Messages that were archived before a failure
 * stay archived, marked and counted. One thread per mailbox. */
int jm_pull_run(struct jm_pull *p, struct jm_err *err) JM_MUST_CHECK;

#endif
