/* SPDX-License-Identifier: BSD-2-Clause */
/* Tables of the types lmdb and cdb, as Postfix's postmap makes and changes them, and damaged ones.
 * Those of Berkeley DB: service_directory.c. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/io.h"
#include "common/service/mta_table.h"
#include "common/service/table_cdb.h"
#include "common/service/table_lmdb.h"
#include "t/lib/tap.h"

#define KEYS_BYTES 4000
#define LARGE_KEYS 10000
#define FLIPS 20000

typedef int walk_fn(struct jm_span file, jm_mta_table_visit *visit, void *ctx, struct jm_err *err);

/* The two types, and the path of the table that the current test has. */
static const struct type {
	const char *name;
	walk_fn *walk;
} types[] = { { "lmdb", jm_table_lmdb_walk }, { "cdb", jm_table_cdb_walk } };

static struct jm_err err;
static char text_path[4096], table_path[4100];

static void use_path(const struct type *t, const char *name)
{
	snprintf(text_path, sizeof text_path, "%s/%s-%s", tap_folder(), t->name, name);
	snprintf(table_path, sizeof table_path, "%s.%s", text_path, t->name);
}

/* Start postmap with a configuration of its own, and an option with its value or none. */
static pid_t postmap_start(const char *option, const char *value, const struct type *t)
{
	char table[4200];
	const char *argv[] = { "postmap", "-c", tap_folder(), NULL, NULL, NULL, NULL };
	size_t n = 3;
	pid_t pid;

	snprintf(table, sizeof table, "%s:%s", t->name, text_path);
	if (option) {
		argv[n++] = option;
		argv[n++] = value;
	}
	argv[n] = table;
	pid = fork();
	if (pid == 0) {
		int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

		if (dup2(fd, 2) == 2) {
			execvp(argv[0], (char **)(uintptr_t)argv);
			execv("/usr/sbin/postmap", (char **)(uintptr_t)argv);
		}
		_exit(127);
	}
	return pid;
}

static bool has_ended_well(pid_t pid)
{
	int status;

	return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
	    WEXITSTATUS(status) == 0;
}

static void put_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	if (!f || fputs(text, f) == EOF || fclose(f) != 0)
		tap_diag("cannot write %s", path);
}

/* Make the table anew from lines. */
static bool make(const struct type *t, const char *lines)
{
	put_file(text_path, lines);
	return has_ended_well(postmap_start(NULL, NULL, t));
}

/* ---- what is visited ---- */

struct seen {
	size_t n;
	char key[64][80];
};

static int key_keep(void *ctx, struct jm_span key, struct jm_err *e)
{
	struct seen *s = ctx;

	(void)e;
	if (s->n < 64 && key.len < sizeof s->key[0]) {
		memcpy(s->key[s->n], key.p, key.len);
		s->key[s->n][key.len] = '\0';
	}
	s->n++;
	return 0;
}

static int compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* The keys of the table in order, or the kind of the error. */
static const char *keys_of(const char *path)
{
	static char text[KEYS_BYTES];
	struct seen s = { .n = 0 };

	if (jm_mta_table_walk(path, key_keep, &s, &err) != 0)
		return s.n ? "keys before an error" : jm_err_kind_name(err.kind);
	qsort(s.key, s.n < 64 ? s.n : 64, sizeof s.key[0], compare);
	text[0] = '\0';
	for (size_t i = 0; i < s.n && i < 64; i++)
		snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s", i ? " " : "",
		    s.key[i]);
	return text;
}

/* ---- intact tables ---- */

/* Is the command there, and does it know the type? */
static bool has_postmap(const struct type *t)
{
	char path[4200];

	snprintf(path, sizeof path, "%s/main.cf", tap_folder());
	put_file(path, "compatibility_level = 3.6\nqueue_directory = /nonexistent\n");
	use_path(t, "probe");
	return make(t, "");
}

