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

/* The files of the MTA's TLS. */
struct jm_doctor_certificate {
	const char *path, *key; /* key: NULL: in the same file; "": no key is checked */
	const char *change;     /* the lines that name other files */
};

/*
 * Check a certificate of the MTA and its key: unreadable, expired, about to expire, for another
 * name, made by itself, a key of another certificate, or one that others can read.
 */
void jm_doctor_certificate(struct jm_doctor *d, const struct jm_doctor_certificate *c);

/* Do senders check the certificate? True when a service wants TLS, or Microsoft 365 sends. */
bool jm_doctor_is_checked(const struct jm_doctor *d);

#endif
