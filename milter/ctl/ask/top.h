/* SPDX-License-Identifier: BSD-2-Clause */
/* jmctl top: the state of the daemon, redrawn every two seconds. */
#ifndef JM_MILTER_CTL_ASK_TOP_H
#define JM_MILTER_CTL_ASK_TOP_H

/* Run the verb: argv[0] is its name. Returns the exit code. */
int jm_ctl_top(int argc, char **argv);

#endif
