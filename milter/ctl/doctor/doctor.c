/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * jmctl doctor: run the groups of checks and print the findings. The checks are in machine.c,
 * postfix*.c, route.c and sendmail*.c.
 */
#include "milter/ctl/doctor/doctor.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/settings/default.h"
#include "common/settings/loader.h"
#include "milter/ctl/cli/option.h"
#include "milter/ctl/cli/outcome.h"
#include "milter/ctl/cli/print.h"
#include "milter/ctl/doctor/finding.h"
#include "milter/ctl/doctor/in_force.h"
#include "milter/ctl/doctor/machine.h"
#include "milter/ctl/doctor/meaning.h"
#include "milter/ctl/doctor/names.h"
#include "milter/ctl/doctor/postfix.h"
#include "milter/ctl/doctor/run.h"
#include "milter/ctl/doctor/sendmail.h"

#define SENDMAIL_CF "/etc/mail/sendmail.cf"
#define OUT_MAX_BYTES 4096

static enum jm_doctor_level level_of(const json_t *f)
{
	const char *level = json_string_value(json_object_get(f, "level"));
	enum jm_doctor_level k = JM_DOCTOR_OK;

	while (k < JM_DOCTOR_FAIL && strcmp(level, jm_doctor_level_name(k)) != 0)
		k++;
	return k;
}

static void print_findings(const json_t *findings, bool all)
{
	static const enum jm_print_style styles[] = { JM_PRINT_GOOD, JM_PRINT_PLAIN, JM_PRINT_PLAIN,
		JM_PRINT_BOLD, JM_PRINT_BAD };
	json_t *f;
	size_t i;

	json_array_foreach(findings, i, f) {
		const char *change = json_string_value(json_object_get(f, "change"));
		enum jm_doctor_level level = level_of(f);

		if (level == JM_DOCTOR_OK && !all)
			continue;
		jm_print_style(stdout, styles[level]);
		jm_print(stdout, "%-4s", jm_doctor_level_name(level));
		jm_print_style(stdout, JM_PRINT_PLAIN);
		jm_print(stdout, "  %s %s: ", json_string_value(json_object_get(f, "group")),
		    json_string_value(json_object_get(f, "name")));
		jm_print_text(stdout, jm_span_str(json_string_value(json_object_get(f, "text"))));
		if (change) {
			fputs("\n      change  ", stdout);
			jm_print_text(stdout, jm_span_str(change));
		}
		putchar('\n');
	}
}

/* Remove the checks that found nothing. */
static void drop_good(json_t *findings)
{
	for (size_t i = json_array_size(findings); i-- > 0;)
		if (level_of(json_array_get(findings, i)) == JM_DOCTOR_OK)
			(void)json_array_remove(findings, i);
}

static const char *plural(size_t n)
{
	return n == 1 ? "" : "s";
}

static void doctor_report(const struct jm_doctor *d, bool json, bool all)
{
	size_t fails = jm_doctor_count(d, JM_DOCTOR_FAIL),
	       warnings = jm_doctor_count(d, JM_DOCTOR_WARN),
	       notes = jm_doctor_count(d, JM_DOCTOR_NOTE),
	       skipped = jm_doctor_count(d, JM_DOCTOR_SKIP);
	const char *worst = jm_doctor_level_name(
	    d->worst < JM_DOCTOR_WARN ? JM_DOCTOR_OK : d->worst);

	if (!all)
		drop_good(d->findings);
	if (json) {
		json_t *o = json_pack("{s:s, s:s, s:s?, s:s?, s:I, s:I, s:I, s:I, s:O}", "level",
		    worst, "settings", d->config, "postfix", d->postfix, "sendmail", d->sendmail,
		    "checks", (json_int_t)d->checks, "fail", (json_int_t)fails, "warn",
		    (json_int_t)warnings, "skipped", (json_int_t)skipped, "findings", d->findings);

		jm_print_json(stdout, o);
		json_decref(o);
		return;
	}
	print_findings(d->findings, all);
	jm_print(stdout, "%s: %zu check%s, %zu fault%s, %zu warning%s", worst, d->checks,
	    plural(d->checks), fails, plural(fails), warnings, plural(warnings));
	if (notes)
		jm_print(stdout, ", %zu note%s", notes, plural(notes));
	if (skipped)
		jm_print(stdout, ", %zu not possible", skipped);
	jm_print(stdout, "; looked at %s%s%s%s%s\n", d->config, d->postfix ? ", Postfix in " : "",
	    d->postfix ? d->postfix : "", d->sendmail ? ", " : "", d->sendmail ? d->sendmail : "");
	if (skipped && geteuid() != 0)
		puts("run as root to see more");
	if (fails + warnings)
		puts("after each change: reload the MTA (postfix reload), then run jmctl doctor "
		     "again");
}

