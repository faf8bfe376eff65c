/* SPDX-License-Identifier: BSD-2-Clause */
/* Requests: what reaches the archive for each verb, and that nothing unknown or ill-typed does. */
#include <stdlib.h>
#include <string.h>

#include "common/archive/archive.h"
#include "common/control/answer.h"
#include "t/lib/memory.h"
#include "t/lib/tap.h"
#include "t/unit/control_archive.h"

static struct {
	unsigned objects, progress;
	size_t bytes;
	unsigned fail_at; /* the Nth object fails */
	char last[400];
	unsigned messages; /* that were taken */
} seen;

static int object(void *ctx, const json_t *o, struct jm_err *err)
{
	char *text = json_dumps(o, JSON_COMPACT | JSON_SORT_KEYS);

	(void)ctx;
	snprintf(seen.last, sizeof seen.last, "%s", text);
	free(text);
	if (++seen.objects == seen.fail_at)
		return jm_err_set(err, JM_E_TEMP, "the receiver is gone");
	return 0;
}

static int progress(void *ctx, const json_t *o, struct jm_err *err)
{
	(void)ctx, (void)o, (void)err;
	seen.progress++;
	return 0;
}

static int bytes(void *ctx, const void *p, size_t n, struct jm_err *err)
{
	(void)ctx, (void)p, (void)err;
	seen.bytes += n;
	return 0;
}

/* A client with two messages. */
static int message(void *ctx, struct jm_span *message_r, struct jm_err *err)
{
	(void)ctx, (void)err;
	*message_r = jm_span_str(seen.messages == 0 ? "one" : "second");
	return seen.messages++ < 2;
}

static const struct jm_answer_out out = {
	.object = object, .progress = progress, .bytes = bytes, .message = message
};

/* A user that no system has. Nothing in a request changes the actor. */
#define ANNA "uid 4000000000, gid 50, login uid 4000000001, pid 4711"
static const struct jm_peer anna = { 4000000000, 50, 4711, 4000000001 };