static void test_made(const struct type *t)
{
	struct stat before, after;

	use_path(t, "made");
	tap_ok(make(t, "anna@example.com x\n@all.example y\nBert@Example.ORG z\n"), "%s: made",
	    t->name);
	tap_is_str(keys_of(table_path), "@all.example anna@example.com bert@example.org",
	    "%s: its keys, without the NUL of Postfix", t->name);
	if (stat(table_path, &before) != 0 || !make(t, "carl@example.com x\n") ||
	    stat(table_path, &after) != 0)
		tap_diag("postmap: %s", table_path);
	tap_is_str(keys_of(table_path), "carl@example.com", "%s: made anew", t->name);
	tap_ok(!jm_io_is_same(&before, &after),
	    "%s: which its file tells the directory (in place: %d)", t->name,
	    before.st_ino == after.st_ino);
	tap_ok(make(t, ""), "%s: made empty", t->name);
	tap_is_str(keys_of(table_path), "", "%s: no keys", t->name);
}

/* Single keys put and deleted, which cdb cannot. */
static void test_changed(const struct type *t)
{
	char lines[20000];

	use_path(t, "changed");
	snprintf(lines, sizeof lines, "far@example.com %015000d\nanna@example.com x\n", 0);
	tap_ok(make(t, lines), "%s: a value of 15000 octets", t->name);
	tap_is_str(
	    keys_of(table_path), "anna@example.com far@example.com", "%s: is no obstacle", t->name);
	if (strcmp(t->name, "cdb") == 0)
		return;
	tap_ok(has_ended_well(postmap_start("-d", "anna@example.com", t)), "%s: a key is deleted",
	    t->name);
	tap_is_str(keys_of(table_path), "far@example.com", "%s: it is gone", t->name);
	tap_ok(has_ended_well(postmap_start("-d", "far@example.com", t)), "%s: so is the last one",
	    t->name);
	tap_is_str(keys_of(table_path), "", "%s: none is left", t->name);
}

static int key_count(void *ctx, struct jm_span key, struct jm_err *e)
{
	size_t *count = ctx;
	char text[32];

	(void)e;
	if (key.len > 4 && key.len < sizeof text && memcmp(key.p, "user", 4) == 0) {
		memcpy(text, key.p + 4, key.len - 4);
		text[key.len - 4] = '\0';
		count[strtoul(text, NULL, 10) % LARGE_KEYS]++;
	}
	return 0;
}

static void test_large(const struct type *t)
{
	size_t *count = calloc(LARGE_KEYS, sizeof *count), once = 0;
	FILE *f;

	use_path(t, "large");
	f = fopen(text_path, "w");
	if (!f || !count)
		exit(1);
	for (int i = 0; i < LARGE_KEYS; i++)
		fprintf(f, "user%d@example.com x\n", i);
	fclose(f);
	tap_ok(has_ended_well(postmap_start(NULL, NULL, t)), "%s: %d keys are made", t->name,
	    LARGE_KEYS);
	if (jm_mta_table_walk(table_path, key_count, count, &err) != 0)
		tap_diag("%s", err.text);
	for (int i = 0; i < LARGE_KEYS; i++)
		once += count[i] == 1;
	tap_is_int((long long)once, LARGE_KEYS, "%s: each is visited once", t->name);
	free(count);
}

/* ---- locks ---- */

static struct flock whole(short type)
{
	return (struct flock){ .l_type = type, .l_whence = SEEK_SET };
}

/* Another process locks the table as Postfix does to change it. */
static void test_locked(const struct type *t)
{
	int ready[2];
	char octet = 0;
	pid_t pid;

	use_path(t, "locked");
	if (!make(t, "anna@example.com x\n") || pipe(ready) != 0)
		exit(1);
	pid = fork();
	if (pid == 0) {
		struct flock lock = whole(F_WRLCK);
		int fd = open(table_path, O_RDWR | O_CLOEXEC);

		octet = fd >= 0 && fcntl(fd, F_SETLK, &lock) == 0 ? 'y' : 'n';
		if (write(ready[1], &octet, 1) == 1)
			pause();
		_exit(0);
	}
	tap_ok(read(ready[0], &octet, 1) == 1 && octet == 'y', "%s: somebody changes it", t->name);
	tap_is_str(keys_of(table_path), "temporary", "%s: it is left", t->name);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	tap_is_str(keys_of(table_path), "anna@example.com", "%s: and read later", t->name);
	close(ready[0]);
	close(ready[1]);
}

