/* SPDX-License-Identifier: BSD-2-Clause */
/* jmctl verify: re-read every record and compare. */
#ifndef JM_MILTER_CTL_ASK_VERIFY_H
#define JM_MILTER_CTL_ASK_VERIFY_H

/* Run the verb: argv[0] is its name. Returns the exit code. */
int jm_ctl_verify(int argc, char **argv);

#endif
