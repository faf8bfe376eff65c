/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of search criteria: options and requests that are made from it, each without memory,
 * and the sections "list" and "search" of jmctl(8), which must have exactly its rows. */
#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/io.h"
#include "common/control/criterion.h"
#include "milter/ctl/cli/criteria.h"
#include "t/lib/tap.h"

#define MANUAL "milter/ctl/jmctl.8"
#define MANUAL_MAX_BYTES (1024u * 1024)

static long left; /* allocations until one fails; below 0: none fails */

static void *failing_malloc(size_t n)
{
	return left >= 0 && left-- == 0 ? NULL : malloc(n);
}

/* The option of that name; NULL: none. */
static const struct jm_ctl_option *option_named(const struct jm_ctl_option *o, const char *name)
{
	for (; o->name; o++)
		if (strcmp(o->name, name) == 0)
			return o;
	return NULL;
}

static void test_options(void)
{
	size_t n, listed = 0;
	const struct jm_criterion *rows = jm_criteria(&n);
	struct jm_ctl_option all[JM_CTL_OPTIONS_MAX], some[JM_CTL_OPTIONS_MAX];
	struct jm_criteria c = { .flag = { false } };

	jm_criteria_options(all, &c, false)->name = NULL;
	jm_criteria_options(some, &c, true)->name = NULL;
	for (size_t i = 0; i < n; i++) {
		const struct jm_ctl_option *o = option_named(all, rows[i].name);

		listed += rows[i].list;
		tap_ok(o && (o->kind == JM_CTL_FLAG) == (rows[i].type == JM_CRITERION_FLAG) &&
			!option_named(some, rows[i].name) == !rows[i].list &&
			jm_criterion_named(rows[i].name) == &rows[i],
		    "option --%s", rows[i].name);
		tap_ok(!rows[i].argument == (rows[i].type == JM_CRITERION_FLAG),
		    "--%s has a value, unless it is a flag", rows[i].name);
	}
	tap_ok(listed > 0 && listed < n, "list has fewer criteria than search");
	tap_ok(!jm_criterion_named("limit"), "no criterion \"limit\"");
	tap_ok(!jm_criteria_given(&c), "none is given");
	c.flag[jm_criterion_named("bcc") - rows] = true;
	tap_ok(
	    !jm_criteria_given(&c) && jm_criteria_flag(&c, "bcc"), "--bcc alone selects nothing");
	c.text[jm_criterion_named("since") - rows] = "2026-01-01";
	tap_ok(jm_criteria_given(&c), "--since does");
}

static void test_request(void)
{
	size_t n;
	const struct jm_criterion *rows = jm_criteria(&n);
	struct jm_criteria c = { .flag = { false } };
	struct jm_err err;
	json_t *request;

	for (size_t i = 0; i < n; i++) {
		c.flag[i] = rows[i].type == JM_CRITERION_FLAG;
		c.text[i] = c.flag[i] ? NULL : rows[i].type == JM_CRITERION_SIZE ? "2k" : "text";
	}
	request = jm_criteria_request(&c, "search", &err);
	tap_is_int((long long)json_object_size(request), (long long)n + 1, "a request with all");
	tap_is_int(json_integer_value(json_object_get(request, "max-size")), 2000, "a size");
	tap_ok(json_is_true(json_object_get(request, "bcc")), "a flag");
	tap_is_str(json_string_value(json_object_get(request, "sender")), "text", "a text");
	json_decref(request);
	/* Each allocation fails once. */
	for (long k = 0;; k++) {
		left = k;
		json_set_alloc_funcs(failing_malloc, free);
		request = jm_criteria_request(&c, "search", &err);
		json_set_alloc_funcs(malloc, free);
		if (request)
			break;
		if (err.kind != JM_E_TEMP)
			tap_ok(false, "allocation %ld fails: %s", k, err.text);
	}
	tap_ok(left >= 0, "a lack of memory is told as that");
	json_decref(request);
	c.text[jm_criterion_named("subject") - rows] = "\xff";
	tap_ok(!jm_criteria_request(&c, "search", &err) && err.kind == JM_E_USAGE, "no UTF-8");
	c.text[jm_criterion_named("subject") - rows] = NULL;
	c.text[jm_criterion_named("min-size") - rows] = "2 k";
	tap_ok(!jm_criteria_request(&c, "search", &err) && err.kind == JM_E_USAGE, "no size");
	c.text[jm_criterion_named("min-size") - rows] = NULL;
	c.text[jm_criterion_named("domain") - rows] = NULL;
	tap_ok(!jm_criteria_request(&c, "search", &err) && err.kind == JM_E_USAGE,
	    "--subdomains without --domain");
}

/* The options that the manual's section of a verb has, as " --NAME=ARG" after each other. */
static char *section(const char *manual, const char *verb)
{
	char head[64], *text = strdup(" "), *old;
	const char *at, *end, *line;

	snprintf(head, sizeof head, "\n.It Nm Cm %s Op options\n", verb);
	at = strstr(manual, head);
	at = at ? strstr(at, "\n.Bl ") : NULL;
	end = at ? strstr(at, "\n.El\n") : NULL;
	for (line = at; line && line < end; line = strchr(line + 1, '\n')) {
		const char *flag = line, *stop = strchr(line + 1, '\n');

		if (strncmp(line, "\n.It Fl ", 8) != 0)
			continue;
		while ((flag = strstr(flag, " -")) && flag < stop) {
			size_t n = strcspn(flag += 2, " \n"), k = 0;

			if (strncmp(flag + n, " Ar ", 4) == 0)
				k = strcspn(flag + n + 4, " \n");
			old = text;
			if (asprintf(&text, "%s--%.*s=%.*s ", old, (int)n, flag, (int)k,
				flag + n + 4) < 0)
				abort();
			free(old);
		}
	}
	return text;
}

/* Options of the verb that are no criteria. */
static bool is_other(const char *option)
{
	static const char *const others[] = {
		"--limit=", "--after=", "--newest=", "--reverse=", "--sort="
	};

	for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
		if (strncmp(option, others[i], strlen(others[i])) == 0)
			return true;
	return false;
}

static void test_manual(void)
{
	const char *src = getenv("JM_SRCDIR");
	unsigned char *manual = NULL;
	char path[4096], want[128];
	size_t n, bytes;
	const struct jm_criterion *rows = jm_criteria(&n);
	struct jm_err err;

	snprintf(path, sizeof path, "%s/" MANUAL, src ? src : ".");
	if (!tap_ok(jm_io_read_file(path, MANUAL_MAX_BYTES, &manual, &bytes, &err) == 0,
		"the manual is read"))
		return;
	for (int list = 0; list < 2; list++) {
		const char *verb = list ? "list" : "search";
		char *has = section((const char *)manual, verb);
		size_t found = 0, wanted = 0;

		for (size_t i = 0; i < n; i++) {
			if (list && !rows[i].list)
				continue;
			wanted++;
			snprintf(want, sizeof want, " --%s=%s ", rows[i].name,
			    rows[i].argument ? rows[i].argument : "");
			if (!tap_ok(strstr(has, want), "%s: the manual has%s", verb, want))
				tap_diag("%s", has);
		}
		for (const char *o = has; (o = strstr(o, " --")); o++)
			found += !is_other(o + 1);
		tap_is_int((long long)found, (long long)wanted, "%s: and no other", verb);
		free(has);
	}
	free(manual);
}

int main(void)
{
	test_options();
	test_request();
	test_manual();
	return tap_done();
}
