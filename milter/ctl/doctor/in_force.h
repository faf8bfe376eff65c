/* SPDX-License-Identifier: BSD-2-Clause */
/* Doctor: the daemon, and the settings that it works with. */
#ifndef JM_MILTER_CTL_DOCTOR_IN_FORCE_H
#define JM_MILTER_CTL_DOCTOR_IN_FORCE_H

#include "milter/ctl/doctor/finding.h"

/* Check that the daemon answers, that it has the settings of the file, the state of its services,
 * and its systemd unit. d->settings must not be NULL. */
void jm_doctor_daemon(struct jm_doctor *d);

#endif
