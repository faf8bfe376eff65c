/* SPDX-License-Identifier: BSD-2-Clause */
/* The directory: files and tables of all forms, read again when they change, and never forgotten
 * because of a broken one. */
#include <db.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "common/base/io.h"
#include "common/service/directory.h"
#include "common/service/mta_table.h"
#include "t/lib/tap.h"

static struct jm_err err;
static struct jm_source files[2], maps[2];
static struct jm_settings settings = { .directory_files = files, .directory_maps = maps };
static char log_text[4000];

static void told(
    void *ctx, const char *source, size_t addresses, size_t ignored, const struct jm_err *cause)
{
	size_t n = strlen(log_text);

	(void)ctx;
	(void)source;
	if (cause)
		snprintf(
		    log_text + n, sizeof log_text - n, "failed %s;", jm_err_kind_name(cause->kind));
	else
		snprintf(log_text + n, sizeof log_text - n, "%zu/%zu;", addresses, ignored);
}

static char *path_of(const char *name)
{
	char *path = NULL;

	if (asprintf(&path, "%s/%s", tap_folder(), name) < 0)
		exit(1);
	return path;
}

/* Written as an editor does: a new file under the old name, so that it differs from the one before.
 */
static void put_file(const char *path, const char *text, size_t n)
{
	if (jm_io_publish(path, text, n, 0644, &err) != 0)
		tap_diag("%s", err.text);
}

/* As postmap (with_nul) and makemap (without) do. */
static void put_table(const char *path, DBTYPE type, bool with_nul, const char *const *keys)
{
	DB *db;
	int rc;

	unlink(path);
	rc = db_create(&db, NULL, 0);
	if (rc == 0)
		rc = db->open(db, NULL, path, NULL, type, DB_CREATE, 0644);
	for (; rc == 0 && *keys; keys++) {
		DBT key = { .data = (void *)(uintptr_t)*keys,
			.size = (u_int32_t)(strlen(*keys) + with_nul) },
		    value = { .data = (void *)(uintptr_t) "x", .size = 2 };

		rc = db->put(db, NULL, &key, &value, 0);
	}
	if (rc != 0 || db->close(db, 0) != 0)
		tap_diag("%s: %s", path, db_strerror(rc));
}

static const char *refresh(struct jm_directory *d)
{
	log_text[0] = '\0';
	if (jm_directory_refresh(d, &settings, told, NULL, &err) != 0)
		return err.text;
	return log_text;
}

static bool knows(struct jm_directory *d, const char *address)
{
	const char *at = strrchr(address, '@');

	return jm_directory_knows(
	    d, jm_span_of(address, (size_t)(at - address)), jm_span_str(at + 1));
}

/* The addresses of the first file. */
static void check_known(struct jm_directory *d)
{
	tap_ok(knows(d, "alice@example.com") && knows(d, "ALICE@example.com"),
	    "an address, letter case of the local part apart");
	tap_ok(knows(d, "bob@xn--bcher-kva.example"),
	    "an internationalised domain, with a comment and blanks");
	tap_ok(knows(d, "whoever@all.example") && !knows(d, "whoever@sub.all.example"),
	    "@domain is everybody there, not below");
	tap_ok(knows(d, "\"a b\"@example.com") && knows(d, "last@example.com"),
	    "a quoted local part; a last line without an end");
	tap_ok(knows(d, "alice+news@example.com") && !knows(d, "carol+alice@example.com"),
	    "what is behind a plus does not count");
	tap_ok(!knows(d, "carol@example.com") && !knows(d, "nothing@example.com"),
	    "others are not known");
}

static void add_second(struct jm_directory *d, char *second)
{
	files[1] = (struct jm_source){ second, 2 };
	put_file(second, "new@example.com\n", 16);
	settings.directory_files_n = 2;
	tap_ok(jm_directory_take(d, &settings, &err) == 0 && !jm_directory_ready(d) &&
		knows(d, "new@example.com"),
	    "a second source: until it was read, everybody is known");
	tap_is_str(refresh(d), "1/0;", "it is read");
	tap_ok(knows(d, "new@example.com") && !knows(d, "carol@example.com"), "and both hold");
	settings.directory_files_n = 0;
	(void)refresh(d);
	tap_ok(!jm_directory_ready(d) && knows(d, "x@example.com"), "a source that is taken away");
}

