/* SPDX-License-Identifier: BSD-2-Clause */
/* jmctl list: the items of the archive. */
#ifndef JM_MILTER_CTL_ASK_LIST_H
#define JM_MILTER_CTL_ASK_LIST_H

/* Run the verb: argv[0] is its name. Returns the exit code. */
int jm_ctl_list(int argc, char **argv);

#endif
