/* SPDX-License-Identifier: BSD-2-Clause */
/* Postfix' listeners: who listens at their ports, and for whom. */
#ifndef JM_MILTER_CTL_DOCTOR_POSTFIX_LISTEN_H
#define JM_MILTER_CTL_DOCTOR_POSTFIX_LISTEN_H

#include "milter/ctl/doctor/finding.h"
#include "milter/ctl/doctor/postfix_conf.h"

/* Does Postfix run and listen there, and nobody else? */
void jm_doctor_listen(struct jm_doctor *d, const struct jm_postfix *p, const char *listener);

#endif
