/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The access restrictions of a Postfix listener, applied to the clients, sender and recipients of
 * journal reports: a session of this machine cannot try those that depend on the client.
 */
#ifndef JM_MILTER_CTL_DOCTOR_RESTRICT_H
#define JM_MILTER_CTL_DOCTOR_RESTRICT_H

#include "milter/ctl/doctor/cure.h"

/* Check smtpd_client_restrictions to smtpd_end_of_data_restrictions of a listener, and whether it
 * relays for everybody. d->settings must not be NULL. */
void jm_doctor_restrictions(struct jm_doctor *d, const struct jm_postfix *p, const char *listener);

/*
 * The command that corrects a refusal of Postfix, by its text ("Client host rejected"): it lets
 * mail for the journal domains pass that list of restrictions. NULL: the text is another one.
 */
const char *jm_doctor_restriction_cure(char *text, const struct jm_doctor *d,
    const struct jm_postfix *p, const char *listener, const char *answer);

/* Is the address in one of the networks of a list like mynetworks? Tables and files are not
 * read. */
bool jm_doctor_in_networks(const char *list, const struct jm_cidr *address);

#endif