/* Wait until another process has a lock of the table. */
static bool await_lock(void)
{
	int fd = open(table_path, O_RDONLY | O_CLOEXEC);
	struct flock lock = whole(F_UNLCK);

	for (int i = 0; fd >= 0 && i < 6000 && lock.l_type == F_UNLCK; i++) {
		lock = whole(F_WRLCK);
		if (fcntl(fd, F_GETLK, &lock) != 0)
			break;
		usleep(10000);
	}
	if (fd >= 0)
		close(fd);
	return lock.l_type == F_RDLCK;
}

/* postmap in the middle of its transaction, as it waits for more of its text: we read the one
 * before. */
static void test_transaction(const struct type *t)
{
	struct seen s = { .n = 0 };
	pid_t running;
	FILE *text;

	use_path(t, "transaction");
	if (!make(t, "anna@example.com x\n") || unlink(text_path) != 0 ||
	    mkfifo(text_path, 0600) != 0)
		exit(1);
	running = postmap_start(NULL, NULL, t);
	text = fopen(text_path, "w"); /* waits for postmap to open it, too */
	if (running < 0 || !text)
		exit(1);
	for (int i = 0; i < 5000; i++)
		fprintf(text, "user%d@example.com x\n", i);
	fflush(text);
	tap_ok(await_lock(), "%s: postmap has begun", t->name);
	tap_is_str(keys_of(table_path), "anna@example.com", "%s: the old keys meanwhile", t->name);
	fclose(text);
	tap_ok(has_ended_well(running), "%s: postmap ends", t->name);
	tap_ok(jm_mta_table_walk(table_path, key_keep, &s, &err) == 0, "%s: read again", t->name);
	tap_is_int((long long)s.n, 5000, "%s: the new keys then", t->name);
}

/* ---- damaged tables ---- */

/* A file of the source tree, in memory of exactly its size. */
static unsigned char *seed(const char *name, size_t *n)
{
	char path[4200];
	unsigned char *p = NULL, *exact;
	const char *top = getenv("JM_SRCDIR");

	snprintf(path, sizeof path, "%s/t/fuzz/seeds/%s", top ? top : ".", name);
	if (jm_io_read_file(path, 1 << 20, &p, n, &err) != 0 || !(exact = malloc(*n)))
		exit(1);
	memcpy(exact, p, *n);
	free(p);
	return exact;
}

/* Walk a copy that has exactly n octets, so that a sanitizer sees a read beyond it. */
static int walk_copy(const struct type *t, const unsigned char *p, size_t n, struct seen *s)
{
	unsigned char *copy = malloc(n ? n : 1);
	int rc;

	if (!copy)
		exit(1);
	memcpy(copy, p, n);
	*s = (struct seen){ .n = 0 };
	rc = t->walk(jm_span_of(copy, n), key_keep, s, &err);
	free(copy);
	return rc;
}

static void test_cut(const struct type *t, const char *name)
{
	struct seen want, got;
	size_t n, told = 0, wrong = 0;
	unsigned char *p = seed(name, &n);

	tap_ok(walk_copy(t, p, n, &want) == 0 && want.n == 4, "%s: four keys", name);
	for (size_t cut = 0; cut < n; cut++)
		if (walk_copy(t, p, cut, &got) != 0)
			told += err.kind == JM_E_CORRUPT && err.text[0] && got.n == 0;
		else
			wrong++;
	tap_is_int((long long)wrong, 0, "%s: no beginning of it is taken for the table", name);
	tap_is_int((long long)told, (long long)n, "%s: each one is told, before any key", name);
	free(p);
}

