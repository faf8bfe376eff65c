/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A table of duplicates behaves as a plain one: after the same random puts and removals both have
 * the same rows, whole and in pages from any place, in both directions. And the row of an item is
 * read as it was written. And sums are added to the rows of counters. And a catalog is opened with
 * recovery unless it was closed.
 */
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/catalog/catalog.h"
#include "common/catalog/count.h"
#include "common/catalog/keys.h"
#include "common/catalog/row.h"
#include "t/lib/tap.h"

#define PLAIN JM_T_BY_MESSAGE_ID
#define DUPLICATES JM_T_BY_ADDRESS
#define HEADS 9
/* more than fit into a page, so that the duplicates move into pages of their own */
#define IDS 300
#define STEPS 6000

static struct jm_catalog *c;
static uint64_t chance = 88172645463325252u;

static unsigned random_to(unsigned n)
{
	chance ^= chance << 13;
	chance ^= chance >> 7;
	chance ^= chance << 17;
	return (unsigned)(chance % n);
}

/* Texts of which some begin like others; most rows have the first. */
static struct jm_span random_key(unsigned char key[JM_CATALOG_KEY_MAX])
{
	static const char *const heads[HEADS] = { "anna@example.com", "anna@example.co", "anna", "",
		"a", "bert@example.com", "z", "\xff", "anna@example.com.au" };
	const char *head = heads[random_to(3) > 0 ? 0 : random_to(HEADS)];
	size_t n = strlen(head);

	memcpy(key, head, n);
	key[n++] = '\0';
	jm_num_put_be64(key + n, random_to(20) == 0 ? UINT64_MAX - random_to(3) : random_to(IDS));
	return jm_span_of(key, n + 8);
}

static bool same_pages(struct jm_span prefix, struct jm_span after, bool reverse, size_t *rows)
{
	struct jm_table_range range = { .prefix = prefix, .after = after, .reverse = reverse };
	static struct jm_page x, y;
	struct jm_err err;
	bool same;
	int bad;

	range.table = PLAIN;
	bad = jm_catalog_page(c, &range, &x, &err);
	range.table = DUPLICATES;
	if (bad < 0 || jm_catalog_page(c, &range, &y, &err) < 0) {
		tap_diag("%s", err.text);
		return false;
	}
	same = x.n == y.n;
	for (size_t i = 0; same && i < x.n; i++)
		same = jm_span_eq(jm_span_of(x.row[i].key, x.row[i].key_n),
			   jm_span_of(y.row[i].key, y.row[i].key_n)) &&
		    jm_span_eq(jm_span_of(x.row[i].value, x.row[i].value_n),
			jm_span_of(y.row[i].value, y.row[i].value_n));
	*rows += x.n;
	jm_page_release(&x);
	jm_page_release(&y);
	return same;
}

/* One random step on both; false when they answer differently. */
static bool step(struct jm_txn *txn)
{
	static const char *const values[] = { "s", "r", "ro", "sro", "" };
	unsigned char key[JM_CATALOG_KEY_MAX];
	struct jm_span k = random_key(key), v = jm_span_str(values[random_to(5)]);
	struct jm_buf x, y;
	struct jm_err err;
	bool only_new = random_to(2) == 0, same;
	int rx, ry;

	jm_buf_init(&x, 4096);
	jm_buf_init(&y, 4096);
	if (random_to(3) == 0) {
		rx = jm_catalog_remove(txn, PLAIN, k, &err);
		ry = jm_catalog_remove(txn, DUPLICATES, k, &err);
	} else {
		int (*put)(struct jm_txn *, enum jm_table, struct jm_span, struct jm_span,
		    struct jm_err *) = only_new ? jm_catalog_add : jm_catalog_put;

		rx = put(txn, PLAIN, k, v, &err);
		ry = put(txn, DUPLICATES, k, v, &err);
	}
	same = rx == ry && rx >= 0;
	k = random_key(key);
	rx = jm_catalog_get(c, txn, PLAIN, k, &x, &err);
	ry = jm_catalog_get(c, txn, DUPLICATES, k, &y, &err);
	same = same && rx == ry && rx >= 0 && jm_span_eq(jm_buf_span(&x), jm_buf_span(&y));
	jm_buf_release(&x);
	jm_buf_release(&y);
	return same;
}

