/* SPDX-License-Identifier: BSD-2-Clause */
/* The parts of the doctor's look at Sendmail. */
#ifndef JM_MILTER_CTL_DOCTOR_SENDMAIL_LISTEN_H
#define JM_MILTER_CTL_DOCTOR_SENDMAIL_LISTEN_H

#include "milter/ctl/doctor/finding.h"
#include "milter/ctl/doctor/sendmail_conf.h"

/* The listeners that hand their mail to the filter of that name: whether there is one, which
 * filters come besides, who listens at the ports. */
void jm_doctor_sendmail_listen(
    struct jm_doctor *d, const struct jm_sendmail *cf, const char *filter);

/* Whether TLS, a client's certificate and a login, where a service asks for them, can be had. */
void jm_doctor_sendmail_tls(struct jm_doctor *d, const struct jm_sendmail *cf);

#endif
