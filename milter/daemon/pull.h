/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One session with a journal mailbox, in an order that loses nothing: list, retrieve each message
 * to its proven end, archive it durably together with its mark, or find that the archive has the
 * same bytes under this mark, delete it, quit, and forget the marks of what the server says it has
 * deleted. Nothing is deleted that the same session did not retrieve. One thread talks to the
 * server; a few others archive, so that several messages share one sync of the disk.
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
	 * not delete. They are left alone, and fetched and compared again now and then. */
	struct jm_ids staying;
	unsigned step, wait; /* sessions between two comparisons, and those that are left */
};

/* Messages of which the server sent far fewer bytes than LIST says. */
struct jm_pull_short {
	struct jm_ids bytes; /* keys, each followed by the SHA-256 of what came */
	bool usual; /* one of them came again with the same bytes: this server's sizes are wrong */
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
	struct jm_pull_gone *gone;   /* in and out */
	struct jm_pull_short *brief; /* in and out */
	/* In and out: keys of messages at which a session ended. The session leaves them out; with
	 * trial, it retrieves only one of them, the next one for each turn. */
	struct jm_ids *apart;
	bool trial;
	size_t turn;
	/* In and out: messages in one session; 0: the settings say. It is lowered when a session
	 * ends early, so that the next ones reach their QUIT, and is raised step by step. */
	uint64_t *most;
	bool careful;               /* the last session failed: have each message proved at once */
	bool (*stopped)(void *ctx); /* called often; true ends the session early, with an error */
	void (*counted)(void *ctx); /* called once the mailbox is listed */
	void *ctx;

	/* Set by the session: zero before it. */
	struct jm_pull_certificate certificate;
	bool surveyed; /* the mailbox was listed: only then the next four mean something */
	/* messages in the mailbox at the beginning and now; those of them still to be archived */
	uint64_t listed, held, left;
	uint64_t apart_n; /* those that are apart, without one that a trial has archived */
	uint64_t fetched, archived, known, deleted, failed; /* messages; known: archived before */
	bool more;                /* there is work for another session at once */
	enum jm_pop3_cause cause; /* of a failure */
};

/* Connect and empty the mailbox up to the limits of the service. Returns 0, or -1 with err: the
 * mailbox's, the network's or the archive's fault. Messages that were archived before a failure
 * stay archived, marked and counted. One thread per mailbox. */
int jm_pull_run(struct jm_pull *p, struct jm_err *err) JM_MUST_CHECK;

#endif
