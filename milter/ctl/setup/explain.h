/* SPDX-License-Identifier: BSD-2-Clause */
/* jmctl explain: what would become of a message, and which setting decides. */
#ifndef JM_MILTER_CTL_SETUP_EXPLAIN_H
#define JM_MILTER_CTL_SETUP_EXPLAIN_H

/* Run the verb: argv[0] is its name. Returns the exit code. */
int jm_ctl_explain(int argc, char **argv);

#endif
