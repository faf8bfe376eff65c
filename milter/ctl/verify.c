/* SPDX-License-Identifier: BSD-2-Clause */
/* jmctl verify: every record re-read and compared; findings as they come, a summary at the end. */
#include <sysexits.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "milter/ctl/client.h"
#include "milter/ctl/print.h"

#define BAR_COLUMNS 24
#define BAR_US 100000			/* at most ten pictures a second */

struct verify {
	struct jm_client client;
	uint64_t since;
	bool resume, bar, drawn, ok, done;
	int64_t started_us, last_us;
};

static void wipe_bar(struct verify *v)
{
	if (v->drawn)
		fputs("\r\033[K", stderr);
	v->drawn = false;
}

static int progress(void *ctx, const json_t *o, struct jm_err *err)
{
	struct verify *v = ctx;
	uint64_t done = (uint64_t)json_integer_value(json_object_get(o, "done_bytes"));
	uint64_t total = (uint64_t)json_integer_value(json_object_get(o, "total_bytes"));
	char done_text[JM_PRINT_BYTES_TEXT], total_text[JM_PRINT_BYTES_TEXT], rate_text[JM_PRINT_BYTES_TEXT];
	int64_t now_us = jm_clock_mono_us();
	double part, seconds = (double)(now_us - v->started_us) / 1e6, rate;
	unsigned long left;
	int full;

	(void)err;
	if (!v->bar || now_us - v->last_us < BAR_US || total == 0)
		return 0;
	v->last_us = now_us;
	if (done > total)
		done = total;
	part = (double)done / (double)total;
	rate = seconds > 0 ? (double)done / seconds : 0;
	left = rate > 0 ? (unsigned long)((double)(total - done) / rate + 0.5) : 0;
	full = (int)(part * BAR_COLUMNS);
	fprintf(stderr, "\r\033[K%3.0f%% [%.*s%*s] %s of %s, %s/s, %lu:%02lu:%02lu left", part * 100, full, "########################", BAR_COLUMNS - full,
	    "", jm_print_bytes(done, done_text), jm_print_bytes(total, total_text), jm_print_bytes((uint64_t)rate, rate_text), left / 3600,
	    left / 60 % 60, left % 60);
	fflush(stderr);
	v->drawn = true;
	return 0;
}

static void put_finding(const json_t *o)
{
	jm_print_style(stdout, JM_PRINT_BAD);
	fputs("problem", stdout);
	jm_print_style(stdout, JM_PRINT_PLAIN);
	jm_print_finding(o);
}

static void put_summary(const struct verify *v, const json_t *o)
{
	jm_print_tree(stdout, o, 0);
	jm_print_style(stdout, v->ok ? JM_PRINT_GOOD : JM_PRINT_BAD);
	fputs(v->ok ? "the archive is what was put into it" : "the archive has problems", stdout);
	jm_print_style(stdout, JM_PRINT_PLAIN);
	putchar('\n');
}

static int put(void *ctx, const json_t *o, struct jm_err *err)
{
	struct verify *v = ctx;
	bool summary = json_object_get(o, "ok") != NULL;

	wipe_bar(v);
	if (summary) {
		v->done = true;
		v->ok = json_is_true(json_object_get(o, "ok"));
	}
	if (v->client.json)
		jm_print_json(stdout, o);
	else if (summary)
		put_summary(v, o);
	else
		put_finding(o);
	return jm_client_flush(err);
}

int jm_ctl_verify(int argc, char **argv)
{
	struct verify v = { .since = 0 };
	const struct jm_ctl_option options[] = {
		{ "since", JM_CTL_NUMBER, &v.since, "SEQ", "only records from this sequence number on" },
		{ "resume", JM_CTL_FLAG, &v.resume, NULL, "go on where a verification was broken off" },
		JM_CLIENT_OPTIONS(&v.client), { NULL }
	};
	const struct jm_answer_out out = { .object = put, .progress = progress, .ctx = &v };
	json_t *request;
	struct jm_err err;
	int n, code;

	n = jm_ctl_options(argc, argv, options, "[options]", "Re-read every record and compare it with its digests and with the catalog.", &code);
	if (n < 0)
		return code;
	if (n > 0)
		return jm_ctl_fail_usage(argv[0], argv[1]);
	if (v.since > INT64_MAX) {
		jm_err_set(&err, JM_E_USAGE, "--since is at most 9223372036854775807");
		return jm_ctl_fail(argv[0], &err);
	}
	if (v.resume && v.since > 0) {
		jm_err_set(&err, JM_E_USAGE, "--resume goes on with the --since of the verification that was broken off");
		return jm_ctl_fail(argv[0], &err);
	}
	v.bar = isatty(STDERR_FILENO);
	v.started_us = jm_clock_mono_us();
	request = json_pack("{s:s, s:I, s:b}", "verb", "verify", "since", (json_int_t)v.since, "resume", v.resume);
	code = jm_client_ask(&v.client, request, &out, &err);
	json_decref(request);
	wipe_bar(&v);
	if (code < 0)
		return jm_ctl_fail(argv[0], &err);
	return v.done && v.ok ? EX_OK : EX_DATAERR;
}
