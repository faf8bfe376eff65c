/* SPDX-License-Identifier: BSD-2-Clause */
/* jmctl queue and jmctl set-aside: messages that are not in the archive (yet). */
#ifndef JM_MILTER_CTL_ASK_QUEUE_H
#define JM_MILTER_CTL_ASK_QUEUE_H

/* Run the verbs: argv[0] is its name. Returns the exit code. */
int jm_ctl_queue(int argc, char **argv);
int jm_ctl_set_aside(int argc, char **argv);

#endif
