/* SPDX-License-Identifier: BSD-2-Clause */
/* jmctl status: figures and state of the archive and the daemon. */
#ifndef JM_MILTER_CTL_ASK_STATUS_H
#define JM_MILTER_CTL_ASK_STATUS_H

/* Run the verb: argv[0] is its name. Returns the exit code. */
int jm_ctl_status(int argc, char **argv);

#endif
