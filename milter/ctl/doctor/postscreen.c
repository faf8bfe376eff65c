/* SPDX-License-Identifier: BSD-2-Clause */
/* Doctor: postscreen. See postscreen.h. */
#include "milter/ctl/doctor/postscreen.h"

#include <stdio.h>
#include <string.h>

#include "milter/ctl/doctor/cure.h"
#include "milter/ctl/doctor/restrict.h"
#include "milter/ctl/doctor/lookup.h"

#define RANGES_MAX 400

const char *jm_doctor_postscreen_of(const struct jm_postfix *p, const char *listener)
{
	size_t n = strlen(listener);
	const char *name;
	json_t *service;
	char target[300];

	if (n < 6 || strcmp(listener + n - 5, "/pass") != 0)
		return NULL;
	json_object_foreach(p->services, name, service) {
		if (strcmp(json_string_value(json_object_get(service, "command")), "postscreen") !=
		    0)
			continue;
		snprintf(target, sizeof target, "%.290s/pass",
		    jm_postfix_value(p, name, "smtpd_service_name"));
		if (strcmp(target, listener) == 0)
			return name;
	}
	return NULL;
}

/* Does the list of permitted clients have this one? */
static bool is_permitted(struct jm_doctor *d, const struct jm_postfix *p, const char *postscreen,
    const struct jm_cidr *client)
{
	struct jm_span rest = jm_span_str(
			   jm_postfix_value(p, postscreen, "postscreen_access_list")),
		       word;
	char text[JM_CIDR_TEXT_BYTES];
	struct jm_buf out;
	bool permitted = false, decided = false;

	jm_buf_init(&out, JM_TABLE_ANSWER_BYTES);
	jm_cidr_format(client, text);
	while (!decided && jm_postfix_word(&rest, &word)) {
		if (jm_span_eq(word, jm_span_str("permit_mynetworks")))
			permitted = decided = jm_doctor_in_networks(
			    jm_postfix_value(p, postscreen, "mynetworks"), client);
		else if (jm_doctor_is_table(word) && jm_doctor_look_up(d, word, text, &out)) {
			permitted = jm_span_starts_nocase(jm_buf_span(&out), jm_span_str("permit"));
			decided = !jm_span_starts_nocase(jm_buf_span(&out), jm_span_str("dunno"));
		}
	}
	jm_buf_release(&out);
	return permitted;
}

/* Write the ranges of all clients as a table into text, and look for one that is not permitted. */
static bool all_permitted(struct jm_doctor *d, const struct jm_postfix *p, const char *postscreen,
    char *text, char *missing)
{
	const struct jm_settings *s = d->settings;
	bool all = true;
	size_t n = 0;

	text[0] = missing[0] = '\0';
	jm_cure_more(text, "cidr:{");
	for (size_t i = 0; i <= s->services_n; i++) {
		const struct jm_ranges *r = i == 0 ? &s->authorized_outbounds
						   : &s->services[i - 1].source_ranges;

		for (size_t k = 0; k < r->n && n < RANGES_MAX; k++, n++) {
			struct jm_cidr first = r->v[k];
			char range[JM_CIDR_TEXT_BYTES];

			jm_cure_more(
			    text, "%s {%s permit}", n ? "," : "", jm_cidr_format(&r->v[k], range));
			first.bits = 128;
			/* One look into the tables is a process: a few samples do. */
			if (k < 3 && all && !is_permitted(d, p, postscreen, &first)) {
				all = false;
				jm_cidr_format(&first, missing);
			}
		}
	}
	jm_cure_more(text, " }");
	return all;
}

static bool is_enforced(const struct jm_postfix *p, const char *postscreen, const char *setting)
{
	return strcmp(jm_postfix_value(p, postscreen, setting), "ignore") != 0;
}

void jm_doctor_postscreen(struct jm_doctor *d, const struct jm_postfix *p, const char *postscreen)
{
	static const struct {
		const char *setting, *action, *text;
		bool table; /* else "yes" turns it on */
	} tests[] = {
		{ "postscreen_dnsbl_sites", "postscreen_dnsbl_action",
		    "refuses clients in these lists; addresses of Microsoft 365 are at times",
		    true },
		{ "postscreen_greet_banner", "postscreen_greet_action",
		    "makes each new client wait, and refuses one that talks too soon", true },
		{ "postscreen_pipelining_enable", "postscreen_pipelining_action",
		    "answers the first message of each new client with 450", false },
		{ "postscreen_non_smtp_command_enable", "postscreen_non_smtp_command_action",
		    "answers the first message of each new client with 450", false },
		{ "postscreen_bare_newline_enable", "postscreen_bare_newline_action",
		    "answers the first message of each new client with 450", false },
	};
	char table[JM_CURE_BYTES], missing[JM_CIDR_TEXT_BYTES], cure[JM_CURE_BYTES];
	bool all = all_permitted(d, p, postscreen, table, missing);

	for (size_t i = 0; i < sizeof tests / sizeof tests[0]; i++) {
		const char *value = jm_postfix_value(p, postscreen, tests[i].setting);
		bool on = tests[i].table ? value[0] != '\0' : strcmp(value, "yes") == 0;

		jm_doctor_check(
		    d, "postscreen", "%s: %s = %s", postscreen, tests[i].setting, value);
		if (on && !all && is_enforced(p, postscreen, tests[i].action))
			jm_doctor_add(d, i == 1 ? JM_DOCTOR_WARN : JM_DOCTOR_FAIL, "postscreen",
			    jm_cure_service_first(
				cure, d, p, postscreen, "postscreen_access_list", table),
			    "%s: %s = %s: %s; client %s is not in postscreen_access_list",
			    postscreen, tests[i].setting, value, tests[i].text, missing);
	}
}
