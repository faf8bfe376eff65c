/* SPDX-License-Identifier: BSD-2-Clause */
/* jmctl events: the events of the archive. */
#ifndef JM_MILTER_CTL_ASK_EVENTS_H
#define JM_MILTER_CTL_ASK_EVENTS_H

/* Run the verb: argv[0] is its name. Returns the exit code. */
int jm_ctl_events(int argc, char **argv);

#endif
