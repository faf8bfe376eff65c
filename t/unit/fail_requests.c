/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Each request for what the archive has, while memory, a call on a file or the catalog fails, at
 * one place of the program after the other: it is refused as temporary or answered as ever.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/control/answer.h"
#include "common/json/write.h"
#include "common/query/archive_status.h"
#include "common/query/mark_list.h"
#include "common/query/recent.h"
#include "common/query/waiting.h"
#include "t/lib/deposit.h"
#include "t/lib/failing.h"
#include "t/lib/filled.h"
#include "t/lib/tap.h"

static struct jm_archive *archive;
static uint64_t seq[T_FILLED_MARKED + 1];
static const struct jm_peer root = { 0, 0, 1, 0 };

/* Members that differ from one time to the next do not count. */
static int add_json(struct jm_buf *b, const json_t *v, struct jm_err *err)
{
	static const char *const vary[] = { "seconds", "disk", "cache", "checkpoint", "age_s" };

	for (size_t i = 0; i < sizeof vary / sizeof *vary && json_is_object(v); i++)
		(void)json_object_del((json_t *)(uintptr_t)v, vary[i]);
	return jm_json_write(b, v, err) == 0 ? jm_buf_add_byte(b, '\n', err) : -1;
}

static int object(void *ctx, const json_t *o, struct jm_err *err)
{
	return json_is_object(o) ? add_json(ctx, o, err)
				 : jm_err_set(err, JM_E_BUG, "an answer without an object");
}

static int rows(void *ctx, const char *list, const json_t *v, struct jm_err *err)
{
	return jm_buf_printf(ctx, err, "%s: ", list) == 0 ? add_json(ctx, v, err) : -1;
}

static int bytes(void *ctx, const void *p, size_t n, struct jm_err *err)
{
	return jm_buf_add(ctx, p, n, err);
}

static int progress(void *ctx, const json_t *o, struct jm_err *err)
{
	(void)ctx, (void)o, (void)err;
	return 0;
}

struct question {
	const json_t *request, *daemon_state;
};

static int ask(void *ctx, struct jm_buf *out, struct jm_err *err)
{
	const struct question *q = ctx;
	const struct jm_answer_out to = {
		.object = object, .rows = rows, .progress = progress, .bytes = bytes, .ctx = out
	};

	return jm_answer(archive, q->daemon_state, &root, q->request, &to, err);
}

/* own_result: an answer may lack figures. */
static void trials(const char *name, int (*run)(void *, struct jm_buf *, struct jm_err *),
    void *ctx, bool own_result)
{
	struct t_trial t = { .name = name, .run = run, .ctx = ctx, .own_result = own_result };

	for (int i = 0; i < T_FAILINGS; i++) {
		t.failing = (enum t_failing)i;
		t_fail_each(&t);
	}
}

/* %1: an ordinary item; %2: a report with Bcc recipients; %3: set aside; %4: waits. */
static json_t *request_of(const char *text)
{
	static const enum t_filled_kind kinds[] = { T_FILLED_PLAIN, T_FILLED_REPORT, T_FILLED_ASIDE,
		T_FILLED_QUEUED };
	char whole[600];
	size_t n = 0;
	json_t *v;

	for (; *text && n + 30 < sizeof whole; text++)
		if (*text == '$')
			n += (size_t)snprintf(whole + n, sizeof whole - n, "%llu",
			    (unsigned long long)seq[kinds[*++text - '1']]);
		else
			whole[n++] = *text == '\'' ? '"' : *text;
	whole[n] = '\0';
	v = json_loads(whole, 0, NULL);
	if (!v)
		printf("Bail out! %s\n", whole);
	return v;
}