static void duplicates(void)
{
	unsigned char after[JM_CATALOG_KEY_MAX], prefix[JM_CATALOG_KEY_MAX];
	size_t rows = 0, different = 0;
	struct jm_txn *txn;
	struct jm_err err;

	for (unsigned i = 0; i < STEPS; i++) {
		if (jm_catalog_begin(c, &txn, &err) < 0)
			exit(1);
		for (unsigned k = 0; k < 4; k++)
			different += !step(txn);
		if (random_to(10) == 0)
			jm_catalog_abort(&txn);
		else if (jm_catalog_commit(&txn, &err) < 0)
			exit(1);
		different += !same_pages(jm_span_of(NULL, 0),
		    random_to(8) ? random_key(after) : jm_span_of(NULL, 0), random_to(2) == 0,
		    &rows);
		if (random_to(2) == 0) { /* within one text */
			struct jm_span p = random_key(prefix), a = jm_span_of(NULL, 0);

			if (random_to(2) == 0) {
				memcpy(after, p.p, p.len);
				jm_num_put_be64(after + p.len - 8, random_to(IDS));
				a = jm_span_of(after, p.len);
			}
			p.len -= 8;
			different += !same_pages(p, a, random_to(2) == 0, &rows);
		}
	}
	tap_ok(different == 0,
	    "a table of duplicates has the rows of a plain one, after %d random changes (%zu "
	    "differ)",
	    4 * STEPS, different);
	tap_ok(rows > 10 * STEPS, "and both had some: %zu looked at", rows);
}

static void row(const char *text, const char *stored_min)
{
	json_t *want = json_loads(text, 0, NULL), *got = NULL;
	struct jm_located at = { .item = 0 };
	uint64_t bytes = 0;
	unsigned char key[8];
	struct jm_txn *txn;
	struct jm_buf b;
	struct jm_err err;
	int rc;

	jm_buf_init(&b, 4096);
	rc = jm_catalog_begin(c, &txn, &err);
	if (rc == 0)
		rc = jm_row_put(txn, 7, want, &err);
	if (rc == 0)
		rc = jm_catalog_commit(&txn, &err);
	tap_ok(rc == 0 && jm_row_get(c, NULL, 7, &got, &err) == 1 && json_equal(want, got),
	    "a row is read as it was written: %.40s", text);
	tap_ok(jm_row_locate(c, NULL, 7, &at, &err) == 1 && at.at.volume == 3 &&
		at.at.offset == 4096 && at.item == 7,
	    "the place of its report");
	tap_ok(jm_catalog_get(c, NULL, JM_T_ITEMS, jm_keys_id(7, key), &b, &err) == 1 &&
		jm_row_size(jm_buf_span(&b), &bytes) && bytes == 33000,
	    "its size");
	tap_is_str(jm_buf_str(&b), stored_min, "what is stored");
	tap_ok(jm_row_show(got) == 0 && !json_object_get(got, "volume") &&
		json_object_get(got, "time"),
	    "what is shown");
	jm_buf_release(&b);
	json_decref(want);
	json_decref(got);
}

static void bad_row(const char *stored, enum jm_err_kind kind)
{
	json_t *row = NULL;
	struct jm_err err = { .kind = JM_E_NONE };

	tap_ok(jm_row_whole(7, jm_span_str(stored), &row, &err) < 0 && err.kind == kind,
	    "no row: %s", stored);
}

/* ---- counters: a row's text with sums added, as its object would be written ---- */

static const char *const counters[] = { "records", "reports", "items", "merged", "set_aside",
	"step_down", "spliced", "events", "received", "queued", "refused", "deferred", "expired",
	"received_bytes", "stored_bytes" };
#define COUNTERS (sizeof counters / sizeof *counters)

