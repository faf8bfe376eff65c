/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The output of postconf, parsed: main.cf, the services of master.cf, and the settings that a
 * service overrides. Also words, milters and times in values. Pure.
 */
#ifndef JM_MILTER_CTL_DOCTOR_POSTFIX_CONF_H
#define JM_MILTER_CTL_DOCTOR_POSTFIX_CONF_H

#include <jansson.h>

#include "common/base/span.h"

struct jm_postfix {
	json_t *main; /* {"name": "value"} */
	json_t *raw;  /* {"name": "value"}, as written: $name is not expanded */
	/* {"name/type": {"chroot": "n", "limit": "-", "command": "smtpd", "set": {"name": "value"},
	 * "raw": {"name": "value"}}} */
	json_t *services;
};

/* The output of postconf. */
struct jm_postfix_text {
	struct jm_span main;    /* postconf -x */
	struct jm_span raw;     /* postconf */
	struct jm_span master;  /* postconf -M */
	struct jm_span set;     /* postconf -xP */
	struct jm_span set_raw; /* postconf -P */
};

/*
 * Read the output of postconf. Malformed lines are left out. 0, or -1 without memory. The caller
 * releases *p in both cases.
 */
int jm_postfix_parse(const struct jm_postfix_text *t, struct jm_postfix *p);

/* Free what jm_postfix_parse() filled. */
void jm_postfix_release(struct jm_postfix *p);

/*
 * The value of a setting for a service ("name/type"; NULL: main.cf alone); "" when it is not set.
 * Borrowed.
 */
const char *jm_postfix_value(const struct jm_postfix *p, const char *service, const char *name);

/* The same as it is written there, in which $name is not expanded. */
const char *jm_postfix_raw(const struct jm_postfix *p, const char *service, const char *name);

/* Does the service set it by itself, in master.cf? */
bool jm_postfix_overrides(const struct jm_postfix *p, const char *service, const char *name);

/*
 * Read the next word of a list; *list moves on. Words are separated by commas and white space
 * outside of braces: "{ a, b }" is one word. False at the end.
 */
bool jm_postfix_word(struct jm_span *list, struct jm_span *word);

/* The text in the braces around a word, or the word itself. Borrowed from word. */
struct jm_span jm_postfix_inside(struct jm_span word);

/*
 * The address of a milter, a word of smtpd_milters; and its own value of a setting
 * ("default_action"), which a milter in braces can have, else none. Borrowed from word.
 */
struct jm_span jm_postfix_milter_address(struct jm_span word);
struct jm_span jm_postfix_milter_option(struct jm_span word, const char *name);

/*
 * Read a time ("300s", "5m", "1h", "2d", "1w", or a plain number of seconds). Returns seconds, or
 * -1 when it is malformed.
 */
int64_t jm_postfix_seconds(struct jm_span text);

#endif
