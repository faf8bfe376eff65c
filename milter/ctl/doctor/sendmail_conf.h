/* SPDX-License-Identifier: BSD-2-Clause */
/* sendmail.cf, read into objects: the sections that matter for us. Runs nothing, and knows nothing
 * of what is right. */
#ifndef JM_MILTER_CTL_DOCTOR_SENDMAIL_CONF_H
#define JM_MILTER_CTL_DOCTOR_SENDMAIL_CONF_H

#include <jansson.h>

#include "common/base/span.h"

struct jm_sendmail {
	json_t *options;      /* O: {"name": "value"} */
	json_t *listeners;    /* O DaemonPortOptions, one or more: ["Port=25, Name=MTA"] */
	json_t *milters;      /* X: {"name": "equates"} */
	json_t *mailers;      /* M: {"name": "equates"} */
	json_t *tables;       /* K: {"name": "class and arguments"} */
	json_t *relay;        /* class R: {"domain": ""} */
	char relay_file[512]; /* whose lines are in class R, too; "": none */
};

/* Read a sendmail.cf of n bytes; p is changed (lines that go on are joined). *cf is the caller's to
 * release. Lines without a meaning here are left out. */
void jm_sendmail_parse(unsigned char *p, size_t n, struct jm_sendmail *cf);

/* Free what jm_sendmail_parse() filled. */
void jm_sendmail_release(struct jm_sendmail *cf);

/* The value of an option; "" when there is none. Borrowed. */
const char *jm_sendmail_option(const struct jm_sendmail *cf, const char *name);

/* "F" of "S=local:/x, F=T, T=C:30s;R:2m"; none when it is not there. Borrowed. */
struct jm_span jm_sendmail_equate(const char *equates, char letter);

/* The same for a listener, whose names may be written out and in any letter case: 'p' of "Port=25,
 * Name=MTA". */
struct jm_span jm_sendmail_listener(const char *listener, char letter);

/* The line that *text begins with; *text moves on. */
struct jm_span jm_sendmail_line(struct jm_span *text);

#endif