static int ask(struct jm_archive *a, const char *request, const json_t *state, struct jm_err *err)
{
	json_t *q = json_loads(request, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
	int rc;

	if (!q)
		abort();
	memset(&seen, 0, sizeof seen);
	a->asked[0] = '\0';
	*err = (struct jm_err){ .kind = JM_E_NONE };
	rc = jm_answer(a, state, &anna, q, &out, err);
	json_decref(q);
	return rc;
}

/* Requests, and the question that reaches the archive. */
static const struct {
	const char *request, *asked;
} good_requests[] = {
	{ "{\"verb\":\"status\"}", "status" },
	{ "{\"verb\":\"status\",\"days\":false}", "status" },
	{ "{\"verb\":\"status\",\"days\":true}", "days -" },
	{ "{\"verb\":\"status\",\"days\":true,\"service\":\"j@k.l\"}", "days j@k.l" },
	{ "{\"verb\":\"list\"}", "list after 0 limit 0 0 0 - - - 0 0" },
	{ "{\"verb\":\"list\",\"after\":9,\"limit\":20,\"reverse\":true,"
	  "\"set-aside\":true}",
	    "list after 9 limit 20 1 1 - - - 0 0" },
	{ "{\"verb\":\"list\",\"reverse\":false,\"address\":\"a@b.c\","
	  "\"message-id\":\"<1@x>\",\"service\":\"j@k.l\"}",
	    "list after 0 limit 0 0 0 a@b.c <1@x> j@k.l 0 0" },
	{ "{\"verb\":\"list\",\"since\":\"1970-01-02\",\"until\":\"1970-01-02T00:00:01Z\"}",
	    "list after 0 limit 0 0 0 - - - 86400000 86401000" },
	{ "{\"verb\":\"show\",\"id\":9223372036854775807}", "show 9223372036854775807" },
	{ "{\"verb\":\"export\",\"id\":4}", "export 4 message 0" },
	{ "{\"verb\":\"export\",\"id\":4,\"raw\":true,\"which\":1}", "export 4 raw 1" },
	{ "{\"verb\":\"export\",\"id\":4,\"report\":true,\"which\":2}", "export 4 report 2" },
	{ "{\"verb\":\"verify\"}", "verify 0" },
	{ "{\"verb\":\"verify\",\"after\":12}", "verify 13" },
	{ "{\"verb\":\"verify\",\"since\":\"1970-01-02\"}", "verify 101" },
	/* the limit is for those that pass */
	{ "{\"verb\":\"events\",\"after\":3,\"limit\":2}", "events after 3 limit 0" },
	{ "{\"verb\":\"events\",\"kind\":\"refused\",\"service\":\"j@k.l\","
	  "\"actor\":\"x\",\"since\":\"1970-01-02\"}",
	    "events after 0 limit 0" },
	{ "{\"verb\":\"queue\"}", "queue -" },
	{ "{\"verb\":\"queue\",\"service\":\"j@k.l\"}", "queue j@k.l" },
	{ "{\"verb\":\"queue\",\"id\":7}", "queue show 7" },
	{ "{\"verb\":\"retry\",\"id\":7}", "change 7 to 0 from 1 attempts 2 by " ANNA " (1)" },
	{ "{\"verb\":\"release\",\"id\":7,\"from\":\"queue\",\"actor\":\"root\"}",
	    "change 7 to 3 from 1 attempts 0 by " ANNA " (1)" },
	{ "{\"verb\":\"release\",\"id\":7,\"from\":\"set-aside\"}",
	    "change 7 to 3 from 2 attempts 0 by " ANNA " (1)" },
	{ "{\"verb\":\"expire\",\"id\":7}", "change 7 to 4 from 2 attempts 0 by " ANNA " (1)" },
	{ "{\"verb\":\"backup\"}", "backup all" },
	{ "{\"verb\":\"backup\",\"tip\":\"{\\\"seq\\\":7}\"}", "backup from a tip" },
	{ "{\"verb\":\"import\",\"service\":\"a@b\",\"journal-domains\":[\"j\"]}",
	    "import a@b j 001 6" },
	{ "{\"verb\":\"import\",\"service\":\"a@b\",\"eml\":true,\"keep-journal-headers\":true,"
	  "\"prefer-clear-text\":true}",
	    "import a@b - 110 6" },
	{ "{\"verb\":\"domains\"}", "domains" },
	{ "{\"verb\":\"domain\",\"domain\":\"Example.COM\",\"state\":\"verified\"}",
	    "domain example.com to 1 by " ANNA },
};

static void test_good(void)
{
	struct jm_archive a = { .objects = 0 };
	struct jm_err err;
	size_t i;

	for (i = 0; i < sizeof good_requests / sizeof *good_requests; i++) {
		int rc = ask(&a, good_requests[i].request, NULL, &err);

		tap_ok(rc == 0 && strcmp(a.asked, good_requests[i].asked) == 0,
		    "%s asks for \"%s\"", good_requests[i].request, a.asked);
	}
}

static void test_bad(void)
{
	static const struct {
		const char *request, *word; /* the text has to name this */
	} cases[] = {
		{ "[]", "verb" },
		{ "7", "verb" },
		{ "{}", "verb" },
		{ "{\"verb\":7}", "verb" },
		{ "{\"verb\":\"drop\"}", "drop" },
		{ "{\"verb\":\"status\",\"limit\":1}", "limit" },
		{ "{\"verb\":\"list\",\"Limit\":1}", "Limit" },
		{ "{\"verb\":\"list\",\"limit\":-1}", "limit" },
		{ "{\"verb\":\"list\",\"limit\":\"1\"}", "limit" },
		{ "{\"verb\":\"list\",\"limit\":1.5}", "limit" },
		{ "{\"verb\":\"list\",\"limit\":null}", "limit" },
		{ "{\"verb\":\"list\",\"reverse\":1}", "reverse" },
		{ "{\"verb\":\"list\",\"address\":5}", "address" },
		{ "{\"verb\":\"list\",\"address\":\"a\\u0000b\"}", "address" },
		{ "{\"verb\":\"list\",\"since\":\"yesterday\"}", "yesterday" },
		{ "{\"verb\":\"list\",\"until\":5}", "until" },
		{ "{\"verb\":\"show\"}", "id" },
		{ "{\"verb\":\"export\"}", "id" },
		{ "{\"verb\":\"export\",\"id\":1,\"raw\":true,\"report\":true}", "raw" },
		{ "{\"verb\":\"backup\",\"tip\":\"{\\\"seq\\\":\"}", "tip" },
		{ "{\"verb\":\"follow\",\"from\":\"here\"}", "from" },
		{ "{\"verb\":\"follow\",\"from\":\"7\"}", "from" },
		{ "{\"verb\":\"import\"}", "service" },
		{ "{\"verb\":\"import\",\"service\":\"a\",\"journal-domains\":\"b\"}",
		    "journal-domains" },
		{ "{\"verb\":\"import\",\"service\":\"a\",\"journal-domains\":[7]}",
		    "journal-domains" },
		{ "{\"verb\":\"release\",\"id\":1}", "from" },
		{ "{\"verb\":\"release\",\"id\":1,\"from\":\"elsewhere\"}", "elsewhere" },
	};
	struct jm_archive a = { .objects = 0 };
	struct jm_err err;
	size_t i;

	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		int rc = ask(&a, cases[i].request, NULL, &err);

		tap_ok(rc < 0 && err.kind == JM_E_USAGE && a.asked[0] == '\0',
		    "%s is a wrong request", cases[i].request);
		tap_ok(strstr(err.text, cases[i].word), "and the message names it: %s", err.text);
	}
	tap_ok(ask(&a, "{\"verb\":\"export\",\"id\":1,\"which\":4294967296}", NULL, &err) < 0 &&
		err.kind == JM_E_NOTFOUND,
	    "a content that cannot be counted is not found");
}

