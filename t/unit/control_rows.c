/* SPDX-License-Identifier: BSD-2-Clause */
/* Lists that come in several frames: from a make-believe archive through both halves of the control
 * protocol into an item of jmctl, and the same with frames that are wrong or break off. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/control/client.h"
#include "common/control/frame.h"
#include "common/control/respond.h"
#include "milter/ctl/cli/item.h"
#include "t/lib/tap.h"
#include "t/unit/control_archive.h"

static struct jm_ctl_item item;

static int take(void *ctx, const json_t *o, struct jm_err *err)
{
	(void)ctx;
	return jm_ctl_item_take(&item, o, err);
}

static int add(void *ctx, const char *list, const json_t *rows, struct jm_err *err)
{
	unsigned *calls = ctx;

	++*calls;
	return jm_ctl_item_add(&item, list, rows, err);
}

/* Ask at fd as jmctl does; -1 with err. calls_r: how often rows came. */
static int ask_item(int fd, unsigned *calls_r, struct jm_err *err)
{
	const struct jm_answer_out out = { .object = take, .rows = add, .ctx = calls_r };
	json_t *request = json_pack("{s:s, s:i, s:b}", "verb", "show", "id", 7, "bcc", 1);
	int rc;

	*calls_r = 0;
	jm_ctl_item_release(&item);
	rc = jm_client_ask(fd, request, &out, err);
	json_decref(request);
	return rc;
}

/* ---- from end to end ---- */

struct served {
	int fd, rc;
	struct jm_archive archive;
	struct jm_err err;
};

static void *serve(void *arg)
{
	struct served *s = arg;
	const struct jm_respond_to to = { .fd = s->fd, .timeout_ms = 60000 };
	json_t *request = NULL;
	struct jm_err err;

	s->rc = jm_respond_read(s->fd, 60000, &request, &s->err);
	if (s->rc == 0)
		s->rc = jm_respond_answer(&to, &s->archive, NULL, request, &s->err);
	(void)!jm_respond_end(s->fd, 60000, s->rc == 0 ? NULL : &s->err, &err);
	json_decref(request);
	return NULL;
}

static int in_order(void *ctx, size_t i, const json_t *row, struct jm_err *err)
{
	size_t *n = ctx;

	(void)err;
	*n += i == *n && json_integer_value(json_object_get(row, "address")) == (json_int_t)i;
	return 0;
}

static void test_whole(unsigned recipients, bool many)
{
	struct served s = { .archive = { .objects = recipients } };
	int pair[2];
	pthread_t thread;
	unsigned calls;
	struct jm_err err;
	size_t seen = 0;
	int rc;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		abort();
	s.fd = pair[1];
	if (pthread_create(&thread, NULL, serve, &s) != 0)
		abort();
	rc = ask_item(pair[0], &calls, &err);
	pthread_join(thread, NULL);
	tap_ok(rc == 0 && s.rc == 0 && (calls > 1) == many, "%u recipients: rows came %u times",
	    recipients, calls);
	tap_is_int((long long)jm_ctl_item_count(&item, "recipients"), recipients, "all of them");
	rc = jm_ctl_item_rows(&item, "recipients", in_order, &seen, &err);
	tap_ok(rc == 0 && seen == recipients, "in order, %zu", seen);
	tap_ok(jm_ctl_item_count(&item, "reports") == 0 && jm_ctl_item_count(&item, "none") == 0,
	    "and none in the other lists");
	close(pair[0]);
	close(pair[1]);
}

static void *hang_up(void *arg)
{
	struct jm_buf b;
	struct jm_err err;
	int *fd = arg;
	char type = 0;

	jm_buf_init(&b, JM_FRAME_MAX_BYTES);
	while (type != 'R' && jm_frame_read(*fd, &type, &b, 60000, &err) == 0)
		;
	jm_buf_release(&b);
	close(*fd);
	return NULL;
}

/* The client ends after the first rows: the archive's side stops, with an error, no signal. */
static void test_client_gone(void)
{
	struct served s = { .archive = { .objects = 200000 } };
	static const char request[] = "{\"verb\":\"show\",\"id\":7,\"bcc\":true}";
	struct jm_err err;
	pthread_t thread;
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		abort();
	s.fd = pair[1];
	if (jm_frame_write(pair[0], 'Q', request, sizeof request - 1, 1000, &err) != 0 ||
	    pthread_create(&thread, NULL, hang_up, &pair[0]) != 0)
		abort();
	serve(&s);
	pthread_join(thread, NULL);
	tap_ok(s.rc == -1 && s.err.kind == JM_E_TEMP, "a client that goes ends it: %s", s.err.text);
	close(pair[1]);
}

/* ---- frames that are wrong ---- */

#define OBJECT "O{\"id\":7,\"recipients\":[],\"reports\":[{\"seq\":7}]}"
#define ROWS "R{\"list\":\"recipients\",\"rows\":[{\"address\":0},{\"address\":1}]}"
#define END "E{\"kind\":\"\",\"text\":\"\"}"

struct wrong {
	const char *what, *frames[5]; /* the type, and the payload */
	enum jm_err_kind kind;
	const char *text; /* in the error; with NONE: NULL */
};

static void put_frames(int fd, const char *const frames[5])
{
	struct jm_err err;

	for (size_t i = 0; i < 5 && frames[i]; i++)
		if (jm_frame_write(
			fd, frames[i][0], frames[i] + 1, strlen(frames[i] + 1), 1000, &err) != 0)
			abort();
	shutdown(fd, SHUT_WR);
}

