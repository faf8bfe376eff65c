/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * jmctl status: figures and state of the archive, and of the daemon when one runs. The printing for
 * people is in status_text.c and status_days.c.
 */
#include "milter/ctl/ask/status.h"

#include <sysexits.h>

#include "common/control/answer.h"
#include "common/control/domain_list.h"
#include "common/settings/default.h"
#include "common/settings/loader.h"
#include "common/settings/settings.h"
#include "milter/ctl/ask/status_days.h"
#include "milter/ctl/ask/status_text.h"
#include "milter/ctl/cli/option.h"
#include "milter/ctl/cli/outcome.h"
#include "milter/ctl/cli/print.h"
#include "milter/ctl/cli/target.h"

#define WITHIN_S 45 /* monitoring systems end a check after 60 s */

struct status {
	struct jm_target target;
	json_t *answer; /* owned */
};

static int status_keep(void *ctx, const json_t *status, struct jm_err *err)
{
	struct status *s = ctx;

	s->answer = json_deep_copy(status);
	return s->answer ? 0 : jm_err_set(err, JM_E_TEMP, "out of memory");
}

/* Add "unverified_domains": from the daemon, or without one from the archive and the settings, if
 * any. */
static void add_unverified(struct status *s)
{
	json_t *of_daemon = json_object_get(
		   json_object_get(s->answer, "daemon"), "unverified_domains"),
	       *rows, *names;
	const char *config = s->target.config ? s->target.config : JM_SETTINGS_DEFAULT_FILE;
	struct jm_settings *settings = NULL;
	struct jm_err err;

	if (of_daemon)
		(void)json_object_set(s->answer, "unverified_domains", of_daemon);
	if (of_daemon || (s->target.archive && !s->target.config) ||
	    jm_settings_load(config, &settings, NULL, &err) != 0)
		return;
	rows = jm_target_domains(&s->target);
	names = rows ? json_array() : NULL;
	for (size_t i = 0; names && i < settings->internal_domains_n; i++)
		if (!jm_domains_verified_by(rows, settings->internal_domains[i].name))
			(void)json_array_append_new(
			    names, json_string(settings->internal_domains[i].name));
	if (names)
		(void)json_object_set_new(s->answer, "unverified_domains", names);
	json_decref(rows);
	jm_settings_unref(&settings);
}

/* Add "daemon_missing" when settings name the archive, so that a daemon should run. Returns the
 * exit status. */
static int add_missing(struct status *s)
{
	bool missing = s->target.offline && (s->target.config || !s->target.archive);

	if (missing)
		(void)json_object_set_new(s->answer, "daemon_missing", json_true());
	return missing ? EX_UNAVAILABLE : EX_OK;
}

static int status_put(
    const struct jm_target *t, const json_t *status, bool all, bool days, struct jm_err *err)
{
	if (t->json) {
		jm_print_json(stdout, status);
		return jm_print_flush(err);
	}
	if (days)
		jm_status_print_days(status);
	else if (all)
		jm_print_tree(stdout, status, 0);
	else
		jm_status_print(status);
	if (json_is_false(json_object_get(json_object_get(status, "balance"), "holds")))
		fputs(
		    "jmctl status: the counters do not balance: received is not archived + merged "
		    "+ set aside + queued + refused + deferred; see "
		    "\"balance\" of --all, and run jmctl verify\n",
		    stderr);
	if (all && json_is_null(json_object_get(status, "daemon")))
		puts("\nno daemon runs; this was read from the archive itself");
	return jm_print_flush(err);
}

int jm_ctl_status(int argc, char **argv)
{
	struct status s = { .target.within_s = WITHIN_S };
	bool all = false, days = false;
	const char *service = NULL;
	const struct jm_ctl_option options[] = { { "all", JM_CTL_FLAG, &all, NULL,
						     "every figure, one a line" },
		{ "days", JM_CTL_FLAG, &days, NULL,
		    "a line a day, and which of them had no report" },
		{ "service", JM_CTL_TEXT, &service, "ADDRESS",
		    "with --days: of this journal address" },
		JM_TARGET_OPTIONS(&s.target), { NULL } };
	const struct jm_answer_out out = { .object = status_keep, .ctx = &s };
	json_t *request = NULL;
	struct jm_err err;
	int n, code;

	n = jm_ctl_options(
	    argc, argv, options, "[options]", "Print the state of archive and daemon.", &code);
	if (n < 0)
		return code;
	if (n > 0)
		return jm_ctl_fail_usage(argv[0], argv[1]);
	if (service && !days) {
		fputs("jmctl status: --service goes with --days\n", stderr);
		return EX_USAGE;
	}
	/* Leave out arguments that are not used: an older daemon does not know them. */
	request = json_pack("{s:s, s:o*, s:s*}", "verb", "status", "days",
	    days ? json_true() : NULL, "service", service);
	if (jm_target_ask(&s.target, request, &out, &err) != 0) {
		code = jm_ctl_fail(argv[0], &err);
	} else {
		code = add_missing(&s);
		add_unverified(&s);
		if (status_put(&s.target, s.answer, all, days, &err) != 0)
			code = jm_ctl_fail(argv[0], &err);
	}
	json_decref(s.answer);
	json_decref(request);
	return code;
}
