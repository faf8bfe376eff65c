/* SPDX-License-Identifier: BSD-2-Clause */
/* Doctor: options, rules and the queue of Sendmail that refuse or delay reports. */
#ifndef JM_MILTER_CTL_DOCTOR_SENDMAIL_RULES_H
#define JM_MILTER_CTL_DOCTOR_SENDMAIL_RULES_H

#include "milter/ctl/doctor/finding.h"
#include "milter/ctl/doctor/sendmail_conf.h"

/* Check the options, and the rules that features of sendmail.mc add. d->settings must not be
 * NULL. */
void jm_doctor_sendmail_rules(struct jm_doctor *d, const struct jm_sendmail *cf);

/* Check the queue for mail of the journal domains, and its disk. d->settings must not be NULL. */
void jm_doctor_sendmail_queue(struct jm_doctor *d, const struct jm_sendmail *cf);

#endif
