/* SPDX-License-Identifier: BSD-2-Clause */
/* Sendmail's listeners: their filters, ports, TLS and logins. */
#ifndef JM_MILTER_CTL_DOCTOR_SENDMAIL_LISTEN_H
#define JM_MILTER_CTL_DOCTOR_SENDMAIL_LISTEN_H

#include "milter/ctl/doctor/finding.h"
#include "milter/ctl/doctor/sendmail_conf.h"

/*
 * Check the listeners that use the filter of that name: that there is one, the order of filters,
 * ports and addresses.
 */
void jm_doctor_sendmail_listen(
    struct jm_doctor *d, const struct jm_sendmail *cf, const char *filter);

/* Check that TLS, client certificates and logins are available when a service requires them. */
void jm_doctor_sendmail_tls(struct jm_doctor *d, const struct jm_sendmail *cf, const char *filter);

#endif
