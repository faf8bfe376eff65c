/* SPDX-License-Identifier: BSD-2-Clause */
/* Doctor: where Postfix sends mail of the journal domains that passed the milter, and which clients
 * the milter is shown. */
#ifndef JM_MILTER_CTL_DOCTOR_ROUTE_H
#define JM_MILTER_CTL_DOCTOR_ROUTE_H

#include "milter/ctl/doctor/finding.h"
#include "milter/ctl/doctor/postfix_conf.h"

/* relay_domains, relay_recipient_maps and transport of each journal domain. */
void jm_doctor_route(struct jm_doctor *d, const struct jm_postfix *p);

/* smtpd_milter_maps of a listener: does it keep an authorized address away from the milter? */
void jm_doctor_route_clients(struct jm_doctor *d, const struct jm_postfix *p, const char *listener);

#endif
