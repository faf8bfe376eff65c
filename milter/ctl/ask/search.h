/* SPDX-License-Identifier: BSD-2-Clause */
/* jmctl search: the items that match criteria. */
#ifndef JM_MILTER_CTL_ASK_SEARCH_H
#define JM_MILTER_CTL_ASK_SEARCH_H

/* Run the verb: argv[0] is its name. Returns the exit code. */
int jm_ctl_search(int argc, char **argv);

#endif
