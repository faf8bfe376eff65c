/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where Postfix sends mail of the journal domains that passed the milter, and which clients bypass
 * the milter.
 */
#ifndef JM_MILTER_CTL_DOCTOR_ROUTE_H
#define JM_MILTER_CTL_DOCTOR_ROUTE_H

#include "milter/ctl/doctor/finding.h"
#include "milter/ctl/doctor/postfix_conf.h"

/*
 * Check the class, the recipients and the transport of each journal domain, and whether this
 * machine relays for strangers.
 */
void jm_doctor_route(struct jm_doctor *d, const struct jm_postfix *p);

/*
 * Check smtpd_milter_maps of a listener: does it exclude an authorized address from the milter?
 * d->settings must not be NULL.
 */
void jm_doctor_route_clients(struct jm_doctor *d, const struct jm_postfix *p, const char *listener);

#endif
