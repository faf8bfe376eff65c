/* SPDX-License-Identifier: BSD-2-Clause */
/* sendmail.cf, parsed: the parts that matter to the checks. Pure. */
#ifndef JM_MILTER_CTL_DOCTOR_SENDMAIL_CONF_H
#define JM_MILTER_CTL_DOCTOR_SENDMAIL_CONF_H

#include <jansson.h>
#include <stdbool.h>

#include "common/base/span.h"

struct jm_sendmail {
	json_t *options;      /* O: {"name": "value"} */
	json_t *listeners;    /* O DaemonPortOptions, one or more: ["Port=25, Name=MTA"] */
	json_t *milters;      /* X: {"name": "equates"} */
	json_t *mailers;      /* M: {"name": "equates"} */
	json_t *tables;       /* K: {"name": "class and arguments"} */
	json_t *relay;        /* class R: {"domain": ""} */
	json_t *local;        /* class w, the names of this machine: {"domain": ""} */
	json_t *rulesets;     /* S: {"name": ""} */
	json_t *routes;       /* rules of ParseLocal: {"domain": "mailer:host"} */
	char relay_file[512]; /* file whose lines are in class R, too; "": none */
	char local_file[512]; /* the same for class w */
	char host[256];       /* Dj: the name of this machine; "": found out by Sendmail */
	char lists[256];      /* the DNS lists of unwanted clients, one after the other */
	bool denies_relaying, needs_reverse_name, judges_helo;
	bool in_parse_local; /* while it is parsed */
};

/*
 * Read a sendmail.cf of n bytes. p is changed: continued lines are joined. Lines that have no use
 * here are left out. The caller releases *cf.
 */
void jm_sendmail_parse(unsigned char *p, size_t n, struct jm_sendmail *cf);

/* Free what jm_sendmail_parse() filled. */
void jm_sendmail_release(struct jm_sendmail *cf);

/* The value of an option; "" when it is not set. Borrowed. */
const char *jm_sendmail_option(const struct jm_sendmail *cf, const char *name);

/*
 * The value of a letter in equates: 'F' of "S=local:/x, F=T, T=C:30s;R:2m" is "T"; none when it is
 * missing. Borrowed.
 */
struct jm_span jm_sendmail_equate(const char *equates, char letter);

/*
 * The same for a listener, whose names may be written out, in any letter case: 'p' of "Port=25,
 * Name=MTA" is "25".
 */
struct jm_span jm_sendmail_listener(const char *listener, char letter);

/* The first line of *text, without its end; *text moves on. */
struct jm_span jm_sendmail_line(struct jm_span *text);

#endif
