/* SPDX-License-Identifier: BSD-2-Clause */
/* Reports with 100,000 recipients, twice for one message, and with headers of 16 MB: all of it is
 * kept, shown and found, within limits of time and memory. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "common/archive/deposit.h"
#include "common/query/bcc.h"
#include "common/query/item.h"
#include "common/query/item_bytes.h"
#include "common/query/search.h"
#include "t/lib/deposit.h"
#include "t/lib/tap.h"

#define CAP (64u << 20)
#define SERVICE "archive@journal.example.com"
#define MANY 100000u
#define HEADER_BYTES (16u << 20)
/* of processor time for anything here: what takes longer, under a sanitizer too, grows faster than
 * what it is given */
#define SLOWEST_MS 120000

static struct jm_buf b, inner, out;
static struct jm_archive *a;
static struct jm_err err;

static void must(int rc)
{
	if (rc == 0)
		return;
	printf("Bail out! %s\n", err.text);
	exit(1);
}

static int64_t cpu_ms(const struct rusage *u)
{
	return (u->ru_utime.tv_sec + u->ru_stime.tv_sec) * 1000 +
	    (u->ru_utime.tv_usec + u->ru_stime.tv_usec) / 1000;
}

/* The memory at most, and the processor time since the last call. */
static void took(const char *what)
{
	static struct rusage last;
	struct rusage u;
	int64_t ms;

	(void)getrusage(RUSAGE_SELF, &u);
	ms = cpu_ms(&u) - cpu_ms(&last);
	last = u;
	if (what)
		tap_ok(ms < SLOWEST_MS, "%s: %" PRId64 " ms, at most %ld MB in memory", what, ms,
		    u.ru_maxrss / 1024);
}

/* A report of inner to the recipients from first on. */
static void wide(const char *id, unsigned first)
{
	struct jm_buf lines;

	jm_buf_init(&lines, CAP);
	for (unsigned i = first; i < first + MANY; i++)
		must(jm_buf_printf(&lines, &err, "%s: R%u@d%u.example.org%s",
		    i % 3 == 0       ? "Bcc"
			: i % 3 == 1 ? "Cc"
				     : "To",
		    i, i % 1000, i + 1 < first + MANY ? "\r\n" : ""));
	must(jm_buf_add_byte(&lines, 0, &err));
	t_report(&b, id, "anna@example.com", (const char *)lines.p, jm_buf_span(&inner), false);
	jm_buf_release(&lines);
}

static size_t rows(const struct jm_archive_filter *f)
{
	return t_rows(a, f, &out);
}

static bool found(unsigned i, bool bcc)
{
	char address[60];

	snprintf(address, sizeof address, "r%u@D%u.example.org", i, i % 1000);
	return rows(&(struct jm_archive_filter){ .recipient = address, .bcc = bcc }) == 1;
}

/* All recipients from 0 to n are in the item, each named by the reports that have it. */
static void check_show(uint64_t id, unsigned n, size_t reports, const char *when)
{
	json_t *item = NULL, *list;
	unsigned char *seen = calloc(n, 1);
	unsigned twice = 0, once = 0;

	if (!tap_ok(seen && t_show(a, id, true, &item, &err) == 0, "%s: show", when))
		exit(1);
	took("show");
	list = json_object_get(item, "recipients");
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *r = json_array_get(list, i);
		const char *address = json_string_value(json_object_get(r, "address"));
		unsigned long k = address && *address == 'R' ? strtoul(address + 1, NULL, 10) : n;

		if (k < n) {
			once += seen[k] == 0;
			twice += json_array_size(json_object_get(r, "reports")) == 2;
			seen[k] = 1;
		}
	}
	tap_is_int((long long)json_array_size(list), n, "%u recipients", n);
	tap_is_int(once, n, "each of them");
	tap_is_int(twice, reports == 2 ? MANY / 2 : 0, "named by the reports that have them");
	tap_is_int((long long)json_array_size(json_object_get(item, "reports")), (long long)reports,
	    "%zu reports", reports);
	took(NULL);
	json_decref(item);
	must(t_show(a, id, false, &item, &err));
	took("without Bcc");
	tap_is_int(json_integer_value(json_object_get(item, "hidden_recipients")), (n + 2) / 3,
	    "its Bcc recipients are hidden");
	json_decref(item);
	free(seen);
}

