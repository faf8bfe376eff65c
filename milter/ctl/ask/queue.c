/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * jmctl queue and jmctl set-aside: messages that are not in the archive (yet), and the decisions of
 * an operator about them.
 */
#include "milter/ctl/ask/queue.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "common/base/num.h"
#include "common/control/answer.h"
#include "common/settings/near.h"
#include "milter/ctl/ask/list.h"
#include "milter/ctl/ask/show.h"
#include "milter/ctl/cli/confirm.h"
#include "milter/ctl/cli/option.h"
#include "milter/ctl/cli/outcome.h"
#include "milter/ctl/cli/print.h"
#include "milter/ctl/cli/target.h"

struct act {
	struct jm_target target;
	const char *service;
	unsigned long long rows;
	bool tree; /* show: print all of it instead of a line */
	bool bcc;  /* recipients may be Bcc */
};

/* ---- output ---- */

static void put_age(json_int_t seconds)
{
	char text[32];

	if (seconds < 0)
		seconds = 0;
	if (seconds < 120)
		snprintf(text, sizeof text, "%llds", (long long)seconds);
	else if (seconds < 7200)
		snprintf(text, sizeof text, "%lldm", (long long)seconds / 60);
	else if (seconds < 172800)
		snprintf(text, sizeof text, "%lldh", (long long)seconds / 3600);
	else
		snprintf(text, sizeof text, "%lldd", (long long)seconds / 86400);
	jm_print(stdout, "%5s", text);
}

static void put_row(const json_t *row)
{
	char size[JM_PRINT_BYTES_TEXT], time[JM_PRINT_TIME_TEXT];
	json_int_t more = json_integer_value(json_object_get(row, "more"));
	size_t used;

	jm_print(stdout, "%8lld  ", (long long)json_integer_value(json_object_get(row, "id")));
	if (json_is_true(json_object_get(row, "hidden")))
		used = jm_print_cell(stdout, jm_span_str("(hidden)"), 0, false);
	else
		used = jm_print_value(stdout, json_object_get(row, "from"), 0, false);
	if (more > 0) {
		char text[32];

		snprintf(text, sizeof text, " +%lld", (long long)more);
		used += jm_print_cell(stdout, jm_span_str(text), 0, false);
	}
	jm_print(stdout, "%*s  ", used < 30 ? (int)(30 - used) : 0, "");
	jm_print_value(stdout, json_object_get(row, "to"), 30, false);
	jm_print(stdout, "  %9s  ",
	    jm_print_bytes((uint64_t)json_integer_value(json_object_get(row, "size")), size));
	put_age(json_integer_value(json_object_get(row, "age_s")));
	jm_print(stdout, "  %8lld  %s  ",
	    (long long)json_integer_value(json_object_get(row, "attempts")),
	    jm_print_time(row, "next_attempt", time));
	jm_print_value(stdout, json_object_get(row, "state"), 7, false);
	fputs("  ", stdout);
	jm_print_value(stdout, json_object_get(row, "message_id"), 30, false);
	fputs("  ", stdout);
	jm_print_value(stdout, json_object_get(row, "subject"), 0, false);
	if (json_is_string(json_object_get(row, "problem"))) {
		fputs(": ", stdout);
		jm_print_value(stdout, json_object_get(row, "problem"), 0, false);
	}
	putchar('\n');
}

static int queue_put(void *ctx, const json_t *row, struct jm_err *err)
{
	struct act *a = ctx;

	if (a->target.json) {
		jm_print_json(stdout, row);
	} else if (a->tree) {
		jm_print_tree(stdout, row, 0);
	} else {
		if (a->rows == 0) {
			jm_print_style(stdout, JM_PRINT_BOLD);
			jm_print(stdout, "%8s  %-30s  %-30s  %9s  %5s  %8s  %-20s  %-7s  %-30s  %s",
			    "ID", "SENDER", "RECIPIENT", "SIZE", "AGE", "ATTEMPTS", "NEXT ATTEMPT",
			    "STATE", "MESSAGE-ID", "SUBJECT");
			jm_print_style(stdout, JM_PRINT_PLAIN);
			putchar('\n');
		}
		put_row(row);
	}
	a->rows++;
	return ferror(stdout) ? jm_print_flush(err) : 0;
}

