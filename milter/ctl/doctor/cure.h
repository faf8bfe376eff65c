/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The commands that correct a finding: they can be pasted into a shell, name the instance of
 * Postfix that was examined, and keep the values that are there.
 */
#ifndef JM_MILTER_CTL_DOCTOR_CURE_H
#define JM_MILTER_CTL_DOCTOR_CURE_H

#include "milter/ctl/doctor/finding.h"
#include "milter/ctl/doctor/postfix_conf.h"

#define JM_CURE_BYTES 8192

/* Each function writes a command into text, JM_CURE_BYTES long, and returns it. */

/* Set a setting in main.cf. */
const char *jm_cure_main(
    char *text, const struct jm_doctor *d, const char *setting, const char *value);

/* Set a setting for one service of master.cf ("smtp/inet") alone. */
const char *jm_cure_service(char *text, const struct jm_doctor *d, const char *service,
    const char *setting, const char *value);

/* Add a word at the start or at the end of a list in main.cf, and keep the other words. */
const char *jm_cure_add_first(char *text, const struct jm_doctor *d, const struct jm_postfix *p,
    const char *setting, const char *word);
const char *jm_cure_add(char *text, const struct jm_doctor *d, const struct jm_postfix *p,
    const char *setting, const char *word);

/* Remove a word from a list in main.cf, and keep the other words. */
const char *jm_cure_drop(char *text, const struct jm_doctor *d, const struct jm_postfix *p,
    const char *setting, const char *word);

/* The same for a list of one service. */
const char *jm_cure_drop_service(char *text, const struct jm_doctor *d, const struct jm_postfix *p,
    const char *service, const char *setting, const char *word);

/* Set a column of a service in master.cf, "chroot" or "process_limit". */
const char *jm_cure_column(char *text, const struct jm_doctor *d, const char *service,
    const char *column, const char *value);

/*
 * Add a word at the start of a list where the service has it from: its own line of master.cf, or
 * main.cf.
 */
const char *jm_cure_service_first(char *text, const struct jm_doctor *d, const struct jm_postfix *p,
    const char *service, const char *setting, const char *word);

/* Write more, printf-style, at the end of text. */
void jm_cure_more(char *text, const char *fmt, ...) JM_PRINTF(2, 3);

/* Append a word to text, quoted for a shell. */
void jm_cure_quote(char *text, const char *word);

#endif
