/* SPDX-License-Identifier: BSD-2-Clause */
/* jmctl setup: write the files that journaling of a domain needs. */
#ifndef JM_MILTER_CTL_SETUP_SETUP_H
#define JM_MILTER_CTL_SETUP_SETUP_H

/* Run the verb: argv[0] is its name. Returns the exit code. */
int jm_ctl_setup(int argc, char **argv);

#endif
