/* SPDX-License-Identifier: BSD-2-Clause */
/* Doctor: single settings of a Postfix listener and of its cleanup service. */
#ifndef JM_MILTER_CTL_DOCTOR_POSTFIX_RULES_H
#define JM_MILTER_CTL_DOCTOR_POSTFIX_RULES_H

#include "milter/ctl/doctor/finding.h"
#include "milter/ctl/doctor/postfix_conf.h"

/* The largest message of Exchange, and Postfix' default limit. */
#define JM_EXCHANGE_MAX_BYTES 157286400
#define JM_POSTFIX_SIZE_LIMIT 10240000

/* Check the settings of a listener ("smtp/inet") and of its cleanup service ("jcleanup/unix"). */
void jm_doctor_postfix_rules(
    struct jm_doctor *d, const struct jm_postfix *p, const char *listener, const char *cleanup);

#endif
