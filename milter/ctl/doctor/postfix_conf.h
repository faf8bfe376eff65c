/* SPDX-License-Identifier: BSD-2-Clause */
/* What postconf prints, read into objects: main.cf, the services of master.cf, and what a service
 * sets otherwise. Runs nothing. */
#ifndef JM_MILTER_CTL_DOCTOR_POSTFIX_CONF_H
#define JM_MILTER_CTL_DOCTOR_POSTFIX_CONF_H

#include <jansson.h>

#include "common/base/span.h"

struct jm_postfix {
	json_t *main;     /* {"name": "value"} */
	json_t *services; /* {"name/type": {"chroot": "n", "command": "smtpd", "set": {"name":
			     "value"}}} */
};

/* Read the output of postconf -x (main), postconf -M (master) and postconf -xP (set). 0, or -1
 * without memory. Lines that are none are left out. */
int jm_postfix_parse(
    struct jm_span main, struct jm_span master, struct jm_span set, struct jm_postfix *p);

/* Free what jm_postfix_parse() filled. */
void jm_postfix_release(struct jm_postfix *p);

/* The value that holds for a service ("name/type", NULL: for main.cf); "" when nobody says.
 * Borrowed. */
const char *jm_postfix_value(const struct jm_postfix *p, const char *service, const char *name);

/*
 * The next word of a list: words are separated by commas and white space outside of braces, "{ a, b
 * }" is one word. *list moves on. False when there is none left.
 */
bool jm_postfix_word(struct jm_span *list, struct jm_span *word);

/* A milter of smtpd_milters: its address, and its own value of a setting ("default_action") if it
 * stands in braces with one. */
struct jm_span jm_postfix_milter_address(struct jm_span word);
struct jm_span jm_postfix_milter_option(struct jm_span word, const char *name);

/* Seconds of a time ("300s", "5m", "1h", "2d", "1w", a plain number in seconds); -1 when it is
 * none. */
int64_t jm_postfix_seconds(struct jm_span text);

#endif
