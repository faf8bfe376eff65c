/* SPDX-License-Identifier: BSD-2-Clause */
/* Doctor: the names of this machine in the DNS. */
#ifndef JM_MILTER_CTL_DOCTOR_NAMES_H
#define JM_MILTER_CTL_DOCTOR_NAMES_H

#include "milter/ctl/doctor/finding.h"

/*
 * Check that the journal domains, by which Exchange may find this machine, have an address. Asks
 * name servers, each name for at most 12 seconds. Does nothing when the settings could not be
 * loaded.
 */
void jm_doctor_dns(struct jm_doctor *d);

#endif