/* ---- asking ---- */

static int queue_ask(struct act *a, json_t *request, struct jm_err *err)
{
	const struct jm_answer_out out = { .object = queue_put, .ctx = a };
	int rc = request ? jm_target_ask(&a->target, request, &out, err)
			 : jm_err_set(err, JM_E_USAGE, "an argument is no UTF-8");

	json_decref(request);
	return rc < 0 || jm_print_flush(err) != 0 ? -1 : 0;
}

/* The change in words: "released". */
static const char *done_word(const char *verb)
{
	return strcmp(verb, "release") == 0 ? "released"
	    : strcmp(verb, "expire") == 0   ? "expired"
					    : "due now";
}

/* Report a change that has no answer of its own. */
static int say_done(const struct act *a, const char *verb, uint64_t id, struct jm_err *err)
{
	json_t *o = a->target.json ? json_pack("{s:I, s:s}", "id", (json_int_t)id, "done", verb)
				   : NULL;

	if (o)
		jm_print_json(stdout, o);
	json_decref(o);
	return jm_print_flush(err);
}

static int each_one(
    const char *name, struct act *a, const char *verb, const char *text, struct jm_err *err)
{
	json_t *request;
	uint64_t id;

	if (jm_ctl_id(text, &id, err) != 0)
		return -1;
	request = json_pack("{s:s, s:I, s:s*, s:o*}", "verb", verb, "id", (json_int_t)id, "from",
	    strcmp(verb, "release") == 0 ? name : NULL, "bcc",
	    strcmp(verb, "queue") == 0 ? json_boolean(a->bcc) : NULL);
	return queue_ask(a, request, err) != 0 || (a->rows == 0 && say_done(a, verb, id, err) != 0)
	    ? -1
	    : 0;
}

/*
 * Ask verb for each ID; name is the verb of jmctl. All IDs are tried; returns the exit code of the
 * first failure.
 */
static int queue_each(const char *name, struct act *a, const char *verb, char **ids, int n)
{
	int code = 0, one, done = 0;

	for (int i = 0; i < n; i++) {
		struct jm_err err;

		if (each_one(name, a, verb, ids[i], &err) == 0) {
			done++;
			continue;
		}
		one = jm_ctl_fail(name, &err);
		code = code ? code : one;
	}
	if (a->rows == 0 && !a->target.json)
		jm_print(stdout, "%s: %d of %d message%s\n", done_word(verb), done, n,
		    jm_num_s((uint64_t)n));
	return code;
}

static int list_queue(struct act *a)
{
	struct jm_err err;

	if (queue_ask(a,
		json_pack(
		    "{s:s, s:s*, s:b}", "verb", "queue", "service", a->service, "bcc", a->bcc),
		&err) != 0)
		return jm_ctl_fail("queue", &err);
	if (a->rows == 0 && !a->target.json)
		fputs("jmctl queue: nothing waits\n", stderr);
	return 0;
}

int jm_ctl_queue(int argc, char **argv)
{
	static const char *const actions[] = { "list", "show", "retry", "release" },
				 *const verbs[] = { NULL, "queue", "retry", "release" };
	struct act a = { .service = NULL };
	const struct jm_ctl_option options[] = { { "service", JM_CTL_TEXT, &a.service, "ADDRESS",
						     "list: that came to this journal address" },
		{ "bcc", JM_CTL_FLAG, &a.bcc, NULL, "list, show: recipients may be Bcc" },
		JM_TARGET_OPTIONS(&a.target), { NULL } };
	const char *action, *near;
	int n, code;
	size_t i;

	n = jm_ctl_options(argc, argv, options,
	    "[options] [list | show ID ... | retry ID ... | release ID ...]",
	    "What waits for its match. retry: look for it now. release: archive it now.", &code);
	if (n < 0)
		return code;
	action = n > 0 ? argv[1] : "list";
	for (i = 0; i < 4; i++)
		if (strcmp(action, actions[i]) == 0)
			break;
	if (i == 4) {
		near = jm_near_of(jm_span_str(action), actions, 4);
		jm_print(stderr,
		    "jmctl queue: no action \"%s\"%s%s%s; there are list, show, retry and "
		    "release\n",
		    action, near ? ", did you mean \"" : "", near ? near : "", near ? "\"" : "");
		return jm_ctl_exit_code(JM_E_USAGE);
	}
	if (i == 0)
		return n > 1 ? jm_ctl_fail_usage(argv[0], argv[2]) : list_queue(&a);
	if (n < 2)
		return jm_ctl_fail_missing(argv[0], "ID");
	a.tree = true;
	return queue_each(argv[0], &a, verbs[i], argv + 2, n - 1);
}

