/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The answers of a listener to a session like that of Exchange, up to RCPT TO: they are those that
 * reports get, whatever the settings seem to say.
 */
#ifndef JM_MILTER_CTL_DOCTOR_TALK_H
#define JM_MILTER_CTL_DOCTOR_TALK_H

#include "milter/ctl/doctor/finding.h"

/* A listener. All texts are borrowed. */
struct jm_doctor_listener {
	const char *shown; /* in the text of a finding */
	const char *host;  /* an IP address to connect to */
	unsigned port;
	bool wrapped; /* TLS from the first byte */
	/* Write the command that corrects a refusal with this text; NULL: it is not known. */
	const char *(*cure)(void *ctx, const char *answer);
	void *ctx;
};

/*
 * Speak SMTP to a listener: as the journal sender and as the null sender, to each enabled service
 * with transport SMTP. d->settings must not be NULL. At most 30 seconds.
 */
void jm_doctor_talk(struct jm_doctor *d, const struct jm_doctor_listener *l);

#endif
