/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ports and addresses of an MTA, Postfix or Sendmail: the program that listens, and the machines
 * that can reach it.
 */
#ifndef JM_MILTER_CTL_DOCTOR_PORT_H
#define JM_MILTER_CTL_DOCTOR_PORT_H

#include "common/base/span.h"
#include "milter/ctl/doctor/finding.h"

/* Read a port, given as a number or a name ("smtp"). 0 with *port, or -1 for an unknown name. */
int jm_doctor_port(struct jm_span name, uint64_t *port);

/* An MTA in the texts of findings. start, reload: the commands that start it, and that make it read
 * its settings. */
struct jm_doctor_mta {
	const char *name, *start, *reload;
};

/*
 * Check that the MTA runs and listens at the port, and that no other program does. running: whether
 * it runs; shown: the listener in the text of a finding. Waits up to 5 s for the port of a running
 * MTA, since a reload takes time.
 */
void jm_doctor_listener(struct jm_doctor *d, const struct jm_doctor_mta *mta, bool running,
    uint64_t port, const char *shown);

/* Does a program of this machine listen at the port now? */
bool jm_doctor_is_listening(uint64_t port);

/* Is it an address of this machine? */
bool jm_doctor_is_own(const struct jm_cidr *c);

/*
 * True when only this machine can reach a listener's address ("127.0.0.1", "[::1]", "localhost")
 * although a service accepts mail from others. d->settings must not be NULL.
 */
bool jm_doctor_unreachable(const struct jm_doctor *d, struct jm_span host);

#endif