static void test_file(void)
{
	static const char text[] =
	    "# people\nalice@example.com\n  Bob@B\303\274cher.Example  # a comment\r\n\n"
	    "@all.example\nnothing\n\"a b\"@example.com\n"
	    "alice@example.com\nlast@example.com";
	struct jm_directory *d = jm_directory_new();
	char *path = path_of("people"), *second = path_of("more-people");

	files[0] = (struct jm_source){ path, 1 };
	settings.directory_files_n = 1;
	settings.directory_maps_n = 0;
	tap_ok(!jm_directory_ready(d), "without a source it is not ready");
	tap_is_str(refresh(d), "failed not-found;", "a file that is not there is told");
	tap_is_str(refresh(d), "", "but once");
	tap_ok(!jm_directory_ready(d) && knows(d, "nobody@example.com"),
	    "until it was read, everybody is known");
	put_file(path, text, sizeof text - 1);
	tap_is_str(refresh(d), "5/1;", "it comes: addresses, and lines that are none");
	tap_ok(jm_directory_ready(d), "ready");
	check_known(d);
	tap_is_str(refresh(d), "", "unchanged: not read again");
	put_file(path, "carol@example.com\n", 18);
	tap_is_str(refresh(d), "1/0;", "changed: read again");
	tap_ok(knows(d, "carol@example.com") && !knows(d, "alice@example.com"),
	    "the new content holds");
	put_file(path, "a\0b@example.com\n", 16);
	tap_is_str(refresh(d), "failed corrupt;", "a binary file is told");
	tap_is_str(refresh(d), "", "once");
	tap_ok(knows(d, "carol@example.com") && !knows(d, "x@example.com"),
	    "and the old content holds");
	unlink(path);
	tap_is_str(refresh(d), "failed not-found;", "a file that is gone is told");
	tap_ok(knows(d, "carol@example.com") && !knows(d, "x@example.com"),
	    "and the old content holds, too");
	put_file(path, "", 0);
	tap_is_str(refresh(d), "0/0;", "an empty file is a file");
	tap_ok(!knows(d, "carol@example.com"), "in which nobody is");
	add_second(d, second);
	jm_directory_free(&d);
	free(path);
	free(second);
}

static void test_tables(void)
{
	static const char *const keys[] = { "alice@example.com", "@all.example", "postmaster",
		"Bob@Example.ORG", NULL },
				 *const more[] = { "x@example.com", NULL };
	static const struct {
		const char *what;
		DBTYPE type;
		bool nul;
	} forms[] = {
		{ "hash, keys with NUL (postmap)", DB_HASH, true },
		{ "hash, without (makemap)", DB_HASH, false },
		{ "btree, with", DB_BTREE, true },
		{ "btree, without", DB_BTREE, false },
	};
	char *path = path_of("table.db"), *name = path_of("table"), typed[4096];

	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
		struct jm_directory *d = jm_directory_new();
		int fd;

		snprintf(typed, sizeof typed, "%s:%s", forms[i].type == DB_HASH ? "hash" : "btree",
		    i & 1 ? path : name);
		maps[0] = (struct jm_source){ typed, 1 };
		settings.directory_maps_n = 1;
		put_table(path, forms[i].type, forms[i].nul, keys);
		tap_is_str(refresh(d), "3/1;", "%s: read", forms[i].what);
		tap_ok(knows(d, "alice@example.com") && knows(d, "bob@example.org") &&
			knows(d, "x@all.example"),
		    "%s: its keys are known", forms[i].what);
		tap_ok(!knows(d, "x@example.com") && !knows(d, "postmaster@example.com"),
		    "%s: others are not", forms[i].what);
		put_file(path, "rubbish that is no table", 24);
		tap_is_str(refresh(d), "failed corrupt;", "%s: rubbish is told", forms[i].what);
		tap_ok(knows(d, "alice@example.com") && !knows(d, "x@example.com"),
		    "%s: the old content holds", forms[i].what);
		put_table(path, forms[i].type, forms[i].nul, more);
		fd = open(path, O_RDWR | O_CLOEXEC);
		if (fd < 0 || flock(fd, LOCK_EX) != 0)
			tap_diag("cannot lock");
		tap_is_str(refresh(d), "failed temporary;", "%s: one that is being written is left",
		    forms[i].what);
		close(fd);
		tap_is_str(refresh(d), "1/0;", "%s: and read when it is whole", forms[i].what);
		tap_ok(knows(d, "x@example.com") && !knows(d, "alice@example.com"),
		    "%s: the new content holds", forms[i].what);
		jm_directory_free(&d);
	}
	settings.directory_maps_n = 0;
	free(path);
	free(name);
}

