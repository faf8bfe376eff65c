/* SPDX-License-Identifier: BSD-2-Clause */
/* TLS and logins: what the services want of an MTA, and its certificate. */
#ifndef JM_MILTER_CTL_DOCTOR_TLS_H
#define JM_MILTER_CTL_DOCTOR_TLS_H

#include "milter/ctl/doctor/finding.h"

/* What the services that SMTP brings want of the MTA, any of them. */
struct jm_doctor_wants {
	bool tls, client_certificate, login;
};
struct jm_doctor_wants jm_doctor_wants(const struct jm_doctor *d);

/* A certificate file of the MTA: expired, or soon. group, setting: for the finding. */
void jm_doctor_certificate(
    struct jm_doctor *d, const char *group, const char *setting, const char *path);

#endif