static void recipients(void)
{
	struct jm_receipt r, second;

	t_message(&inner, "wide@x", "wide", 1, 2000);
	wide("w1", 0);
	must(t_deposit(a, jm_buf_span(&b), SERVICE, NULL, &r, &err));
	took("100,000 recipients are taken");
	tap_is_int((long long)rows(NULL), 1, "listed");
	took("and in the catalog");
	check_show(r.seq, MANY, 1, "one report");
	tap_ok(found(0, true) && found(1, false) && found(MANY / 2, true) && found(MANY - 1, true),
	    "the first, one in the middle and the last are found");
	tap_ok(!found(0, false) && !found(MANY, true),
	    "but none that is not there, and no Bcc recipient by the way");
	took(NULL);
	tap_is_int((long long)rows(
		       &(struct jm_archive_filter){ .domain = "d999.example.org", .bcc = true }),
	    1, "found by a domain");
	tap_is_int((long long)rows(
		       &(struct jm_archive_filter){ .domain = "example.org", .subdomains = true }),
	    1, "and by what is above it");
	took("by domain");
	wide("w2", MANY / 2);
	must(t_deposit(a, jm_buf_span(&b), SERVICE, NULL, &second, &err));
	tap_is_int(
	    (long long)rows(NULL), 1, "another report for half of them and as many more: one item");
	took("merged");
	check_show(r.seq, MANY + MANY / 2, 2, "two reports");
	tap_ok(found(MANY + MANY / 2 - 1, true) && found(1, false),
	    "the last is found, and the first");
	tap_ok(t_export(a, r.seq, JM_EXPORT_REPORT, 1, &out, &err) == 0 &&
		jm_span_eq(jm_buf_span(&out), jm_buf_span(&b)),
	    "the second is exact");
	tap_diag("%zu bytes are stored as %" PRIu64, b.len, second.stored_bytes);
}

/* One long field, many fields, in the report's header or the message's. */
static void headers(void)
{
	static const char *const names[] = { "a field of 16 MB", "16 MB of fields",
		"a report's field of 16 MB" };
	struct jm_receipt r;

	for (unsigned i = 0; i < 3; i++) {
		char id[40];

		snprintf(id, sizeof id, "header%u@x", i);
		t_message(&inner, id, "header", i, 500);
		jm_buf_reset(&out);
		must(jm_buf_printf(&out, &err, "X-Long: "));
		while (out.len < HEADER_BYTES)
			must(i == 1 ? jm_buf_printf(&out, &err, "x\r\nX-Many-%zu: ", out.len)
				    : jm_buf_printf(&out, &err, "%060zu%s", out.len,
					  out.len % 3 ? "\r\n " : ""));
		must(jm_buf_printf(&out, &err, "\r\n"));
		if (i < 2) {
			must(jm_buf_add_span(&out, jm_buf_span(&inner), &err));
			t_report(&b, id, "anna@example.com", "To: bert@example.org",
			    jm_buf_span(&out), false);
		} else {
			t_report(&b, id, "anna@example.com", "To: bert@example.org",
			    jm_buf_span(&inner), false);
			must(jm_buf_add_span(&out, jm_buf_span(&b), &err));
			jm_buf_reset(&b);
			must(jm_buf_add_span(&b, jm_buf_span(&out), &err));
		}
		took(NULL);
		must(t_deposit(a, jm_buf_span(&b), SERVICE, NULL, &r, &err));
		took(names[i]);
		tap_ok(
		    rows(&(struct jm_archive_filter){ .recipient = "bert@example.org" }) == i + 1,
		    "its recipient is found");
		tap_ok(t_export(a, r.seq, JM_EXPORT_REPORT, 0, &out, &err) == 0 &&
			jm_span_eq(jm_buf_span(&out), jm_buf_span(&b)),
		    "and it is exact");
		took("read");
	}
}

int main(void)
{
	char problem[200];

	jm_buf_init(&b, CAP);
	jm_buf_init(&inner, CAP);
	jm_buf_init(&out, CAP);
	if (!(a = t_open(tap_folder(), 0)))
		return 1;
	recipients();
	headers();
	took(NULL);
	tap_is_int(t_verify(a, problem), 0, "nothing is wrong (%s)", problem);
	took("verify");
	jm_archive_close(&a);
	must(jm_archive_open(
	    &(struct jm_archive_options){ .dir = tap_folder(), .rebuild = true }, &a, &err));
	took("a catalog made anew");
	tap_ok(rows(NULL) == 4 && found(MANY, false), "has the same");
	jm_archive_close(&a);
	jm_buf_release(&b);
	jm_buf_release(&inner);
	jm_buf_release(&out);
	return tap_done();
}
