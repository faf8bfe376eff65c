/* SPDX-License-Identifier: BSD-2-Clause */
/* Doctor: the machine. */
#ifndef JM_MILTER_CTL_DOCTOR_MACHINE_H
#define JM_MILTER_CTL_DOCTOR_MACHINE_H

#include "milter/ctl/doctor/finding.h"

/* Check the archive's folder, the disk, the publish folder and the clock. Does nothing when the
 * settings could not be loaded. */
void jm_doctor_machine(struct jm_doctor *d);

/* Was the archive made in the last four weeks? */
bool jm_doctor_is_new(const struct jm_doctor *d);

#endif
