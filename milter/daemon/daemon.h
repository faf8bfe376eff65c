/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The state that the daemon's parts share: the archive, the settings in force, the count of work in
 * progress, and the parts that other parts report to. main.c owns the one object and passes it to
 * every part. It lives until the process ends, because the threads of SMTP sessions may outlive
 * everything else. Every function here may be called by any thread.
 *
 * The threads: main (libmilter's listener), one per SMTP session (pool.c), the keeper and the
 * directory's reader (main.c), one per journal mailbox and its workers (collect.c, pull.c), the
 * queue's (queue.c), the watch's (watch.c), the publisher's (publisher.c), the watchdog's
 * (notify.c), the control socket's and its clients' (control.c), the one that ends a stop that
 * hangs (ending.c), and the archive's own two.
 *
 * The locks. A thread that holds a lock takes only locks of a later row:
 *
 *   1  jm_publisher.round      held during a round of publishing          publisher.c
 *   2  jm_watchdog.asking      held while the archive is asked            notify.c
 *   3  jm_daemon.refreshing    see below                                  main.c, reload.c, kept.c
 *   4  jm_daemon.lock          see below                                  daemon.c
 *      jm_collector.lock       the list of pollers and their states       collect.c
 *      jm_watch.lock           counts that wait, states of services       watch.c
 *      jm_clients.lock         the rows                                   clients.c
 *      jm_smtp.lock            the list of waiting sessions               smtp.c
 *      work.lock               slots and results of one POP3 session      pull.c
 *   5  the locks inside the archive and the directory (common/)
 *
 * A thread holds at most one lock of row 4. While it does, it calls neither the archive nor the
 * directory and notes no event; it may log. Two things under a lock of row 4 take time:
 * jm_smtp.lock is held while libmilter sends a progress packet, and jm_collector.lock while a
 * poller's thread is joined, which has given up all locks by then.
 *
 * When the process stops, main takes the locks of rows 1 to 3 in this order and never gives them
 * back: the threads that want one then wait for ever, and the archive can be closed.
 */
#ifndef JM_DAEMON_DAEMON_H
#define JM_DAEMON_DAEMON_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "common/archive/archive.h"
#include "common/service/admit.h"
#include "common/service/directory.h"
#include "common/service/quota.h"
#include "common/settings/settings.h"
#include "common/volume/metadata.h"

struct jm_clients;
struct jm_collector;
struct jm_watch;

struct jm_daemon {
	/*
	 * Owned by main.c, which sets them before it starts the threads that use them. They do not
	 * change afterwards, with one exception: main.c closes the archive (NULL from then on)
	 * after jm_daemon_shut() and after it has stopped the threads that do not call
	 * jm_daemon_busy().
	 */
	struct jm_archive *archive;
	struct jm_directory *directory; /* known internal addresses */
	char *archive_dir, *spool_dir;  /* of the start: a reload changes neither */
	int64_t started_ms;

	/* Each made and set by its own file, before any thread uses it; each has a lock of its own.
	 */
	struct jm_clients *clients;
	struct jm_watch *watch;
	struct jm_collector *collector;

	/* Held while the directory is read, while settings are loaded again or kept, and, for good,
	 * when the archive is closed. */
	pthread_mutex_t refreshing;
	/* These two belong to kept.c and are guarded by refreshing. */
	struct jm_settings *to_keep; /* settings still to be kept; NULL: none */
	uint64_t to_keep_after;      /* keep them once this many events are durable */

	pthread_mutex_t lock; /* guards the fields up to closed; they are daemon.c's */
	pthread_cond_t idle;  /* busy became 0 */
	/* In force; reload.c replaces them by jm_daemon_put_in_force(). */
	struct jm_settings *settings;
	struct jm_quota quota; /* of repeated events */
	/* Messages between their first recipient and their answer, sessions with mailboxes, events
	 * being noted. */
	unsigned busy;
	bool closed; /* the archive is closed, or about to be: nothing begins any more */

	/* Written by smtp.c and collect.c, and by jm_daemon_drain(): never false again. */
	atomic_bool stopping;
	/* Messages since the start; counted by smtp.c and pull.c. */
	atomic_ullong received, archived, deferred, refused, passed;
};

/* Initialise *d around settings, whose reference passes to *d. To be called once, before there are
 * threads. */
void jm_daemon_init(struct jm_daemon *d, struct jm_settings *settings);

/* Return the settings in force with a reference, which the caller gives back with
 * jm_settings_unref(). */
struct jm_settings *jm_daemon_settings(struct jm_daemon *d);

/* Replace the settings in force by settings, of which *d takes a reference of its own. */
void jm_daemon_put_in_force(struct jm_daemon *d, struct jm_settings *settings);

/* Return the service of settings with exactly this email address, enabled or not. NULL when no
 * service has it. Borrowed from settings. */
const struct jm_service *jm_daemon_service(
    const struct jm_settings *settings, const char *email_address);

/*
 * Log an event and note it in the archive. When a similar one was noted within the last minute, it
 * is only logged and counted; the next one that is noted says how many were not.
 *
 * Two events are similar when kind, service, actor and reason are equal. With reason NULL every
 * event is noted. service and actor may be NULL. All strings are borrowed for the call. An event
 * that cannot be noted is logged as lost.
 */
void jm_daemon_note(struct jm_daemon *d, const char *kind, const char *service, const char *actor,
    const char *reason, const char *text);

/* The same without a limit on similar events, for a caller with several at once: wait up to wait_ms
 * for room when there are too many. The event's time is now. */
void jm_daemon_note_within(struct jm_daemon *d, struct jm_event event, int64_t wait_ms);

/* Begin work that needs the archive: it stays open until jm_daemon_done(), to be called once for
 * each success. False when the archive is closed or about to be; then the work must not begin. */
bool jm_daemon_busy(struct jm_daemon *d) JM_MUST_CHECK;
void jm_daemon_done(struct jm_daemon *d);

/* How much work of this kind is in progress. */
unsigned jm_daemon_in_flight(struct jm_daemon *d);

/* Refuse new messages and wait until no work is in progress, for at most grace_ms. False when it
 * still is. */
bool jm_daemon_drain(struct jm_daemon *d, int64_t grace_ms);

/* Let no work begin any more, and wait for what has begun since the drain, for at most grace_ms.
 * True when the archive may be closed. */
bool jm_daemon_shut(struct jm_daemon *d, int64_t grace_ms);

#endif
