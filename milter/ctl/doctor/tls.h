/* SPDX-License-Identifier: BSD-2-Clause */
/* TLS and logins: what the services require of an MTA, and the certificate that it has. */
#ifndef JM_MILTER_CTL_DOCTOR_TLS_H
#define JM_MILTER_CTL_DOCTOR_TLS_H

#include "milter/ctl/doctor/finding.h"

/* What at least one enabled service with transport SMTP requires of the MTA. */
struct jm_doctor_wants {
	bool tls, client_certificate, login;
};
struct jm_doctor_wants jm_doctor_wants(const struct jm_doctor *d);

/*
 * Check a certificate file of the MTA: unreadable, expired, or about to expire. setting: the line
 * to change.
 */
void jm_doctor_certificate(struct jm_doctor *d, const char *setting, const char *path);

#endif