/* Flip bits. A flip in a value cannot be seen, and does not matter. */
static void test_flips(const struct type *t, const char *name)
{
	bool sure = strcmp(t->name, "cdb") == 0; /* of its keys, too */
	struct seen want, got;
	size_t n, told = 0, wrong = 0;
	unsigned char *p = seed(name, &n);
	uint32_t random = 20261201;

	if (walk_copy(t, p, n, &want) != 0)
		exit(1);
	for (int i = 0; i < FLIPS; i++) {
		size_t at;
		unsigned char bit;

		random = random * 1664525u + 1013904223u;
		at = (random >> 8) % n;
		bit = (unsigned char)(1u << (random >> 4 & 7));
		p[at] ^= bit;
		if (walk_copy(t, p, n, &got) != 0)
			told += got.n == 0;
		else if (got.n != want.n || (sure && memcmp(&got, &want, sizeof got) != 0))
			wrong++;
		p[at] ^= bit;
	}
	tap_is_int((long long)wrong, 0, "%s: a flipped bit gives %s, or an error", name,
	    sure ? "the keys" : "as many keys");
	tap_ok(told > FLIPS / 100, "%s: %zu of %d flips are told", name, told, FLIPS);
	free(p);
}

/* Octets of the table with two levels that are replaced, and what is said then. */
static void test_lies(void)
{
	static const struct {
		const char *what;
		size_t at;
		unsigned char octet;
		const char *told;
		size_t also_at;
		unsigned char also;
	} lies[] = {
		{ "another version", 20, 2,
		    "its format has version 2, and only version 1 can be read" },
		{ "no page size", 41, 0, "its page size is none of LMDB" },
		{ "a transaction too many", 512 + 144, 3, "its meta pages do not fit" },
		{ "a transaction too few", 512 + 144, 0, "its meta pages do not fit" },
		{ "another second meta page", 512 + 16, 0, "its second meta page is damaged" },
		{ "keys in another order", 512 + 92, 2,
		    "its keys are not ordered as postmap orders them" },
		{ "a tree that is too deep", 512 + 94, 33, "its meta page is damaged" },
		{ "a root that is not there", 512 + 128, 7, "its root page is damaged" },
		{ "a leaf where a branch is due", 512 + 94, 3,
		    "one of its pages is damaged or missing" },
		{ "a root that is its own child", 512 + 94, 3,
		    "one of its pages is damaged or missing", 1528, 2 },
		{ "one key less", 512 + 120, 3, "it has more or fewer keys than it says" },
		{ "one page more", 512 + 104, 3, "it has more or fewer keys than it says" },
		{ "keys that are not in order", 1536 + 512 - 18, 'z', "its keys are not in order" },
	};
	size_t n;
	unsigned char *p = seed("lmdb/two-levels", &n);
	struct seen s;

	for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
		unsigned char kept = p[lies[i].at], also = p[lies[i].also_at];

		p[lies[i].at] = lies[i].octet;
		if (lies[i].also_at)
			p[lies[i].also_at] = lies[i].also;
		tap_ok(walk_copy(&types[0], p, n, &s) != 0 && s.n == 0, "%s: told before any key",
		    lies[i].what);
		tap_is_str(err.text, lies[i].told, "%s: so", lies[i].what);
		p[lies[i].at] = kept;
		p[lies[i].also_at] = also;
	}
	free(p);
}

/* ---- files ---- */

