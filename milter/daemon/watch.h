/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The watch over the services: it counts what was accepted, refused or deferred for each, and keeps
 * each service's status (common/service/service_status.h). Those who receive mail report to it; it
 * asks nobody but the archive.
 *
 * Counts of attempts that leave no message in the archive wait here until they are written: within
 * about a second, or when the archive can write again. A thread of its own writes them and notes
 * changes of status as events. All other functions may be called by any thread, at any time after
 * jm_watch_start().
 */
#ifndef JM_DAEMON_WATCH_H
#define JM_DAEMON_WATCH_H

#include "common/service/service_status.h"
#include "milter/daemon/daemon.h"

struct jm_intake;
struct jm_watch;

/* Read from the archive what status the services had, set d->watch and start the thread. d->watch
 * lives as long as the process. TEMP. */
int jm_watch_start(struct jm_daemon *d, struct jm_err *err) JM_MUST_CHECK;

/* Write the counts a last time and end the thread: the archive may be closed afterwards. Counts
 * that come later are lost. w may be NULL. To be called once. */
void jm_watch_stop(struct jm_watch *w);

/* Count a recipient that was refused (5xx) or else deferred (4xx). service is an email address, or
 * NULL when no service has the recipient's address. reason is printable and static. */
void jm_watch_recipient(struct jm_watch *w, const char *service, bool refused, const char *reason);

/* Count a message of this service that was not archived and whose sender got 4xx. */
void jm_watch_deferred(struct jm_watch *w, const char *service);

/* Report that a message of this service is in the archive. */
void jm_watch_message(struct jm_watch *w, const char *service);

/* Report the result of an intake: for each of its services one of the two above, by in->stored. */
void jm_watch_intake(struct jm_watch *w, const struct jm_intake *in);

/* Report the last session with the journal mailbox of this service: it failed with fault, whose
 * cure is static, or (NULL) it succeeded, which is a successful extract, and the server did not
 * deliver so many messages. */
void jm_watch_mailbox(struct jm_watch *w, const char *service, const struct jm_err *fault,
    const char *cure, uint64_t unretrievable);

/* Report that the mailbox of this service is no longer polled. Its last result no longer counts. */
void jm_watch_mailbox_left(struct jm_watch *w, const char *service);

/* Return when the service's last successful extract was: a message, or a session with its mailbox;
 * 0 before the first one. */
int64_t jm_watch_extract_ms(struct jm_watch *w, const char *service);

/* Copy the status of a service to *s_r, also when the archive could not record it. False when it is
 * not known yet; *s_r is untouched then. */
bool jm_watch_standing(struct jm_watch *w, const char *service, struct jm_service_status *s_r);

#endif
