/* SPDX-License-Identifier: BSD-2-Clause */
/* jmctl watch: messages and changes of services as they happen, a line each. */
#ifndef JM_MILTER_CTL_ASK_WATCH_H
#define JM_MILTER_CTL_ASK_WATCH_H

/* Run the verb: argv[0] is its name. Returns the exit code. */
int jm_ctl_watch(int argc, char **argv);

#endif