static void test_files(const struct type *t)
{
	char path[4096], want[600];
	int fd;

	snprintf(path, sizeof path, "%s/missing.%s", tap_folder(), t->name);
	tap_is_str(keys_of(path), "not-found", "%s: a file that is not there", t->name);
	put_file(path, "anna@example.com x\n");
	tap_is_str(keys_of(path), "corrupt", "%s: a text file", t->name);
	snprintf(want, sizeof want, "\"%s\" is no intact table of postmap: ", path);
	tap_ok(strncmp(err.text, want, strlen(want)) == 0 && err.text[strlen(want)],
	    "%s: it is said which, and why: %s", t->name, err.text + strlen(want));
	put_file(path, "");
	tap_is_str(keys_of(path), "corrupt", "%s: an empty file", t->name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || ftruncate(fd, (off_t)JM_MTA_TABLE_BYTES + 1) != 0)
		tap_diag("cannot make a hole");
	tap_is_str(keys_of(path), "limit", "%s: one that is too large", t->name);
	if (fd >= 0)
		close(fd);
	unlink(path);
	if (mkfifo(path, 0600) != 0)
		tap_diag("no pipe");
	tap_is_str(keys_of(path), "usage", "%s: a pipe", t->name);
	unlink(path);
	put_file(path, "x");
	chmod(path, 0);
	if (geteuid() == 0)
		tap_skip(1, "root may read every file");
	else
		tap_is_str(keys_of(path), "denied", "%s: one that we may not read", t->name);
}

static int key_refuse(void *ctx, struct jm_span key, struct jm_err *e)
{
	(void)ctx;
	return jm_err_set(e, JM_E_LIMIT, "%.*s is enough", (int)key.len, (const char *)key.p);
}

/* The error of the visitor is the error of the walk, as it is. */
static void test_visitor(const struct type *t, const char *name)
{
	size_t n;
	unsigned char *p = seed(name, &n);
	char path[4096];

	snprintf(path, sizeof path, "%s/refused.%s", tap_folder(), t->name);
	if (jm_io_publish(path, p, n, 0644, &err) != 0)
		exit(1);
	err.kind = JM_E_NONE;
	tap_ok(jm_mta_table_walk(path, key_refuse, NULL, &err) != 0 && err.kind == JM_E_LIMIT,
	    "%s: a visitor ends the walk", t->name);
	tap_is_str(err.text, "anna@example.com is enough", "%s: with its own words", t->name);
	free(p);
}

static void test_paths(void)
{
	static const char *const names[][2] = {
		{ "lmdb:/a", "/a.lmdb" },
		{ "lmdb:/a.lmdb", "/a.lmdb" },
		{ "cdb:/a", "/a.cdb" },
		{ "cdb:/a.cdb", "/a.cdb" },
		{ "hash:/a", "/a.db" },
		{ "btree:/a.db", "/a.db" },
		{ "hash:/a.cdb", "/a.cdb.db" },
		{ "cdb:/a.db", "/a.db.cdb" },
		{ "/a", "/a.db" },
		{ "/a.db", "/a.db" },
		{ "/a.lmdb", "/a.lmdb" },
		{ "/a.cdb", "/a.cdb" },
	};
	char path[16];

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		if (jm_mta_table_path(names[i][0], path, sizeof path, &err) != 0)
			snprintf(path, sizeof path, "an error");
		tap_is_str(path, names[i][1], "the file of %s", names[i][0]);
	}
	tap_ok(jm_mta_table_path("lmdb:/0123456789", path, sizeof path, &err) != 0 &&
		err.kind == JM_E_LIMIT,
	    "a path that is too long");
}

int main(void)
{
	static const char *const seeds[] = { "lmdb/two-levels", "cdb/plain" };

	test_paths();
	for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
		const struct type *t = &types[i];

		test_cut(t, seeds[i]);
		test_flips(t, seeds[i]);
		test_files(t);
		test_visitor(t, seeds[i]);
		if (!has_postmap(t)) {
			tap_skip(1, "missing: postmap with this type (postfix-lmdb, postfix-cdb)");
			continue;
		}
		test_made(t);
		test_changed(t);
		test_large(t);
		test_locked(t);
	}
	if (has_postmap(&types[0]))
		test_transaction(&types[0]);
	test_lies();
	return tap_done();
}
