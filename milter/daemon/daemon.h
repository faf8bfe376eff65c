/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the parts of the daemon share: the archive, the settings in force, counters, and who is
 * busy. main.c makes the one object; smtp.c, control.c and collectors use it. Everything here may
 * be called by any thread.
 */
#ifndef JM_DAEMON_DAEMON_H
#define JM_DAEMON_DAEMON_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

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
#include "common/service/admit.h"
#include "common/service/directory.h"
#include "common/service/quota.h"
#include "common/settings/settings.h"

struct jm_collector;

struct jm_daemon {
	struct jm_archive *archive;
	struct jm_directory *directory; /* known internal addresses; refreshed by
					   jm_daemon_refresh() */
	pthread_mutex_t refreshing;     /* whoever refreshes the directory, reloads, or closes the
					   archive */
	char *archive_dir, *spool_dir;  /* of the start: a reload changes neither */
	struct jm_collector *collector; /* see collect.h */
	int64_t started_ms;
	pthread_mutex_t lock;         /* guards all up to the counters */
	pthread_cond_t idle;          /* busy became 0 */
	struct jm_settings *settings; /* in force */
	struct jm_quota quota;
	unsigned busy; /* messages between their first recipient and their answer, sessions with
			  mailboxes, events on their way */
	bool closed;   /* the archive is: nothing begins any more */
	atomic_bool stopping;
	atomic_ullong received, archived, deferred, refused, passed; /* messages since the start */
};

/* Initialise *d around settings (the reference is taken over) . */
void jm_daemon_init(struct jm_daemon *d, struct jm_settings *settings);

/* The settings in force, with a reference for the caller. */
struct jm_settings *jm_daemon_settings(struct jm_daemon *d);

/* Load the file again and put the new settings into force, or keep the old ones; logs and notes
 * which, and why, and each change. actor: who wanted it. */
void jm_daemon_reload(struct jm_daemon *d, const char *actor);

/* Note each difference of two settings as an event; before the first, when there is one, headline
 * (NULL: none). */
void jm_daemon_note_changes(struct jm_daemon *d, const struct jm_settings *old,
    const struct jm_settings *now, const char *actor, const char *headline);

/* Read sources of the directory that are new or have changed; to be called by one thread, every
 * second or so. */
void jm_daemon_refresh(struct jm_daemon *d);

/* Log an event always and note it in the archive, unless its like was noted within the last minute;
 * those are counted and told with the next. parts of what makes it alike: kind, service, actor,
 * reason; reason NULL: like no other, each is noted. */
void jm_daemon_note(struct jm_daemon *d, const char *kind, const char *service, const char *actor,
    const char *reason, const char *text);

/* Something that needs the archive begins, ends. False when the archive is closed, or about to be:
 * then it must not begin. */
bool jm_daemon_busy(struct jm_daemon *d) JM_MUST_CHECK;
void jm_daemon_done(struct jm_daemon *d);

/* Refuse new messages and wait until none is in flight, or for grace_ms. False when some still are.
 */
bool jm_daemon_drain(struct jm_daemon *d, int64_t grace_ms);

/* The last before the archive is closed: nothing begins any more; wait for what has begun since the
 * drain. False when that takes longer. */
bool jm_daemon_shut(struct jm_daemon *d, int64_t grace_ms);

/* What only a running daemon knows, for "status"; the caller owns it. ctx is the struct jm_daemon.
 * NULL without memory. */
json_t *jm_daemon_state(void *ctx);

#endif
