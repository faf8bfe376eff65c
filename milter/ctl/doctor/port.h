/* SPDX-License-Identifier: BSD-2-Clause */
/* Ports and addresses of an MTA, whichever it is: who listens there, and for whom. */
#ifndef JM_MILTER_CTL_DOCTOR_PORT_H
#define JM_MILTER_CTL_DOCTOR_PORT_H

#include "common/base/span.h"
#include "milter/ctl/doctor/finding.h"

/* The number of a port, written as one or as a name ("smtp"). 0, or -1 for an unknown name. */
int jm_doctor_port(struct jm_span name, uint64_t *port);

/* An MTA as the findings name it. */
struct jm_doctor_mta {
	const char *group, *name, *start, *reload; /* the commands that start it, and that make it
						      read its settings */
};

/* Does it run, and somebody listen at the port; does the listener (as shown) belong to it? */
void jm_doctor_listener(struct jm_doctor *d, const struct jm_doctor_mta *mta, bool running,
    uint64_t port, const char *shown);

/* Is a listener's address ("127.0.0.1", "[::1]", "localhost") this machine's alone, while a service
 * lets others send? */
bool jm_doctor_unreachable(const struct jm_doctor *d, struct jm_span host);

#endif
