/* SPDX-License-Identifier: BSD-2-Clause */
/* jmctl doctor: look for every known way to lose mail. */
#ifndef JM_MILTER_CTL_DOCTOR_DOCTOR_H
#define JM_MILTER_CTL_DOCTOR_DOCTOR_H

/* Run the verb: argv[0] is its name. Returns the exit code. */
int jm_ctl_doctor(int argc, char **argv);

#endif
