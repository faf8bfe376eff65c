/* SPDX-License-Identifier: BSD-2-Clause */
/* Sendmail: its sendmail.cf, and the text of its tables. */
#ifndef JM_MILTER_CTL_DOCTOR_SENDMAIL_H
#define JM_MILTER_CTL_DOCTOR_SENDMAIL_H

#include "milter/ctl/doctor/finding.h"

/* Check the sendmail.cf d->sendmail. */
void jm_doctor_sendmail(struct jm_doctor *d);

#endif
