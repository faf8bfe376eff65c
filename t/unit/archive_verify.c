/* SPDX-License-Identifier: BSD-2-Clause */
/* Verification: each table of the catalog against the volumes, in both directions; a verification
 * that was broken off continues; since. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/archive/deposit.h"
#include "common/archive/ownership.h"
#include "common/archive/tally.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/catalog/catalog.h"
#include "common/query/item.h"
#include "common/upkeep/verify.h"
#include "common/volume/metadata.h"
#include "common/volume/volume.h"
#include "t/lib/deposit.h"
#include "t/lib/tap.h"

#define SERVICE "journaling@journal.example.com"
#define MESSAGES 12

static struct jm_buf b;
static char dir[400];

static void must(int rc, const struct jm_err *err)
{
	if (rc < 0) {
		printf("Bail out! %s\n", err->text);
		exit(1);
	}
}

static int deposit(struct jm_archive *a, struct jm_deposit *d, struct jm_err *err)
{
	static const char *const rcpt[] = { SERVICE, NULL };
	struct jm_unwrap_options o = { .remove_journal_headers = true };
	struct jm_receipt r;
	struct jm_unwrap u;
	int rc;

	if (jm_unwrap(jm_buf_span(&b), &o, &u, err) < 0)
		return -1;
	d->received = jm_buf_span(&b);
	d->unwrap = &u;
	d->arrival.service = SERVICE;
	d->arrival.rcpt_to = rcpt;
	d->arrival.mail_from = "x@example.com";
	d->arrival.received_ms = jm_clock_now_ms();
	rc = jm_archive_deposit(a, d, &r, err);
	jm_unwrap_release(&u);
	return rc;
}

/* An archive with rows in every table. */
static void fill(void)
{
	struct jm_archive *a = t_open(dir, 6000);
	struct jm_deposit later = { .arrival = { .transport = "smtp" }, .due_ms = 4000000000000 };
	struct jm_deposit pulled = { .arrival = { .transport = "pop3",
					 .pop3_mailbox = "j@mail.example.com",
					 .pop3_uidl = "0001",
					 .pop3_size_bytes = 70 } };
	const struct jm_attempts refused = { .service = SERVICE,
		.time_ms = jm_clock_now_ms(),
		.received = 1,
		.refused = 1,
		.refusal_ms = 1,
		.refusal = "no" };
	char id[40];
	struct jm_receipt r;
	struct jm_err err;

	for (unsigned i = 0; i < MESSAGES; i++) {
		snprintf(id, sizeof id, "v%u@example.com", i);
		t_message(&b, id, "verify", i, 400 + 50 * i);
		must(t_deposit(a, jm_buf_span(&b), SERVICE, i == 3 ? "too old" : NULL, &r, &err),
		    &err);
	}
	/* Twice the same, and with another content. */
	must(t_deposit(a, jm_buf_span(&b), SERVICE, NULL, &r, &err), &err);
	must(jm_buf_add(&b, "\r\n", 2, &err), &err);
	t_message(&b, "later@example.com", "later", 99, 500);
	must(deposit(a, &later, &err), &err);
	t_message(&b, "pulled@example.com", "pulled", 98, 500);
	must(deposit(a, &pulled, &err), &err);
	must(jm_archive_tally(a, &refused, 1, &err), &err);
	must(jm_archive_domain(a, "test",
		 &(struct jm_domain_change){
		     .domain = "example.com", .state = JM_DOMAIN_PENDING, .code = "c" },
		 &err),
	    &err);
	/* One message, two byte strings: the same key, another trace field. */
	t_message(&b, "again@example.com", "again", 97, 500);
	must(t_deposit(a, jm_buf_span(&b), SERVICE, NULL, &r, &err), &err);
	jm_buf_reset(&b);
	must(jm_buf_add_span(&b,
		 jm_span_str("Received: from a by b; Mon, 2 Jul 2029 10:00:00 +0000\r\n"), &err),
	    &err);
	{
		struct jm_buf same;

		jm_buf_init(&same, 1u << 20);
		t_message(&same, "again@example.com", "again", 97, 500);
		must(jm_buf_add_span(&b, jm_buf_span(&same), &err), &err);
		jm_buf_release(&same);
	}
	must(t_deposit(a, jm_buf_span(&b), SERVICE, NULL, &r, &err), &err);
	jm_archive_close(&a);
}

struct told {
	char first[300];
	unsigned n, stop_at, fail_at;
};

static int tell(void *ctx, const json_t *o, struct jm_err *err)
{
	struct told *t = ctx;

	if (!json_object_get(o, "problem"))
		return 0;
	if (t->n++ == 0)
		snprintf(t->first, sizeof t->first, "%s",
		    json_string_value(json_object_get(o, "problem")));
	if (t->fail_at != 0 && t->n >= t->fail_at)
		return jm_err_set(err, JM_E_TEMP, "the visitor is gone");
	return t->stop_at != 0 && t->n >= t->stop_at;
}

