/* SPDX-License-Identifier: BSD-2-Clause */
/* jmctl check: check a settings file and print a summary of it. */
#ifndef JM_MILTER_CTL_SETUP_CHECK_H
#define JM_MILTER_CTL_SETUP_CHECK_H

/* Run the verb: argv[0] is its name. Returns the exit code. */
int jm_ctl_check(int argc, char **argv);

#endif
