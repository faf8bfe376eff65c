/* SPDX-License-Identifier: BSD-2-Clause */
/* jmctl unwrap: unwrap one message by the rules, and print the result. */
#ifndef JM_MILTER_CTL_SETUP_UNWRAP_H
#define JM_MILTER_CTL_SETUP_UNWRAP_H

/* Run the verb: argv[0] is its name. Returns the exit code. */
int jm_ctl_unwrap(int argc, char **argv);

#endif