static json_t *verify(uint64_t since, bool resume, struct told *t, struct jm_err *err)
{
	const struct jm_verification v = {
		.since_seq = since, .resume = resume, .finding = tell, .ctx = t
	};
	struct jm_archive *a = t_open(dir, 6000);
	json_t *summary = NULL;

	if (!a || jm_archive_verify(a, &v, &summary, err) < 0)
		summary = NULL;
	jm_archive_close(&a);
	return summary;
}

static long long number(const json_t *o, const char *key)
{
	return json_integer_value(json_object_get(o, key));
}

enum harm { REMOVE, ADD, ALTER };

/* Change one row of a table without the archive's knowledge; undo: the other way. False: the table
 * has no row. */
static bool harm(enum jm_table t, enum harm how, struct jm_row *kept, bool undo)
{
	struct jm_catalog *c = NULL;
	struct jm_txn *txn = NULL;
	struct jm_page page;
	struct jm_err err;
	char path[500];

	snprintf(path, sizeof path, "%s/catalog", dir);
	must(jm_catalog_open(path, 1u << 20, &c, &err), &err);
	if (!undo) {
		must(jm_catalog_page(
			 c, &(struct jm_table_range){ .table = t, .reverse = true }, &page, &err),
		    &err);
		if (page.n == 0) {
			jm_catalog_close(&c);
			return false;
		}
		*kept = page.row[0];
		kept->value = malloc(page.row[0].value_n + 1);
		memcpy(kept->value, page.row[0].value, kept->value_n);
		jm_page_release(&page);
	}
	must(jm_catalog_begin(c, &txn, &err), &err);
	if (undo) {
		must(jm_catalog_put(txn, t, jm_span_of(kept->key, kept->key_n),
			 jm_span_of(kept->value, kept->value_n), &err),
		    &err);
		kept->key[kept->key_n - 1] ^= 1;
		if (how == ADD)
			must(jm_catalog_remove(txn, t, jm_span_of(kept->key, kept->key_n), &err),
			    &err);
		free(kept->value);
	} else if (how == REMOVE) {
		must(jm_catalog_remove(txn, t, jm_span_of(kept->key, kept->key_n), &err), &err);
	} else if (how == ALTER) {
		must(jm_catalog_put(txn, t, jm_span_of(kept->key, kept->key_n),
			 kept->value_n == 0 ? jm_span_str("x")
					    : jm_span_of(kept->value, kept->value_n - 1),
			 &err),
		    &err);
	} else {
		unsigned char key[JM_CATALOG_KEY_MAX];

		memcpy(key, kept->key, kept->key_n);
		key[kept->key_n - 1] ^= 1;
		if (jm_catalog_add(txn, t, jm_span_of(key, kept->key_n),
			jm_span_of(kept->value, kept->value_n), &err) != 1)
			tap_diag("there is such a row already");
	}
	must(jm_catalog_commit(&txn, &err), &err);
	jm_catalog_close(&c);
	return true;
}

static void tables(void)
{
	static const char *const what[] = { "without a row", "with a row too much",
		"with another content in a row" };
	struct jm_row kept;
	struct jm_err err;

	for (int t = 0; t < JM_TABLES; t++)
		for (int how = REMOVE; how <= ALTER; how++) {
			struct told told = { .n = 0 };
			json_t *summary;

			/* The row of the position itself: the start sees that. */
			if (t == JM_T_META && how != ADD)
				continue;
			if (!harm((enum jm_table)t, (enum harm)how, &kept, false)) {
				tap_ok(
				    false, "table %s has rows", jm_layout_table((enum jm_table)t));
				break;
			}
			summary = verify(0, false, &told, &err);
			tap_ok(summary && told.n > 0 &&
				number(summary, "problems") == (long long)told.n,
			    "table %s %s is found: %s", jm_layout_table((enum jm_table)t),
			    what[how], told.first);
			json_decref(summary);
			(void)harm((enum jm_table)t, (enum harm)how, &kept, true);
		}
}

/* A visitor that fails while rows are compared ends the verification; one that stops does not. */
static void visitors(void)
{
	struct told fails = { .fail_at = 1 }, stops = { .stop_at = 1 };
	struct jm_row kept;
	struct jm_err err = { .kind = JM_E_NONE };
	json_t *summary;

	if (!harm(JM_T_COUNTERS, ALTER, &kept, false))
		exit(1);
	summary = verify(0, false, &fails, &err);
	tap_ok(!summary && fails.n == 1 && strcmp(err.text, "the visitor is gone") == 0,
	    "a visitor that fails at a row fails the verification (%s)", err.text);
	json_decref(summary);
	summary = verify(0, false, &stops, &err);
	tap_ok(summary && stops.n == 1 && !json_is_true(json_object_get(summary, "ok")),
	    "a visitor that stops at a row gets a summary");
	tap_is_str(json_string_value(json_object_get(summary, "catalog")), "broken off",
	    "which says that it was broken off");
	json_decref(summary);
	(void)harm(JM_T_COUNTERS, ALTER, &kept, true);
}

