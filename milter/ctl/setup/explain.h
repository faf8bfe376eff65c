/* SPDX-License-Identifier: BSD-2-Clause */
/* jmctl explain: the outcome of a message, and the settings that decide it. */
#ifndef JM_MILTER_CTL_SETUP_EXPLAIN_H
#define JM_MILTER_CTL_SETUP_EXPLAIN_H

/* Run the verb: argv[0] is its name. Returns the exit code. */
int jm_ctl_explain(int argc, char **argv);

#endif