/* A row: mostly as it is written, else with members left out, moved or strange. */
static void random_row(struct jm_buf *text)
{
	static const char *const names[] = { "total", "day/2029-01-01", "a\\\",\\\"records\\\":7",
		"caf\xc3\xa9 {[", "\\u0001\\\\" };
	static const char *const odd[] = { "-5", "1234567890123456789", "true", "null", "[1,2]",
		"\"x\"", "{\"records\":1,\"reports\":2}", "999999999999999999" };
	static const char *const others[] = {
		",\"status\":\"OK\"",
		",\"why\":\"\\\"}{\\n\"",
		",\"reasons\":{\"records\":3,\"x\":[]}",
		",\"last_ms2\":7",
		",\"cure\":null",
		",\"nested\":{\"a\":1,\"records\":1,\"reports\":1,\"items\":1,\"merged\":1,\"set_"
		"aside\":1,\"step_down\":1,\"spliced\":1,\"events\":1,\"received\":1,\"queued\":1"
		",\"refused\":1,\"deferred\":1,\"expired\":1,\"received_bytes\":1,\"stored_"
		"bytes\":1}",
	};
	unsigned lead = random_to(6);
	bool usual = random_to(3) > 0;
	struct jm_err err;
	int rc;

	jm_buf_reset(text);
	rc = jm_buf_printf(text, &err, "{\"name\":\"%s\"", names[random_to(5)]);
	if (random_to(4) == 0)
		rc |= jm_buf_printf(text, &err, "%s", others[lead]);
	for (size_t i = 0; i < COUNTERS; i++) {
		if (!usual && random_to(12) == 0)
			continue;
		if (!usual && random_to(12) == 0)
			rc |= jm_buf_printf(
			    text, &err, ",\"%s\":%s", counters[i], odd[random_to(8)]);
		else
			rc |= jm_buf_printf(
			    text, &err, ",\"%s\":%u", counters[i], random_to(2) * random_to(99999));
	}
	if (random_to(4) > 0)
		rc |= jm_buf_printf(text, &err, ",\"last_ms\":%u", random_to(9));
	for (unsigned n = random_to(3); n > 0; n--)
		rc |= jm_buf_printf(text, &err, "%s", others[(lead + n) % 6]);
	if (rc != 0 || jm_buf_add(text, "}", 1, &err) != 0)
		exit(1);
}

/* The row with the sums, by way of an object. The caller frees it. */
static char *with_sums(const char *text, const struct jm_count *n)
{
	const uint64_t add[COUNTERS] = { n->records, n->reports, n->items, n->merged, n->set_aside,
		n->step_down, n->spliced, n->events, n->received, n->queued, n->refused,
		n->deferred, n->expired, n->received_bytes, n->stored_bytes };
	json_t *o = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	char *out;

	for (size_t i = 0; o && i < COUNTERS; i++)
		json_object_set_new(o, counters[i],
		    json_integer(
			json_integer_value(json_object_get(o, counters[i])) + (json_int_t)add[i]));
	if (o && n->last_ms != 0)
		json_object_set_new(o, "last_ms", json_integer((json_int_t)n->last_ms));
	out = o ? json_dumps(o, JSON_COMPACT) : NULL;
	json_decref(o);
	return out;
}

static void sums(void)
{
	unsigned char key[JM_CATALOG_KEY_MAX];
	struct jm_span at = jm_span_of(key, jm_keys_text(jm_span_str("row"), key));
	struct jm_buf text, got;
	struct jm_txn *txn;
	struct jm_err err;
	unsigned wrong = 0, bad = 0;

	jm_buf_init(&text, 65536);
	jm_buf_init(&got, 65536);
	for (unsigned i = 0; i < 4000; i++) {
		const struct jm_count n = { .records = random_to(3),
			.items = (uint64_t)0 - random_to(2),
			.merged = random_to(100000),
			.received = random_to(2),
			.stored_bytes = (uint64_t)random_to(1000000) * random_to(1000000),
			.last_ms = random_to(2) * (int64_t)random_to(100000) };
		struct jm_counts s = { .n = 0 };
		char *want;

		random_row(&text);
		want = with_sums(jm_buf_str(&text), &n);
		bad += !want;
		if (jm_catalog_begin(c, &txn, &err) != 0 ||
		    jm_catalog_put(txn, JM_T_SERVICES, at, jm_buf_span(&text), &err) != 0 ||
		    jm_counts_add(&s, JM_T_SERVICES, "row", &n, &err) != 0 ||
		    jm_counts_store(&s, c, txn, &err) != 0 ||
		    jm_catalog_get(c, txn, JM_T_SERVICES, at, &got, &err) != 1)
			exit(1);
		if (!want || strcmp(jm_buf_str(&got), want) != 0)
			wrong++ == 0 ? tap_diag("%s\n%s\n%s", jm_buf_str(&text), jm_buf_str(&got),
					   want ? want : "-")
				     : (void)0;
		jm_catalog_abort(&txn);
		free(want);
	}
	tap_ok(wrong == 0 && bad == 0,
	    "4000 rows with sums added: as an object would be; %u differ", wrong);
	jm_buf_release(&text);
	jm_buf_release(&got);
}

static int64_t log_blocks(const char *dir)
{
	char path[600];
	struct stat st;

	snprintf(path, sizeof path, "%s/log.0000000001", dir);
	return stat(path, &st) == 0 ? (int64_t)st.st_blocks : -1;
}

