/* SPDX-License-Identifier: BSD-2-Clause */
/* Lines of an MTA's settings that are not UTF-8. One thread. */
#ifndef JM_MILTER_CTL_DOCTOR_BYTES_H
#define JM_MILTER_CTL_DOCTOR_BYTES_H

#include "milter/ctl/doctor/finding.h"

/* Name the first line of a file, comments apart, that is not UTF-8: the checks and the MTA may read
 * it in different ways. */
void jm_doctor_bytes(struct jm_doctor *d, const char *path);

#endif