static int count_key(void *ctx, struct jm_span key, struct jm_err *e)
{
	(void)key;
	(void)e;
	++*(size_t *)ctx;
	return 0;
}

/* A damaged table gives an error or its keys, never a crash. */
static void test_damage(void)
{
	static const char *const keys[] = { "alice@example.com", "bob@example.com",
		"carol@example.com", NULL };
	char *path = path_of("damaged.db");
	unsigned char *p = NULL, *copy;
	size_t n, told_n = 0, read_n = 0;

	put_table(path, DB_HASH, true, keys);
	if (jm_io_read_file(path, 1 << 20, &p, &n, &err) != 0 || !(copy = malloc(n)))
		exit(1);
	for (size_t at = 0; at < n; at += at < 600 ? 7 : 131) {
		size_t seen = 0;

		memcpy(copy, p, n);
		copy[at] ^= 0xff;
		put_file(path, (const char *)copy, n);
		if (jm_mta_table_walk(path, count_key, &seen, &err) != 0)
			told_n++;
		else
			read_n++;
	}
	for (size_t cut = 0; cut < n; cut += 509) {
		size_t seen = 0;

		put_file(path, (const char *)p, cut);
		told_n += jm_mta_table_walk(path, count_key, &seen, &err) != 0;
	}
	memcpy(copy, p, n);
	copy[26] |= 2; /* partitioned: Berkeley DB would divide by zero */
	put_file(path, (const char *)copy, n);
	tap_ok(jm_mta_table_walk(path, count_key, &read_n, &err) != 0 && err.kind == JM_E_CORRUPT,
	    "a table that says it is partitioned is told: %s", err.text);
	tap_ok(told_n > 20, "damaged tables are told: %zu, %zu can be read nevertheless", told_n,
	    read_n);
	free(copy);
	free(p);
	free(path);
}

static atomic_bool stop;

struct shared {
	struct jm_directory *d;
	atomic_bool wrong;
};

static void *look_up(void *arg)
{
	struct shared *s = arg;

	while (!atomic_load(&stop))
		if (!knows(s->d, "always@example.com"))
			atomic_store(&s->wrong, true);
	return NULL;
}

/* Look-ups while the file changes: never an answer from half a set. */
static void test_threads(void)
{
	struct shared shared = { .d = jm_directory_new() };
	char *path = path_of("busy"), text[200];
	pthread_t t[2];

	files[0] = (struct jm_source){ path, 1 };
	settings.directory_files_n = 1;
	put_file(path, "always@example.com\n", 19);
	(void)refresh(shared.d);
	for (int i = 0; i < 2; i++)
		if (pthread_create(&t[i], NULL, look_up, &shared) != 0)
			exit(1);
	for (int i = 0; i < 100; i++) {
		int n = snprintf(text, sizeof text, "always@example.com\nx%d@example.com\n", i);

		put_file(path, text, (size_t)n);
		(void)refresh(shared.d);
	}
	atomic_store(&stop, true);
	for (int i = 0; i < 2; i++)
		pthread_join(t[i], NULL);
	tap_ok(!atomic_load(&shared.wrong), "an address that is in every version is always known");
	tap_ok(knows(shared.d, "x99@example.com") && !knows(shared.d, "x98@example.com"),
	    "the last version holds");
	jm_directory_free(&shared.d);
	settings.directory_files_n = 0;
	free(path);
}

static void test_large(void)
{
	struct jm_directory *d = jm_directory_new();
	char *path = path_of("large"), address[60];
	struct jm_buf b;
	int rc = 0;
	bool all = true;

	jm_buf_init(&b, 16u << 20);
	for (int i = 0; i < 200000; i++)
		rc |= jm_buf_printf(&b, &err, "user%d@example.com\n", i);
	put_file(path, jm_buf_str(&b), b.len);
	files[0] = (struct jm_source){ path, 1 };
	settings.directory_files_n = 1;
	tap_is_str(rc == 0 ? refresh(d) : "", "200000/0;", "200000 addresses");
	for (int i = 0; i < 200000; i += 997) {
		snprintf(address, sizeof address, "user%d@example.com", i);
		all &= knows(d, address);
	}
	tap_ok(all && !knows(d, "user200000@example.com"), "all of them, and no other");
	jm_directory_free(&d);
	jm_buf_release(&b);
	settings.directory_files_n = 0;
	free(path);
}

int main(void)
{
	test_file();
	test_tables();
	test_damage();
	test_threads();
	test_large();
	return tap_done();
}
