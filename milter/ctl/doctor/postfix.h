/* SPDX-License-Identifier: BSD-2-Clause */
/* Postfix: its listeners, their milters and their cleanup service. */
#ifndef JM_MILTER_CTL_DOCTOR_POSTFIX_H
#define JM_MILTER_CTL_DOCTOR_POSTFIX_H

#include "milter/ctl/doctor/finding.h"

/* Check the Postfix whose configuration folder is d->postfix. */
void jm_doctor_postfix(struct jm_doctor *d);

#endif
