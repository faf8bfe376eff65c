/* SPDX-License-Identifier: BSD-2-Clause */
/* TLS and logins: the services' requirements on an MTA, and its certificate. */
#ifndef JM_MILTER_CTL_DOCTOR_TLS_H
#define JM_MILTER_CTL_DOCTOR_TLS_H

#include "milter/ctl/doctor/finding.h"

/* Requirements on the MTA: each is set when at least one enabled service with transport SMTP has
 * it. */
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
