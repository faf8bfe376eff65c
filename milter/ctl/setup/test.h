/* SPDX-License-Identifier: BSD-2-Clause */
/* jmctl test: try a journal mailbox (POP3) step by step. */
#ifndef JM_MILTER_CTL_SETUP_TEST_H
#define JM_MILTER_CTL_SETUP_TEST_H

/* Run the verb: argv[0] is its name. Returns the exit code. */
int jm_ctl_test(int argc, char **argv);

#endif
