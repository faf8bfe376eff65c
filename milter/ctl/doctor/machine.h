/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The settings and the machine: what the settings mean, disk, clock, names of domains. Each
 * function does nothing when the settings could not be loaded.
 */
#ifndef JM_MILTER_CTL_DOCTOR_MACHINE_H
#define JM_MILTER_CTL_DOCTOR_MACHINE_H

#include "milter/ctl/doctor/finding.h"

/* Check what the settings mean, and whether the daemon answers. */
void jm_doctor_settings(struct jm_doctor *d);

/* Check the archive's folder, the disk, the publish folder and the clock. */
void jm_doctor_machine(struct jm_doctor *d);

/* Check that the names of the journal domains resolve. Asks name servers. */
void jm_doctor_dns(struct jm_doctor *d);

#endif
