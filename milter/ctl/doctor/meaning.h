/* SPDX-License-Identifier: BSD-2-Clause */
/* Doctor: what the settings mean, and the files and users that they name. */
#ifndef JM_MILTER_CTL_DOCTOR_MEANING_H
#define JM_MILTER_CTL_DOCTOR_MEANING_H

#include "milter/ctl/doctor/finding.h"

/* Check what the settings mean. Does nothing when they could not be loaded. */
void jm_doctor_settings(struct jm_doctor *d);

#endif