/* Run list or show of the archive's items. */
static int as_items(int argc, char **argv, bool list)
{
	static char verb_list[] = "set-aside list", verb_show[] = "set-aside show",
		    option[] = "--set-aside";
	char **args = calloc((size_t)argc + 2, sizeof *args);
	int n = 0, code;

	if (!args)
		return jm_ctl_exit_code(JM_E_TEMP);
	args[n++] = list ? verb_list : verb_show;
	if (list)
		args[n++] = option;
	for (int i = 1; i < argc; i++)
		if (i != 1)
			args[n++] = argv[i];
	code = list ? jm_ctl_list(n, args) : jm_ctl_show(n, args);
	free(args);
	return code;
}

/* Move the action to the front: main() may have moved options between the verb and the action. */
static void action_first(int argc, char **argv)
{
	static const char *const actions[] = { "list", "show", "release", "expire" };

	for (int i = 2; i < argc; i++)
		for (size_t k = 0; k < 4; k++)
			if (strcmp(argv[i], actions[k]) == 0) {
				char *action = argv[i];

				memmove(argv + 2, argv + 1, (size_t)(i - 1) * sizeof *argv);
				argv[1] = action;
				return;
			}
}

/* Ask before the change, unless --yes was given. True: do it. Else *code_r is the exit code. */
static bool aside_confirmed(bool yes, const char *action, int n, int *code_r)
{
	bool release = strcmp(action, "release") == 0;
	char question[120];

	if (yes || (release && !jm_ctl_can_ask()))
		return true;
	if (!jm_ctl_can_ask()) {
		fputs("jmctl set-aside: expire cannot be undone, and there is no terminal to ask "
		      "at; nothing was changed; with --yes it is done\n",
		    stderr);
		*code_r = EX_USAGE;
		return false;
	}
	snprintf(question, sizeof question, "%s %d message%s%s?", release ? "Archive" : "Remove", n,
	    jm_num_s((uint64_t)n), release ? "" : " from all lists, for good");
	if (jm_ctl_confirm(question))
		return true;
	fputs("jmctl set-aside: nothing was changed\n", stderr);
	*code_r = EX_OK;
	return false;
}

int jm_ctl_set_aside(int argc, char **argv)
{
	struct act a = { .service = NULL };
	bool yes = false;
	const struct jm_ctl_option options[] = { { "yes", JM_CTL_FLAG, &yes, NULL,
						     "release, expire: do not ask" },
		JM_TARGET_OPTIONS(&a.target), { NULL } };
	int n, code = EX_OK;

	if (argc > 1 && strcmp(argv[1], "list") != 0 && strcmp(argv[1], "show") != 0)
		action_first(argc, argv);
	if (argc > 1 && (strcmp(argv[1], "list") == 0 || strcmp(argv[1], "show") == 0))
		return as_items(argc, argv, argv[1][0] == 'l');
	n = jm_ctl_options(argc, argv, options,
	    "[options] list | show ID | release ID ... | expire ID ...",
	    "What was set aside. release: into the archive. expire: no list shows it any more.",
	    &code);
	if (n < 0)
		return code;
	if (n > 0 && strcmp(argv[1], "release") != 0 && strcmp(argv[1], "expire") != 0) {
		jm_print(stderr,
		    "jmctl set-aside: no action \"%s\"; there are list, show, release and expire\n",
		    argv[1]);
		return jm_ctl_exit_code(JM_E_USAGE);
	}
	if (n < 2)
		return jm_ctl_fail_missing(argv[0], "ID");
	if (!aside_confirmed(yes, argv[1], n - 1, &code))
		return code;
	return queue_each(argv[0], &a, argv[1], argv + 2, n - 1);
}