/* Find out which MTA this machine has, unless the options name one. */
static void find_mta(struct jm_doctor *d, const char *mta, char *folder, size_t folder_bytes)
{
	const char *const argv[] = { "postconf", "-h", "config_directory", NULL };
	struct jm_buf out;
	struct jm_err err;

	if (d->postfix || d->sendmail || (mta && strcmp(mta, "none") == 0))
		return;
	jm_buf_init(&out, OUT_MAX_BYTES);
	if ((!mta || strcmp(mta, "postfix") == 0) && jm_doctor_run(argv, &out, NULL, &err) == 0 &&
	    out.len > 1) {
		snprintf(folder, folder_bytes, "%.*s", (int)(out.len - 1), jm_buf_str(&out));
		d->postfix = folder;
	}
	jm_buf_release(&out);
	if (!d->postfix && (!mta || strcmp(mta, "sendmail") == 0) && access(SENDMAIL_CF, F_OK) == 0)
		d->sendmail = SENDMAIL_CF;
	d->group = "mta";
	jm_doctor_check(d, "no-mta", "Postfix or Sendmail is here");
	if (!d->postfix && !d->sendmail)
		jm_doctor_add(d, JM_DOCTOR_FAIL, "no-mta", NULL,
		    "no %s is here: no report can arrive; --postfix DIR or --sendmail FILE name "
		    "one, "
		    "--mta none leaves it out",
		    mta ? mta : "Postfix or Sendmail");
}

/* Load the settings. Without them only the MTA's own settings can be checked. NULL after a finding.
 */
static struct jm_settings *doctor_load(struct jm_doctor *d)
{
	struct jm_settings *s = NULL;
	struct jm_err err = { JM_E_NONE, 0, "" };

	d->group = "settings";
	jm_doctor_check(d, "settings-wrong", "%s can be read and is right", d->config);
	if (jm_settings_load(d->config, &s, NULL, &err) != 0)
		jm_doctor_add(d, JM_DOCTOR_FAIL, "settings-wrong", "jmctl check",
		    "%s; jmctl check lists all mistakes", err.text);
	d->settings = s;
	return s;
}

int jm_ctl_doctor(int argc, char **argv)
{
	struct jm_doctor d = { .config = JM_SETTINGS_DEFAULT_FILE };
	const char *mta = NULL;
	bool json = false, all = false, no_dns = false, no_smtp = false;
	char folder[OUT_MAX_BYTES];
	const struct jm_ctl_option options[] = {
		{ "config", JM_CTL_TEXT, &d.config, "FILE",
		    "the settings file; default: " JM_SETTINGS_DEFAULT_FILE },
		{ "mta", JM_CTL_TEXT, &mta, "WHICH",
		    "postfix, sendmail, none; default: what is here", "postfix sendmail none" },
		{ "postfix", JM_CTL_TEXT, &d.postfix, "DIR",
		    "the folder of main.cf and master.cf" },
		{ "sendmail", JM_CTL_TEXT, &d.sendmail, "FILE", "the sendmail.cf" },
		{ "smart-host", JM_CTL_LIST, &d.smart_hosts, "NAME",
		    "a name that Exchange uses as smart host; may be repeated" },
		{ "no-dns", JM_CTL_FLAG, &no_dns, NULL, "ask no name server" },
		{ "server", JM_CTL_TEXT, &d.name_server, "ADDRESS",
		    "ask this name server, not those of /etc/resolv.conf" },
		{ "no-smtp", JM_CTL_FLAG, &no_smtp, NULL, "do not speak SMTP to the listeners" },
		{ "all", JM_CTL_FLAG, &all, NULL, "list all checks, with their outcome" },
		{ "json", JM_CTL_FLAG, &json, NULL, "one JSON object" },
		{ NULL, JM_CTL_FLAG, NULL, NULL, NULL },
	};
	int rc = EX_OK,
	    n = jm_ctl_options(argc, argv, options, "[options]",
		"Look for what loses, delays or refuses journal mail; change nothing.", &rc);
	struct jm_settings *s;

	if (n != 0)
		return n < 0 ? rc : jm_ctl_fail_usage("doctor", argv[1]);
	if (mta && strcmp(mta, "postfix") != 0 && strcmp(mta, "sendmail") != 0 &&
	    strcmp(mta, "none") != 0) {
		jm_print(stderr,
		    "jmctl doctor: --mta wants postfix, sendmail or none, not \"%s\"\n", mta);
		return EX_USAGE;
	}
	d.dns = !no_dns;
	d.probe = !no_smtp;
	d.postfix_given = d.postfix != NULL;
	d.findings = json_array();
	s = doctor_load(&d);
	find_mta(&d, mta, folder, sizeof folder);
	jm_doctor_settings(&d);
	if (s)
		jm_doctor_daemon(&d);
	jm_doctor_machine(&d);
	if (d.postfix)
		jm_doctor_postfix(&d);
	if (d.sendmail)
		jm_doctor_sendmail(&d);
	if (d.dns)
		jm_doctor_dns(&d);
	doctor_report(&d, json, all);
	jm_settings_unref(&s);
	json_decref(d.findings);
	free(d.smart_hosts.v);
	return d.worst == JM_DOCTOR_FAIL ? 2 : d.worst == JM_DOCTOR_WARN ? 1 : EX_OK;
}