static void test_frames(const struct wrong *w)
{
	struct jm_err err = { .kind = JM_E_NONE };
	unsigned calls;
	size_t seen = 0;
	int pair[2], rc;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		abort();
	put_frames(pair[1], w->frames);
	rc = ask_item(pair[0], &calls, &err);
	if (rc == 0)
		rc = jm_ctl_item_rows(&item, "recipients", in_order, &seen, &err);
	if (w->kind == JM_E_NONE)
		tap_ok(rc == 0 && seen > 0 && seen == jm_ctl_item_count(&item, "recipients"),
		    "%s: %zu rows in order %s", w->what, seen, rc == 0 ? "" : err.text);
	else
		tap_ok(rc == -1 && err.kind == w->kind && strstr(err.text, w->text), "%s: %s, %s",
		    w->what, jm_err_kind_name(err.kind), err.text);
	close(pair[0]);
	close(pair[1]);
}

static void test_wrong(void)
{
	static const char belong[] = "do not belong here", none[] = "where none belong",
			  no_object[] = "no object", broke[] = "broke off";
	static const struct wrong cases[] = {
		{ "rows", { OBJECT, ROWS, END }, JM_E_NONE, NULL },
		{ "no rows, then rows",
		    { OBJECT, "R{\"list\":\"recipients\",\"rows\":[]}", ROWS, END }, JM_E_NONE,
		    NULL },
		{ "rows in pieces",
		    { OBJECT, "r{\"list\":\"recipi", "rents\",\"rows\":[{\"addr", "Ress\":0}]}",
			END },
		    JM_E_NONE, NULL },
		{ "lists in turn",
		    { OBJECT, "R{\"list\":\"recipients\",\"rows\":[{\"address\":0}]}",
			"R{\"list\":\"reports\",\"rows\":[{\"seq\":8}]}",
			"R{\"list\":\"recipients\",\"rows\":[{\"address\":1}]}", END },
		    JM_E_NONE, NULL },
		{ "a list that it has not", { OBJECT, "R{\"list\":\"others\",\"rows\":[{}]}", END },
		    JM_E_CORRUPT, belong },
		{ "a member that is no list", { OBJECT, "R{\"list\":\"id\",\"rows\":[{}]}", END },
		    JM_E_CORRUPT, belong },
		{ "a long name",
		    { OBJECT, "R{\"list\":\"recipientsrecipientsrecipients\",\"rows\":[{}]}", END },
		    JM_E_CORRUPT, belong },
		{ "rows of no item", { ROWS, END }, JM_E_CORRUPT, belong },
		{ "no list", { OBJECT, "R{\"rows\":[{}]}", END }, JM_E_CORRUPT, none },
		{ "a list that is a number", { OBJECT, "R{\"list\":1,\"rows\":[{}]}", END },
		    JM_E_CORRUPT, none },
		{ "no rows", { OBJECT, "R{\"list\":\"recipients\"}", END }, JM_E_CORRUPT, none },
		{ "rows that are an object",
		    { OBJECT, "R{\"list\":\"recipients\",\"rows\":{}}", END }, JM_E_CORRUPT, none },
		{ "an array", { OBJECT, "R[]", END }, JM_E_CORRUPT, none },
		{ "a row that is a number",
		    { OBJECT, "R{\"list\":\"recipients\",\"rows\":[{\"address\":0},1]}", END },
		    JM_E_CORRUPT, no_object },
		{ "a row that is null",
		    { OBJECT, "R{\"list\":\"recipients\",\"rows\":[null]}", END }, JM_E_CORRUPT,
		    no_object },
		{ "no JSON", { OBJECT, "R{\"list\":", END }, JM_E_CORRUPT, "JSON" },
		{ "nothing", { OBJECT, "R", END }, JM_E_CORRUPT, "JSON" },
		{ "an end after rows", { OBJECT, ROWS }, JM_E_TEMP, broke },
		{ "an end within rows", { OBJECT, ROWS, "r{\"list\":" }, JM_E_TEMP, broke },
		{ "another type within rows", { OBJECT, "r{\"list\":", END }, JM_E_TEMP,
		    "within a payload" },
		{ "an error after rows",
		    { OBJECT, ROWS, "E{\"kind\":\"corrupt\",\"text\":\"damaged\"}" }, JM_E_CORRUPT,
		    "damaged" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		test_frames(&cases[i]);
}

/* A verb that takes no rows. */
static void test_not_taken(void)
{
	static const char *const frames[5] = { OBJECT, ROWS, END };
	const struct jm_answer_out out = { .object = take };
	json_t *request = json_pack("{s:s}", "verb", "show");
	struct jm_err err;
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		abort();
	put_frames(pair[1], frames);
	tap_ok(jm_client_ask(pair[0], request, &out, &err) == -1 && err.kind == JM_E_CORRUPT,
	    "rows for a verb that takes none: %s", err.text);
	json_decref(request);
	close(pair[0]);
	close(pair[1]);
}

int main(void)
{
	setenv("TMPDIR", tap_folder(), 1);
	jm_ctl_item_init(&item);
	test_whole(1, false);
	test_whole(999, false);
	test_whole(2500, true);
	test_whole(100000, true);
	test_client_gone();
	test_wrong();
	test_not_taken();
	jm_ctl_item_release(&item);
	return tap_done();
}
