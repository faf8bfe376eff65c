/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * jmctl doctor: run the groups of checks and print the findings. The checks are in machine.c,
 * postfix*.c, route.c and sendmail*.c.
 */
#include "milter/ctl/doctor/doctor.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/settings/default.h"
#include "common/settings/loader.h"
#include "milter/ctl/cli/option.h"
#include "milter/ctl/cli/outcome.h"
#include "milter/ctl/cli/print.h"
#include "milter/ctl/doctor/finding.h"
#include "milter/ctl/doctor/machine.h"
#include "milter/ctl/doctor/postfix.h"
#include "milter/ctl/doctor/run.h"
#include "milter/ctl/doctor/sendmail.h"

#define SENDMAIL_CF "/etc/mail/sendmail.cf"
#define OUT_MAX_BYTES 4096

static void print_findings(const json_t *findings, bool all)
{
	static const enum jm_print_style styles[] = { JM_PRINT_GOOD, JM_PRINT_BOLD, JM_PRINT_BAD };
	json_t *f;
	size_t i;

	json_array_foreach(findings, i, f) {
		const char *level = json_string_value(json_object_get(f, "level")),
			   *change = json_string_value(json_object_get(f, "change"));
		size_t k = level[0] == 'F' ? JM_DOCTOR_FAIL
		    : level[0] == 'w'      ? JM_DOCTOR_WARN
					   : JM_DOCTOR_OK;

		if (k == JM_DOCTOR_OK && !all)
			continue;
		jm_print_style(stdout, styles[k]);
		printf("%-4s", level);
		jm_print_style(stdout, JM_PRINT_PLAIN);
		printf("  %s %s: ", json_string_value(json_object_get(f, "group")),
		    json_string_value(json_object_get(f, "name")));
		jm_print_text(stdout, jm_span_str(json_string_value(json_object_get(f, "text"))));
		if (change) {
			fputs("\n      change  ", stdout);
			jm_print_text(stdout, jm_span_str(change));
		}
		putchar('\n');
	}
}

static size_t doctor_count(const json_t *findings, enum jm_doctor_level level)
{
	size_t n = 0, i;
	json_t *f;

	json_array_foreach(findings, i, f)
		n += strcmp(json_string_value(json_object_get(f, "level")),
			 jm_doctor_level_name(level)) == 0;
	return n;
}

static void doctor_report(const struct jm_doctor *d, bool json, bool all)
{
	size_t fails = doctor_count(d->findings, JM_DOCTOR_FAIL),
	       warnings = doctor_count(d->findings, JM_DOCTOR_WARN);

	if (json) {
		json_t *o = json_pack("{s:s, s:s, s:s?, s:s?, s:i, s:i, s:O}", "level",
		    jm_doctor_level_name(d->worst), "settings", d->config, "postfix", d->postfix,
		    "sendmail", d->sendmail, "fail", (int)fails, "warn", (int)warnings, "findings",
		    d->findings);

		jm_print_json(stdout, o);
		json_decref(o);
		return;
	}
	print_findings(d->findings, all);
	printf("%s: %zu faults, %zu warnings; looked at %s%s%s%s%s\n",
	    jm_doctor_level_name(d->worst), fails, warnings, d->config,
	    d->postfix ? ", Postfix in " : "", d->postfix ? d->postfix : "",
	    d->sendmail ? ", " : "", d->sendmail ? d->sendmail : "");
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
	if (jm_settings_load(d->config, &s, NULL, &err) != 0)
		jm_doctor_add(d, JM_DOCTOR_FAIL, "settings-wrong", "jmctl check lists all mistakes",
		    "%s", err.text);
	d->settings = s;
	return s;
}

int jm_ctl_doctor(int argc, char **argv)
{
	struct jm_doctor d = { .config = JM_SETTINGS_DEFAULT_FILE };
	const char *mta = NULL;
	bool json = false, all = false, no_dns = false;
	char folder[OUT_MAX_BYTES];
	const struct jm_ctl_option options[] = {
		{ "config", JM_CTL_TEXT, &d.config, "FILE",
		    "the settings file; default: " JM_SETTINGS_DEFAULT_FILE },
		{ "mta", JM_CTL_TEXT, &mta, "WHICH",
		    "postfix, sendmail, none; default: what is here", "postfix sendmail none" },
		{ "postfix", JM_CTL_TEXT, &d.postfix, "DIR",
		    "the folder of main.cf and master.cf" },
		{ "sendmail", JM_CTL_TEXT, &d.sendmail, "FILE", "the sendmail.cf" },
		{ "no-dns", JM_CTL_FLAG, &no_dns, NULL, "ask no name server" },
		{ "all", JM_CTL_FLAG, &all, NULL, "also what is good to know" },
		{ "json", JM_CTL_FLAG, &json, NULL, "one JSON object" },
		{ NULL, JM_CTL_FLAG, NULL, NULL, NULL },
	};
	int rc = EX_OK,
	    n = jm_ctl_options(argc, argv, options, "[options]",
		"Look for every known way to lose mail; change nothing.", &rc);
	struct jm_settings *s;

	if (n != 0)
		return n < 0 ? rc : jm_ctl_fail_usage("doctor", argv[1]);
	if (mta && strcmp(mta, "postfix") != 0 && strcmp(mta, "sendmail") != 0 &&
	    strcmp(mta, "none") != 0) {
		fprintf(stderr, "jmctl doctor: --mta wants postfix, sendmail or none, not \"%s\"\n",
		    mta);
		return EX_USAGE;
	}
	d.dns = !no_dns;
	d.findings = json_array();
	s = doctor_load(&d);
	find_mta(&d, mta, folder, sizeof folder);
	jm_doctor_settings(&d);
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
	return (int)d.worst;
}
