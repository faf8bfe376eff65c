/* SPDX-License-Identifier: BSD-2-Clause */
/* Doctor: postscreen(8) in front of a Postfix listener. */
#ifndef JM_MILTER_CTL_DOCTOR_POSTSCREEN_H
#define JM_MILTER_CTL_DOCTOR_POSTSCREEN_H

#include "milter/ctl/doctor/finding.h"
#include "milter/ctl/doctor/postfix_conf.h"

/*
 * The postscreen service that hands its clients to a listener of type "pass" ("smtpd/pass"); NULL
 * without one. Borrowed from p.
 */
const char *jm_doctor_postscreen_of(const struct jm_postfix *p, const char *listener);

/* Check the tests of a postscreen service, for the clients that hand in reports. d->settings must
 * not be NULL. */
void jm_doctor_postscreen(struct jm_doctor *d, const struct jm_postfix *p, const char *postscreen);

#endif