static const char *const requests[] = {
	"{'verb':'status'}",
	"{'verb':'status','days':true,'service':'" T_FILLED_SERVICE "'}",
	"{'verb':'list'}",
	"{'verb':'list','reverse':true,'limit':2,'waiting':true}",
	"{'verb':'list','set-aside':true,'bcc':true}",
	"{'verb':'search','sender':'ANNA@example.com'}",
	"{'verb':'search','recipient':'emil@example.org','bcc':true}",
	"{'verb':'search','recipient':'emil@example.org'}",
	"{'verb':'search','address':'carl@sub.example.org','service':'" T_FILLED_SERVICE "'}",
	"{'verb':'search','domain':'example.org','subdomains':true,'bcc':true}",
	"{'verb':'search','domain':'example.net'}",
	"{'verb':'search','subject':'gr\\u00fcsse'}",
	"{'verb':'search','message-id':'<filled2@x>'}",
	"{'verb':'search','since':'2020-01-01','until':'2100-01-01'}",
	"{'verb':'search','sent-since':'2029-07-03','sort':'sent'}",
	"{'verb':'search','min-size':10,'max-size':90000,'sort':'size','reverse':true}",
	"{'verb':'search','attachment':'*pl\\u00e4ne*'}",
	"{'verb':'search','sort':'sender','after':$1}",
	"{'verb':'search','sort':'subject','limit':2}",
	"{'verb':'show','id':$1}",
	"{'verb':'show','id':$2}",
	"{'verb':'show','id':$2,'bcc':true}",
	"{'verb':'show','id':$3,'bcc':true}",
	"{'verb':'show','id':$4}",
	"{'verb':'show','message-id':'<filled2@x>'}",
	"{'verb':'export','id':$1}",
	"{'verb':'export','id':$1,'report':true,'bcc':true}",
	"{'verb':'export','id':$3,'raw':true,'bcc':true}",
	"{'verb':'dump'}",
	"{'verb':'backup'}",
	"{'verb':'events'}",
	"{'verb':'events','kind':'status','bcc':true}",
	"{'verb':'events','service':'" T_FILLED_SERVICE "','actor':'daemon','since':'2020-01-01'}",
	"{'verb':'follow','from':'{\\'seq\\':0}','bcc':true}",
	"{'verb':'follow','from':'{\\'seq\\':0}','kind':'archived,set-aside','limit':3}",
	"{'verb':'queue'}",
	"{'verb':'queue','service':'" T_FILLED_SERVICE "','bcc':true}",
	"{'verb':'queue','id':$4}",
	"{'verb':'domains'}",
	"{'verb':'verify'}",
};

static void test_requests(void)
{
	json_t *state = json_pack(
	    "{s:[{s:s, s:s, s:s, s:{s:s, s:s}, s:s, s:{s:i, s:i, s:i, s:n}}]}", "services",
	    "email_address", T_FILLED_SERVICE, "description", "one", "transport", "pop3",
	    "standing", "status", "ERROR", "cure", "c", "last_extract", "SUCCESS", "mailbox",
	    "queue", 3, "waiting", 1, "unretrievable", 1, "unretrievable_since");

	for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
		json_t *request = request_of(requests[i]);
		struct question q = { request, i < 2 ? state : NULL };

		trials(requests[i], ask, &q, i < 2);
		json_decref(request);
	}
	json_decref(state);
}

/* ---- what no request asks for ---- */

static int ask_recent(void *ctx, struct jm_buf *out, struct jm_err *err)
{
	json_t *recent = NULL;
	int rc;

	(void)ctx;
	if (jm_archive_recent(archive, 1900000000000, &recent, err) != 0)
		return -1;
	rc = object(out, recent, err);
	json_decref(recent);
	return rc;
}

static int ask_standing(void *ctx, struct jm_buf *out, struct jm_err *err)
{
	json_t *status = NULL, *row = NULL;
	int rc = -1;

	(void)ctx;
	if (jm_archive_standing(archive, &status, err) == 0 && object(out, status, err) == 0 &&
	    (rc = jm_archive_service(archive, T_FILLED_SERVICE, &row, err)) == 1)
		rc = object(out, row, err);
	json_decref(status);
	json_decref(row);
	return rc;
}

static int ask_due(void *ctx, struct jm_buf *out, struct jm_err *err)
{
	struct jm_waiting w[4];
	size_t n = 0;

	(void)ctx;
	if (jm_archive_queue_due(archive, INT64_MAX, w, 4, &n, err) != 0)
		return -1;
	return jm_buf_printf(out, err, "%zu %s", n, n == 1 ? w[0].service : "");
}

static int add_mark(void *ctx, const struct jm_archived_mark *mark, struct jm_err *err)
{
	return jm_buf_add_span(ctx, mark->uidl, err);
}

static int ask_marks(void *ctx, struct jm_buf *out, struct jm_err *err)
{
	static const unsigned char other[JM_SHA256_BYTES];
	bool same = true;

	(void)ctx;
	return jm_archive_pop3_marks(archive, T_FILLED_MAILBOX, add_mark, out, err) == 0 &&
		jm_archive_mark_is(archive, seq[T_FILLED_MARKED], other, &same, err) == 0
	    ? jm_buf_printf(out, err, " %d", same)
	    : -1;
}

int main(void)
{
	char dir[500];

	snprintf(dir, sizeof dir, "%s/archive", tap_folder());
	archive = t_open(dir, 6000);
	if (!archive)
		return 1;
	t_fill(archive, seq);
	test_requests();
	trials("recent", ask_recent, NULL, false);
	trials("standing", ask_standing, NULL, true);
	trials("due", ask_due, NULL, false);
	trials("marks", ask_marks, NULL, false);
	tap_is_int(t_verify(archive, NULL), 0, "nothing is wrong afterwards");
	jm_archive_close(&archive);
	return tap_done();
}
