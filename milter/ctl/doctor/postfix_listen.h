/* SPDX-License-Identifier: BSD-2-Clause */
/* Postfix' listeners: the programs at their ports, and the machines that can reach them. */
#ifndef JM_MILTER_CTL_DOCTOR_POSTFIX_LISTEN_H
#define JM_MILTER_CTL_DOCTOR_POSTFIX_LISTEN_H

#include "milter/ctl/doctor/finding.h"
#include "milter/ctl/doctor/postfix_conf.h"

/*
 * Check a listener ("smtp/inet", "127.0.0.1:25/inet"): does Postfix run and listen there, does
 * another listener want its port, can others reach it, what does it answer? place: the service with
 * the port, listener itself or the postscreen in front of it. d->settings must not be NULL.
 */
void jm_doctor_listen(
    struct jm_doctor *d, const struct jm_postfix *p, const char *listener, const char *place);

#endif
