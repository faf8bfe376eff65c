/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The findings of jmctl doctor, and what its checks work on. doctor.c calls the groups of checks in
 * turn (machine.h, postfix.h, sendmail.h). A check changes nothing on the machine; it adds a
 * finding with the line to change, or nothing. One thread.
 */
#ifndef JM_MILTER_CTL_DOCTOR_FINDING_H
#define JM_MILTER_CTL_DOCTOR_FINDING_H

#include <jansson.h>
#include <stdbool.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/span.h"
#include "common/settings/settings.h"

/* In the order of severity; also the exit codes. */
enum jm_doctor_level { JM_DOCTOR_OK, JM_DOCTOR_WARN, JM_DOCTOR_FAIL };

/* "ok", "warn", "FAIL". Static storage. */
const char *jm_doctor_level_name(enum jm_doctor_level level);

struct jm_doctor {
	const char *config;   /* the settings file */
	const char *postfix;  /* Postfix' configuration folder; NULL: do not check Postfix */
	const char *sendmail; /* sendmail.cf; NULL: do not check Sendmail */
	bool dns;
	const char *group; /* of the findings that are added now; each group of checks sets it */
	const struct jm_settings *settings; /* NULL when they could not be loaded */
	json_t *findings;                   /* owned: {level, group, name, text, change} each */
	enum jm_doctor_level worst;
};

/*
 * Add a finding to d->group. name: the problem in kebab-case, for programs; change: the line to
 * change, or NULL; then what is wrong, printf-style. Cannot fail: without memory it prints the
 * finding on standard error.
 */
void jm_doctor_add(struct jm_doctor *d, enum jm_doctor_level level, const char *name,
    const char *change, const char *fmt, ...) JM_PRINTF(5, 6);

#endif
