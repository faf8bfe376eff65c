/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * jmctl reload: have the daemon read its settings file again, and print what changed. The daemon
 * itself checks the file, so that exactly what it would put into force is checked.
 */
#include "milter/ctl/ask/ask_reload.h"

#include <stdint.h>
#include <stdio.h>
#include <sysexits.h>

#include "common/base/num.h"
#include "common/control/answer.h"
#include "milter/ctl/cli/option.h"
#include "milter/ctl/cli/outcome.h"
#include "milter/ctl/cli/print.h"
#include "milter/ctl/cli/target.h"

struct reload {
	struct jm_target target;
	bool ok;
};

static const char *text_of(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "";
}

static void put_line(FILE *f, const char *text)
{
	jm_print_text(f, jm_span_str(text));
	putc('\n', f);
}

static void put_changes(const json_t *o)
{
	const json_t *changes = json_object_get(o, "changes"), *c;
	const char *restart = text_of(o, "restart_needed");
	size_t n = json_array_size(changes), i;

	jm_print(stdout, "%s: in force now, %zu change%s\n", text_of(o, "file"), n, jm_num_s(n));
	json_array_foreach(changes, i, c) {
		fputs("  ", stdout);
		if (*text_of(c, "service")) {
			jm_print_text(stdout, jm_span_str(text_of(c, "service")));
			fputs(": ", stdout);
		}
		put_line(stdout, text_of(c, "text"));
	}
	if (*restart) {
		fputs("not yet in force, as these need a restart of the daemon: ", stdout);
		put_line(stdout, restart);
	}
}

static int reload_put(void *ctx, const json_t *o, struct jm_err *err)
{
	struct reload *r = ctx;
	const json_t *lines = json_object_get(o, "findings"), *line;
	size_t i;

	r->ok = json_is_true(json_object_get(o, "ok"));
	if (r->target.json) {
		jm_print_json(stdout, o);
		return jm_print_flush(err);
	}
	json_array_foreach(lines, i, line)
		put_line(stderr, json_string_value(line));
	if (r->ok)
		put_changes(o);
	else
		fputs("jmctl reload: the daemon keeps its earlier settings\n", stderr);
	return jm_print_flush(err);
}

int jm_ctl_reload(int argc, char **argv)
{
	/* A file that cannot be loaded needs no warning: the answer has its errors. */
	struct reload r = { .target = { .only_daemon = true, .warned = true } };
	const struct jm_ctl_option options[] = { JM_TARGET_OPTIONS(&r.target), { NULL } };
	const struct jm_answer_out out = { .object = reload_put, .ctx = &r };
	json_t *request;
	struct jm_err err;
	int n, code;

	n = jm_ctl_options(argc, argv, options, "[options]",
	    "Have the daemon read its settings file again, and print what changed.", &code);
	if (n < 0)
		return code;
	if (n > 0)
		return jm_ctl_fail_usage(argv[0], argv[1]);
	request = json_pack("{s:s}", "verb", "reload");
	code = request ? jm_target_ask(&r.target, request, &out, &err)
		       : jm_err_set(&err, JM_E_TEMP, "out of memory");
	json_decref(request);
	if (code < 0)
		return jm_ctl_fail(argv[0], &err);
	return r.ok ? EX_OK : EX_CONFIG;
}