static bool has(const char *dir, const char *name)
{
	char path[600];

	snprintf(path, sizeof path, "%s/%s", dir, name);
	return access(path, F_OK) == 0;
}

/* Store a row in a process that ends without closing. */
static void crash(const char *dir)
{
	struct jm_txn *txn;
	struct jm_err err;
	int status = -1;
	pid_t pid = fork();

	if (pid == 0)
		_exit(jm_catalog_open(dir, 4u << 20, &c, &err) < 0 ||
		    jm_catalog_begin(c, &txn, &err) < 0 ||
		    jm_catalog_put(
			txn, JM_T_META, jm_span_str("crash"), jm_span_str("here"), &err) < 0 ||
		    jm_catalog_commit(&txn, &err) < 0 || jm_catalog_checkpoint(c, 0, &err) < 0);
	tap_ok(pid > 0 && waitpid(pid, &status, 0) == pid && status == 0 && has(dir, "open") &&
		!has(dir, "closed"),
	    "a process that ends without closing leaves \"open\"");
}

/* Recovery writes zeros over the rest of the log file, which then has more blocks. */
static void closed(const char *dir)
{
	int64_t before, after;
	struct jm_err err;
	struct jm_buf b;

	jm_catalog_close(&c);
	before = log_blocks(dir);
	tap_ok(before > 0 && !has(dir, "open") && has(dir, "closed"), "closing leaves \"closed\"");
	if (jm_catalog_open(dir, 4u << 20, &c, &err) < 0)
		exit(1);
	tap_ok(has(dir, "open") && !has(dir, "closed"), "an open catalog has \"open\"");
	jm_catalog_close(&c);
	after = log_blocks(dir);
	tap_ok(after < before + 1024,
	    "a catalog that was closed is opened without recovery: %lld and %lld blocks",
	    (long long)before, (long long)after);
	crash(dir);
	if (jm_catalog_open(dir, 4u << 20, &c, &err) < 0)
		exit(1);
	jm_buf_init(&b, 4096);
	tap_ok(log_blocks(dir) > after + 1024 &&
		jm_catalog_get(c, NULL, JM_T_META, jm_span_str("crash"), &b, &err) == 1,
	    "and one that was not, with recovery: %lld blocks", (long long)log_blocks(dir));
	jm_buf_release(&b);
}

int main(void)
{
	const char *tmp = getenv("TMPDIR");
	char dir[512];
	struct jm_err err;

	snprintf(dir, sizeof dir, "%s/jm-catalog-XXXXXX", tmp ? tmp : "/tmp");
	if (!mkdtemp(dir) || jm_catalog_open(dir, 4u << 20, &c, &err) < 0)
		return 1;
	closed(dir);
	duplicates();
	row("{\"id\":7,\"time_ms\":1795338897807,\"service\":\"s@x\",\"sender\":\"a@x\","
	    "\"subject\":\"t\",\"message_id\":\"<1@x>\",\"date\":null,"
	    "\"variant\":\"exchange-2007\",\"step_down\":false,\"from_headers\":false,"
	    "\"recipients\":2,\"reports\":1,\"contents\":1,\"size\":33000,"
	    "\"sha256\":\"00ff\",\"raw_sha256\":\"00ff\",\"volume\":3,\"offset\":4096}",
	    "[33000,1795338897807,3,4096,2,\"00ff\",\"s@x\",\"a@x\",\"t\",\"<1@x>\",null,"
	    "\"exchange-2007\"]");
	row("{\"id\":7,\"time_ms\":5,\"service\":null,\"sender\":\"\",\"subject\":null,"
	    "\"message_id\":null,\"date\":null,\"variant\":\"plain\","
	    "\"step_down\":true,\"from_headers\":true,\"recipients\":0,\"reports\":2,"
	    "\"contents\":2,\"size\":33000,\"sha256\":\"00\",\"raw_sha256\":\"01\","
	    "\"volume\":3,\"offset\":4096,\"more_services\":[\"t@x\"]}",
	    "[33000,5,3,4096,0,\"00\",null,\"\",null,null,null,\"plain\",{\"step_down\":true,"
	    "\"from_headers\":true,\"reports\":2,\"contents\":2,"
	    "\"raw_sha256\":\"01\",\"more_services\":[\"t@x\"]}]");
	bad_row("[1,2]", JM_E_CORRUPT);
	bad_row("{}", JM_E_CORRUPT);
	bad_row("[1,2", JM_E_CORRUPT);
	sums();
	jm_catalog_close(&c);
	jm_catalog_wipe(dir);
	rmdir(dir);
	return tap_done();
}
