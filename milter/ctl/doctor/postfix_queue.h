/* SPDX-License-Identifier: BSD-2-Clause */
/* Doctor: Postfix' queue: its room, and journal mail that waits in it. */
#ifndef JM_MILTER_CTL_DOCTOR_POSTFIX_QUEUE_H
#define JM_MILTER_CTL_DOCTOR_POSTFIX_QUEUE_H

#include "milter/ctl/doctor/finding.h"
#include "milter/ctl/doctor/postfix_conf.h"

/* Check the room that a listener wants for a message. */
void jm_doctor_postfix_room(struct jm_doctor *d, const struct jm_postfix *p, const char *listener);

/* Check the queue for mail of the journal domains, how long mail stays in it, and the limits of
 * mailboxes. d->settings must not be NULL. */
void jm_doctor_postfix_queue(struct jm_doctor *d, const struct jm_postfix *p);

/* Journal mail that waits in an MTA's queue, for a finding. */
struct jm_doctor_waiting {
	size_t n;
	int64_t oldest_ms;
	char id[64];       /* of the oldest */
	char service[256]; /* its journal address */
	char reason[400];  /* why it waits */
};

/* Count a message that waits for address, if that is at a journal domain. True when it is. */
bool jm_doctor_wait(struct jm_doctor *d, struct jm_doctor_waiting *w, const char *address,
    const char *id, int64_t since_ms, const char *reason);

/* Add the finding, if mail waits. change: NULL or the command. */
void jm_doctor_judge_waiting(
    struct jm_doctor *d, const struct jm_doctor_waiting *w, const char *change);

#endif
