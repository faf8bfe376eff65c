/* SPDX-License-Identifier: BSD-2-Clause */
/* jmctl events: the events of the archive. */
#ifndef JM_MILTER_CTL_ASK_EVENTS_H
#define JM_MILTER_CTL_ASK_EVENTS_H

/* The kinds of events, for the options that select by them (events, watch). */
#define JM_CTL_KINDS \
	"archived merged queued set-aside released expired refused deferred status " \
	"service-disabled reloaded started stopped recovered verified verify-failed ..."

/* Run the verb: argv[0] is its name. Returns the exit code. */
int jm_ctl_events(int argc, char **argv);

#endif
