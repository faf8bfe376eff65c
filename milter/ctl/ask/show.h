/* SPDX-License-Identifier: BSD-2-Clause */
/* jmctl show: one item with all that is known about it. */
#ifndef JM_MILTER_CTL_ASK_SHOW_H
#define JM_MILTER_CTL_ASK_SHOW_H

/* Run the verb: argv[0] is its name. Returns the exit code. */
int jm_ctl_show(int argc, char **argv);

#endif
