/* SPDX-License-Identifier: BSD-2-Clause */
/* jmctl watch: what happens, line by line. */
#ifndef JM_MILTER_CTL_ASK_WATCH_H
#define JM_MILTER_CTL_ASK_WATCH_H

/* Run the verb: argv[0] is its name. Returns the exit code. */
int jm_ctl_watch(int argc, char **argv);

#endif