static void flip(uint64_t seq)
{
	struct jm_archive *a = t_open(dir, 6000);
	char path[JM_VOLUME_PATH_BYTES];
	unsigned char c;
	struct jm_err err;
	json_t *o = NULL;
	const json_t *r;
	off_t at;
	int fd;

	must(t_show(a, seq, true, &o, &err), &err);
	r = json_array_get(json_object_get(o, "reports"), 0);
	at = (off_t)(number(r, "offset") + number(r, "stored_bytes") - 120);
	fd = open(jm_volume_path(dir, (uint64_t)number(r, "volume"), path), O_RDWR);
	if (fd < 0 || pread(fd, &c, 1, at) != 1 || (c ^= 1, pwrite(fd, &c, 1, at)) != 1)
		exit(1);
	close(fd);
	json_decref(o);
	jm_archive_close(&a);
}

/* A visitor that starts a second verification of the same archive. */
static int verify_beside(void *ctx, const json_t *o, struct jm_err *err)
{
	const struct jm_verification v = { .since_seq = 1 };
	json_t *summary = NULL;

	(void)o;
	tap_ok(jm_archive_verify(ctx, &v, &summary, err) != 0 && err->kind == JM_E_TEMP,
	    "a second verification at the same time is refused");
	json_decref(summary);
	return 1; /* break off */
}

static void one_at_a_time(void)
{
	struct jm_archive *a = t_open(dir, 6000);
	const struct jm_verification v = { .since_seq = 0, .finding = verify_beside, .ctx = a };
	json_t *summary = NULL;
	struct jm_err err;

	for (int i = 0; i < 2; i++) {
		tap_ok(a && jm_archive_verify(a, &v, &summary, &err) == 0,
		    "the first one is not disturbed, and the next can run");
		json_decref(summary);
		summary = NULL;
	}
	jm_archive_close(&a);
}

static void resume(void)
{
	struct told all = { .n = 0 }, part = { .stop_at = 1 }, rest = { .n = 0 }, none = { .n = 0 },
		    late = { .n = 0 };
	json_t *whole, *first, *second;
	struct jm_err err;
	char path[500];

	snprintf(path, sizeof path, "%s/verify.json", dir);
	tap_ok(!verify(0, true, &none, &err) && err.kind == JM_E_NOTFOUND, "nothing to resume: %s",
	    err.text);
	flip(2);
	flip(9);
	one_at_a_time();
	whole = verify(0, false, &all, &err);
	tap_is_int(all.n, 2, "two damaged bodies are named");
	tap_ok(access(path, F_OK) != 0, "a verification that ran to its end leaves no place");
	first = verify(0, false, &part, &err);
	tap_ok(part.n == 1 && access(path, F_OK) == 0, "one that is broken off keeps its place");
	second = verify(0, true, &rest, &err);
	tap_is_int(rest.n, 1, "resumed, it names the other one only");
	tap_is_int(number(second, "problems"), 2, "and counts both");
	tap_ok(number(second, "records") == number(whole, "records") &&
		number(second, "reports") == number(whole, "reports") &&
		number(second, "bytes") == number(whole, "bytes") &&
		number(second, "contents") == number(whole, "contents"),
	    "the sums are those of a whole one");
	tap_ok(!json_is_true(json_object_get(second, "ok")), "and it is not content");
	tap_ok(access(path, F_OK) != 0 && !verify(0, true, &none, &err),
	    "then there is nothing more to resume");
	json_decref(whole);
	json_decref(first);
	json_decref(second);
	whole = verify(5, false, &late, &err);
	tap_is_int(late.n, 1, "since 5: record 2 is not looked at, 9 is");
	json_decref(whole);
	late.n = 0;
	whole = verify(10, false, &late, &err);
	tap_ok(late.n == 0 && json_is_true(json_object_get(whole, "ok")), "since 10: neither");
	json_decref(whole);
	part.n = 0;
	first = verify(3, false, &part, &err);
	second = verify(0, true, &none, &err);
	tap_ok(part.n == 1 && none.n == 0 && number(second, "problems") == 1,
	    "what was broken off with since goes on with it");
	json_decref(first);
	json_decref(second);
	flip(2);
	flip(9);
}

int main(void)
{
	struct told told = { .n = 0 };
	struct jm_err err;
	json_t *summary;

	if (!getenv("TMPDIR") && access("/dev/shm", W_OK) == 0)
		(void)setenv("TMPDIR", "/dev/shm", 1);
	jm_log_set_level((enum jm_log_level)0);
	snprintf(dir, sizeof dir, "%s/archive", tap_folder());
	jm_buf_init(&b, 1u << 20);
	fill();
	summary = verify(0, false, &told, &err);
	tap_ok(summary && told.n == 0, "an archive as it should be verifies (%s)", told.first);
	tap_is_str(json_string_value(json_object_get(summary, "catalog")), "row by row",
	    "its catalog row by row");
	json_decref(summary);
	tables();
	visitors();
	resume();
	told.n = 0;
	summary = verify(0, false, &told, &err);
	tap_is_int(told.n, 0, "with everything undone nothing is found (%s)", told.first);
	json_decref(summary);
	jm_buf_release(&b);
	return tap_done();
}
