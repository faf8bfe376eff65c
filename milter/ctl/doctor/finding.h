/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The findings of jmctl doctor, and what its checks work on. doctor.c calls the groups of checks in
 * turn (machine.h, postfix.h, sendmail.h). A check changes nothing on the machine. It begins with
 * jm_doctor_check(), which counts it, and adds a finding when it found something. One thread.
 */
#ifndef JM_MILTER_CTL_DOCTOR_FINDING_H
#define JM_MILTER_CTL_DOCTOR_FINDING_H

#include <jansson.h>
#include <stdbool.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/span.h"
#include "common/settings/settings.h"
#include "milter/ctl/cli/option.h"

/* In the order of severity. SKIP: the check could not be made; NOTE: advice, no fault. */
enum jm_doctor_level {
	JM_DOCTOR_OK,
	JM_DOCTOR_SKIP,
	JM_DOCTOR_NOTE,
	JM_DOCTOR_WARN,
	JM_DOCTOR_FAIL
};

/* "ok", "skip", "note", "warn", "FAIL". Static storage. */
const char *jm_doctor_level_name(enum jm_doctor_level level);

struct jm_doctor {
	const char *config;   /* the settings file */
	const char *postfix;  /* Postfix' configuration folder; NULL: do not check Postfix */
	const char *sendmail; /* sendmail.cf; NULL: do not check Sendmail */
	bool postfix_given;   /* the folder may be another one than Postfix' default */
	bool dns;
	struct jm_ctl_list smart_hosts; /* the names that Exchange uses; none: not known */
	const char *host;               /* the MTA's own name; NULL: it is not known */
	char host_text[256];            /* internal, of host */
	const char *name_server; /* ask this one, "A.B.C.D:PORT"; NULL: those of resolv.conf */
	bool probe;              /* speak SMTP to the listeners */
	const char *group; /* of the findings that are added now; each group of checks sets it */
	const struct jm_settings *settings; /* NULL when they could not be loaded */
	json_t *findings;                   /* owned: {level, group, name, text, change} each */
	size_t checks;                      /* how many began */
	enum jm_doctor_level worst;
};

/*
 * Begin a check of d->group and count it. name: the problem that it looks for, in kebab-case, for
 * programs; then what is examined, printf-style. It is "ok" until jm_doctor_add() gives the same
 * name another outcome.
 */
void jm_doctor_check(struct jm_doctor *d, const char *name, const char *fmt, ...) JM_PRINTF(3, 4);

/*
 * Add a finding to d->group. name: that of the check; change: a command or a line that corrects it,
 * or NULL; then what is wrong, printf-style. With level SKIP the check does not count. Cannot fail:
 * without memory it prints the finding on standard error.
 */
void jm_doctor_add(struct jm_doctor *d, enum jm_doctor_level level, const char *name,
    const char *change, const char *fmt, ...) JM_PRINTF(5, 6);

/* The number of findings of a level. */
size_t jm_doctor_count(const struct jm_doctor *d, enum jm_doctor_level level);

#endif