static void test_answers(void)
{
	struct jm_archive a = { .objects = 3, .export_bytes = 250000 };
	json_t *state = json_pack("{s:i}", "uptime_s", 5);
	struct jm_err err;

	tap_ok(ask(&a, "{\"verb\":\"status\"}", state, &err) == 0,
	    "status with what the daemon knows");
	tap_is_str(
	    seen.last, "{\"daemon\":{\"uptime_s\":5},\"items\":7}", "it stands under \"daemon\"");
	tap_ok(ask(&a, "{\"verb\":\"status\"}", NULL, &err) == 0, "status without a daemon");
	tap_is_str(seen.last, "{\"daemon\":null,\"items\":7}", "says so");
	tap_ok(ask(&a, "{\"verb\":\"list\"}", NULL, &err) == 0 && seen.objects == 3,
	    "list hands every object on");
	tap_ok(ask(&a, "{\"verb\":\"verify\"}", NULL, &err) == 0 && seen.objects == 4 &&
		seen.progress == 3,
	    "verify: progress, findings, and the summary");
	tap_is_str(seen.last, "{\"ok\":false}", "which comes last");
	tap_ok(ask(&a, "{\"verb\":\"export\",\"id\":1}", NULL, &err) == 0 && seen.bytes == 250000 &&
		seen.objects == 0,
	    "export gives bytes only");
	a.fail = JM_E_CORRUPT;
	tap_ok(ask(&a, "{\"verb\":\"show\",\"id\":1}", NULL, &err) < 0 &&
		err.kind == JM_E_CORRUPT && seen.objects == 0,
	    "the archive's error comes through");
	json_decref(state);
}

static void test_receiver_gone(void)
{
	struct jm_archive a = { .objects = 3 };
	json_t *q = json_pack("{s:s}", "verb", "events");
	struct jm_err err;

	memset(&seen, 0, sizeof seen);
	seen.fail_at = 2;
	tap_ok(jm_answer(&a, NULL, &anna, q, &out, &err) < 0 && err.kind == JM_E_TEMP &&
		seen.objects == 2,
	    "a receiver that fails ends the verb at once");
	json_decref(q);
}

#ifndef JM_T_MEMORY_IS_THEIRS
extern void *__libc_malloc(size_t n);
static int until_none = -1; /* allocations until one fails, once; -1: none fails */

void *malloc(size_t n)
{
	return until_none >= 0 && until_none-- == 0 ? NULL : __libc_malloc(n);
}

/* A backup whose tip could not be read would be one of everything. */
static void test_no_memory(void)
{
	json_t *q = json_pack(
	    "{s:s, s:s}", "verb", "backup", "tip", "{\"uuid\":\"0123456789\",\"seq\":7}");
	struct jm_archive a = { .objects = 0 };
	unsigned wrong = 0, refused = 0;
	struct jm_err err;

	for (int i = 0; i < 30; i++) {
		int rc;

		a.asked[0] = '\0';
		until_none = i;
		rc = jm_answer(&a, NULL, &anna, q, &out, &err);
		until_none = -1;
		if (rc == 0)
			wrong += strcmp(a.asked, "backup from a tip") != 0;
		else
			wrong += err.kind != JM_E_TEMP || a.asked[0] != '\0';
		refused += rc != 0;
	}
	tap_ok(wrong == 0 && refused > 3,
	    "backup without memory for its tip: refused, never one of everything (%u times)",
	    refused);
	json_decref(q);
}
#else
static void test_no_memory(void)
{
	tap_skip(1, "memory is the sanitizer's here");
}
#endif

int main(void)
{
	test_no_memory();
	test_good();
	test_bad();
	test_answers();
	test_receiver_gone();
	return tap_done();
}
