/* SPDX-License-Identifier: BSD-2-Clause */
/* The settings and the machine: meaning of the settings, disk, clock, names. */
#ifndef JM_MILTER_CTL_DOCTOR_MACHINE_H
#define JM_MILTER_CTL_DOCTOR_MACHINE_H

#include "milter/ctl/doctor/finding.h"

/* The settings' meaning, and whether the daemon answers. */
void jm_doctor_settings(struct jm_doctor *d);

/* Archive folder, disk, publish folder, clock. */
void jm_doctor_machine(struct jm_doctor *d);

/* Whether the names of the journal domains resolve. */
void jm_doctor_dns(struct jm_doctor *d);

#endif
