/* SPDX-License-Identifier: BSD-2-Clause */
/* Berkeley DB: environment, transactions, get, put, pages of rows. apply.c and its neighbours
 * decide about the contents of rows. */
#include "common/catalog/catalog.h"

#include <db.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/io.h"
#include "common/base/log.h"
#include "common/catalog/page_file.h"
#include "common/json/read.h"
#include "common/json/write.h"

#define FILE_NAME "catalog.db"
#define LOG_FILE_BYTES (8u * 1024u * 1024u)
#define LOG_BUFFER_BYTES (512u * 1024u)
#define VALUE_MAX_BYTES (256u * 1024u * 1024u)
#define ID_BYTES 8
#define SHORT_BYTES 24 /* of a value in a table of duplicates */

struct jm_catalog {
	DB_ENV *env;
	DB *db[JM_TABLES];
	char folder[4300]; /* empty: the catalog was not opened */
	unsigned guard;    /* of page_file.h */
	/* The first is set when the disk could not read a page: the next open shall check all of
	 * them; the second by damage: the next open shall fail; the third when a checkpoint failed:
	 * the next open shall recover. */
	atomic_bool unread, damaged, unsaved;
};

struct jm_txn {
	struct jm_catalog *c;
	DB_TXN *txn;
};

/*
 * A table of duplicates stores the id, with which callers' keys end, not in the key but in front of
 * the value, as one of the key's sorted duplicates. This is for texts that occur in many keys: each
 * text is stored once, and its ids are appended to full pages.
 */
static bool has_duplicates(enum jm_table t)
{
	return t == JM_T_BY_ADDRESS;
}

/* c: the catalog that failed; NULL: it is not open. */
static int catalog_fail(struct jm_catalog *c, struct jm_err *err, int rc, const char *what)
{
	bool damaged = rc == DB_RUNRECOVERY || rc == DB_VERIFY_BAD || rc == DB_PAGE_NOTFOUND ||
	    rc == DB_OLD_VERSION || rc == DB_VERSION_MISMATCH || rc == DB_CHKSUM_FAIL ||
	    rc == EINVAL;

	if (c && damaged)
		atomic_store(&c->damaged, true);
	else if (c && rc == EIO)
		atomic_store(&c->unread, true);
	jm_err_set(err, damaged && !c ? JM_E_CORRUPT : JM_E_TEMP, "catalog: %s: %s", what,
	    damaged && c ? "damaged, and made anew from the volumes" : db_strerror(rc));
	/* an errno, e.g. EACCES; Berkeley DB's own codes are negative */
	err->sys = damaged && c ? JM_CATALOG_BROKEN : rc > 0 ? rc : 0;
	return -1;
}

static int fail_row(struct jm_catalog *c, enum jm_table t, int rc, struct jm_err *err)
{
	return catalog_fail(c, err, rc, jm_layout_table(t));
}

static void complain(const DB_ENV *env, const char *prefix, const char *text)
{
	(void)env;
	(void)prefix;
	JM_LOG(JM_LOG_WARNING, "catalog", { "text", JM_S(text) });
}

/* recover: DB_RECOVER or 0. */
static int open_env(DB_ENV *env, const char *folder, uint64_t cache_bytes, u_int32_t recover)
{
	int rc;

	env->set_errcall(env, complain);
	if ((rc = env->set_cachesize(env, (u_int32_t)(cache_bytes >> 30),
		 (u_int32_t)(cache_bytes & ((1u << 30) - 1)), 1)) != 0 ||
	    (rc = env->set_lg_max(env, LOG_FILE_BYTES)) != 0 ||
	    (rc = env->set_lg_bsize(env, LOG_BUFFER_BYTES)) != 0 ||
	    (rc = env->log_set_config(env, DB_LOG_AUTO_REMOVE, 1)) != 0)
		return rc;
	return env->open(env, folder,
	    DB_CREATE | DB_PRIVATE | DB_THREAD | DB_INIT_TXN | DB_INIT_LOG | DB_INIT_MPOOL |
		recover,
	    0600);
}

static int open_tables(struct jm_catalog *c)
{
	DB_TXN *txn = NULL;
	int rc = c->env->txn_begin(c->env, NULL, &txn, 0);

	for (int i = 0; rc == 0 && i < JM_TABLES; i++) {
		if ((rc = db_create(&c->db[i], c->env, 0)) == 0 &&
		    (rc = c->db[i]->set_pagesize(c->db[i], JM_CATALOG_PAGE_BYTES)) == 0 &&
		    (rc = c->db[i]->set_flags(c->db[i],
			 DB_CHKSUM | (has_duplicates((enum jm_table)i) ? DB_DUPSORT : 0))) == 0)
			rc = c->db[i]->open(c->db[i], txn, FILE_NAME,
			    jm_layout_table((enum jm_table)i), DB_BTREE, DB_CREATE | DB_THREAD,
			    0600);
	}
	if (txn) {
		if (rc == 0)
			rc = txn->commit(txn, DB_TXN_NOSYNC);
		else
			(void)txn->abort(txn);
	}
	return rc;
}

/* ---- was the machine switched off while it was open? ---- */

#define MARK_NAME "open" /* exists while the catalog is open; holds the id of this boot, or: */
#define BOOT_BYTES 36
#define UNREAD "a page could not be read" /* the next open checks all pages */
#define DAMAGED "damaged"                 /* the next open fails */

enum mark { MARK_NONE, MARK_THIS_BOOT, MARK_CHECK, MARK_DAMAGED };

static void boot_of(char text[BOOT_BYTES + 1])
{
	struct jm_err ignored;
	int fd = jm_io_open("/proc/sys/kernel/random/boot_id", O_RDONLY, 0, &ignored);

	snprintf(text, BOOT_BYTES + 1, "%s", "unknown");
	if (fd >= 0 && jm_io_pread(fd, text, BOOT_BYTES, 0, &ignored) != 0)
		snprintf(text, BOOT_BYTES + 1, "%s", "unknown");
	text[BOOT_BYTES] = '\0';
	if (fd >= 0)
		close(fd);
}

/* CHECK when the catalog was opened under another boot and never closed: pages may be torn. Also
 * when the mark cannot be read. */
static enum mark read_mark(const char *folder)
{
	char path[4352], boot[BOOT_BYTES + 1];
	unsigned char *p = NULL;
	struct jm_err cause;
	enum mark m = MARK_CHECK;
	size_t n = 0;

	snprintf(path, sizeof path, "%s/" MARK_NAME, folder);
	if (jm_io_read_file(path, 4096, &p, &n, &cause) != 0)
		return cause.kind == JM_E_NOTFOUND ? MARK_NONE : MARK_CHECK;
	boot_of(boot);
	if (jm_span_eq(jm_span_of(p, n), jm_span_str(boot)))
		m = MARK_THIS_BOOT;
	else if (jm_span_eq(jm_span_of(p, n), jm_span_str(DAMAGED)))
		m = MARK_DAMAGED;
	free(p);
	return m;
}

static int write_mark(const char *folder, const char *text, struct jm_err *err)
{
	char path[4352];

	snprintf(path, sizeof path, "%s/" MARK_NAME, folder);
	return jm_io_publish(path, text, strlen(text), 0600, err);
}

/* ---- was it closed? ---- */

/* Exists when the catalog was closed and all of it is on the disk. It is removed before anything is
 * written, so that after any other end it does not exist. */
#define CLOSED_NAME "closed"

static void leave_closed(const char *folder)
{
	char path[4352];
	int fd;

	snprintf(path, sizeof path, "%s/" CLOSED_NAME, folder);
	fd = open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd >= 0) /* otherwise the next open recovers */
		close(fd);
}

/* True when it was closed, which is forgotten now. */
static bool take_closed(const char *folder)
{
	char path[4352];
	struct jm_err ignored;

	snprintf(path, sizeof path, "%s/" CLOSED_NAME, folder);
	return unlink(path) == 0 && jm_io_sync_dir(folder, &ignored) == 0;
}

/* Read every page of the recovered file. */
static int check_pages(DB_ENV *env, const char *folder)
{
	char path[4352];
	DB *db = NULL;
	int rc;

	snprintf(path, sizeof path, "%s/" FILE_NAME, folder);
	if (access(path, F_OK) != 0)
		return 0;
	if ((rc = env->txn_checkpoint(env, 0, 0, DB_FORCE)) != 0 ||
	    (rc = db_create(&db, env, 0)) != 0)
		return rc;
	return db->verify(db, FILE_NAME, NULL, NULL, 0); /* frees db in any case */
}

/* Guard the file, if it exists already. */
static int guard_pages(struct jm_catalog *c, const char *folder, bool recovering)
{
	char path[4352];
	struct jm_err err;

	snprintf(path, sizeof path, "%s/" FILE_NAME, folder);
	if (jm_page_file_guard(path, recovering, &c->guard, &err) == 0 || err.kind == JM_E_NOTFOUND)
		return 0;
	return err.sys > 0 ? err.sys : EAGAIN;
}

/* Open the environment. Recovery fills pages of zeros; it may have read others that must not be
 * used and are still in the cache, so that it is opened once more, with an empty cache. Returns
 * Berkeley DB's code. */
static int open_recovered(struct jm_catalog *c, const char *folder, uint64_t cache_bytes)
{
	int rc;

	if ((rc = guard_pages(c, folder, true)) != 0 ||
	    (rc = open_env(c->env, folder, cache_bytes, DB_RECOVER)) != 0)
		return rc;
	if (jm_page_file_had_zeros(c->guard)) {
		rc = c->env->close(c->env, 0);
		c->env = NULL;
		if (rc != 0 || (rc = db_env_create(&c->env, 0)) != 0 ||
		    (rc = guard_pages(c, folder, false)) != 0)
			return rc;
		return open_env(c->env, folder, cache_bytes, DB_RECOVER);
	}
	return guard_pages(c, folder, false);
}

/* Open the environment of a catalog that was closed. There is nothing to recover, which would write
 * zeros over the rest of the log file, several MiB. Returns Berkeley DB's code. */
static int open_closed(struct jm_catalog *c, const char *folder, uint64_t cache_bytes)
{
	int rc = guard_pages(c, folder, false);

	return rc != 0 ? rc : open_env(c->env, folder, cache_bytes, 0);
}

/* Returns Berkeley DB's code. */
static int open_files(struct jm_catalog *c, const char *folder, uint64_t cache_bytes)
{
	enum mark m = read_mark(folder);
	bool closed = take_closed(folder) && m == MARK_NONE;
	int rc;

	if (m == MARK_DAMAGED)
		return DB_VERIFY_BAD;
	if ((rc = db_env_set_func_pread(jm_page_file_read)) != 0)
		return rc;
	rc = closed ? open_closed(c, folder, cache_bytes) : open_recovered(c, folder, cache_bytes);
	if (rc != 0)
		return rc;
	if (m == MARK_CHECK && check_pages(c->env, folder) != 0)
		return DB_VERIFY_BAD;
	rc = open_tables(c);
	return rc != 0 ? rc : guard_pages(c, folder, false);
}

/* Returns Berkeley DB's code. */
static int close_all(struct jm_catalog *c, u_int32_t how)
{
	int rc = 0, one;

	for (int i = 0; i < JM_TABLES; i++) {
		if (c->db[i] && (one = c->db[i]->close(c->db[i], how)) != 0)
			rc = one;
		c->db[i] = NULL;
	}
	if (c->env && (one = c->env->close(c->env, 0)) != 0)
		rc = one;
	c->env = NULL;
	return rc;
}

int jm_catalog_open(
    const char *folder, uint64_t cache_bytes, struct jm_catalog **c_r, struct jm_err *err)
{
	struct jm_catalog *c = calloc(1, sizeof *c);
	char boot[BOOT_BYTES + 1];
	int rc = 0;

	if (!c)
		return jm_err_sys(err, JM_E_TEMP, "catalog");
	if (jm_io_mkdirs(folder, 0700, err) != 0) {
		free(c);
		return -1;
	}
	for (int tries = 0; tries < 2; tries++) {
		if ((rc = db_env_create(&c->env, 0)) == 0)
			rc = open_files(c, folder, cache_bytes);
		/* Also one failed read, or no memory, ends recovery so; damage does it again. */
		if (rc != DB_RUNRECOVERY)
			break;
		(void)close_all(c, DB_NOSYNC);
	}
	if (rc != 0) {
		catalog_fail(NULL, err, rc, "cannot open");
		jm_catalog_close(&c);
		return rc == EINVAL ? jm_err_set(err, JM_E_CORRUPT,
					  "catalog: another version of the program made it")
				    : -1;
	}
	snprintf(c->folder, sizeof c->folder, "%s", folder);
	boot_of(boot);
	if (write_mark(folder, boot, err) != 0) {
		jm_catalog_close(&c);
		return jm_err_wrap(err, "catalog");
	}
	*c_r = c;
	return 0;
}

static void leave_mark(const struct jm_catalog *c, int rc)
{
	const char *text = atomic_load(&c->damaged) ? DAMAGED
	    : atomic_load(&c->unread)               ? UNREAD
						    : NULL;
	char path[4352];
	struct jm_err ignored;

	if (c->folder[0] == '\0')
		return;
	snprintf(path, sizeof path, "%s/" MARK_NAME, c->folder);
	if (text)
		(void)!jm_io_publish(path, text, strlen(text), 0600, &ignored);
	else if (rc == 0 && unlink(path) == 0 && !atomic_load(&c->unsaved))
		leave_closed(c->folder);
}

void jm_catalog_close(struct jm_catalog **c)
{
	int rc;

	if (!*c)
		return;
	rc = close_all(*c, atomic_load(&(*c)->damaged) ? DB_NOSYNC : 0);
	if (rc != 0)
		JM_LOG(JM_LOG_WARNING, "catalog-close", { "error", JM_S(db_strerror(rc)) });
	leave_mark(*c, rc);
	jm_page_file_release(&(*c)->guard);
	free(*c);
	*c = NULL;
}

bool jm_catalog_broken(struct jm_catalog *c)
{
	return atomic_load(&c->unread) || atomic_load(&c->damaged);
}

void jm_catalog_wipe(const char *folder)
{
	DIR *d = opendir(folder);
	struct dirent *e;

	if (!d)
		return;
	unlinkat(dirfd(d), CLOSED_NAME, 0);
	while ((e = readdir(d)) != NULL) {
		if (strcmp(e->d_name, FILE_NAME) == 0 || strcmp(e->d_name, MARK_NAME) == 0 ||
		    strncmp(e->d_name, "log.", 4) == 0 || strncmp(e->d_name, "__db", 4) == 0)
			unlinkat(dirfd(d), e->d_name, 0);
	}
	closedir(d);
}

int jm_catalog_begin(struct jm_catalog *c, struct jm_txn **txn_r, struct jm_err *err)
{
	struct jm_txn *t = calloc(1, sizeof *t);
	int rc;

	if (!t)
		return jm_err_sys(err, JM_E_TEMP, "catalog: transaction");
	if ((rc = c->env->txn_begin(c->env, NULL, &t->txn, 0)) != 0) {
		free(t);
		return catalog_fail(c, err, rc, "cannot begin");
	}
	t->c = c;
	*txn_r = t;
	return 0;
}

int jm_catalog_commit(struct jm_txn **txn, struct jm_err *err)
{
	int rc = (*txn)->txn->commit((*txn)->txn, DB_TXN_NOSYNC);
	struct jm_catalog *c = (*txn)->c;

	free(*txn);
	*txn = NULL;
	return rc == 0 ? 0 : catalog_fail(c, err, rc, "cannot commit");
}

void jm_catalog_abort(struct jm_txn **txn)
{
	if (!*txn)
		return;
	if ((*txn)->txn->abort((*txn)->txn) != 0)
		atomic_store(&(*txn)->c->damaged, true);
	free(*txn);
	*txn = NULL;
}

int64_t jm_catalog_checkpoint_ms(struct jm_catalog *c)
{
	DB_TXN_STAT *stat = NULL;
	int64_t ms = 0;

	if (c->env->txn_stat(c->env, &stat, 0) == 0)
		ms = (int64_t)stat->st_time_ckp * 1000;
	free(stat);
	return ms;
}

void jm_catalog_cache(struct jm_catalog *c, struct jm_catalog_cache *cache_r)
{
	DB_MPOOL_STAT *stat = NULL;

	if (c->env->memp_stat(c->env, &stat, NULL, 0) == 0)
		*cache_r = (struct jm_catalog_cache){ ((uint64_t)stat->st_gbytes << 30) +
			    stat->st_bytes,
			stat->st_cache_hit, stat->st_cache_miss, stat->st_page_dirty };
	free(stat);
}

int jm_catalog_checkpoint(struct jm_catalog *c, unsigned min_kib, struct jm_err *err)
{
	int rc = c->env->txn_checkpoint(c->env, min_kib, 0, 0);

	if (rc == 0)
		return 0;
	atomic_store(&c->unsaved, true);
	return catalog_fail(c, err, rc, "cannot checkpoint");
}

/* A DBT over bytes that Berkeley DB only reads. */
static DBT dbt_of(struct jm_span s)
{
	DBT d;

	memset(&d, 0, sizeof d);
	d.data = (void *)(uintptr_t)s.p;
	d.size = (u_int32_t)s.len;
	return d;
}

/* ---- rows of a table of duplicates ---- */

/* Put the cursor on the key's first duplicate with this id or a higher one. *v is
 * malloc'ed. */
static int find_from(DBC *cur, struct jm_span key, DBT *v)
{
	DBT k = dbt_of(jm_span_sub(key, 0, key.len - ID_BYTES));

	*v = dbt_of(jm_span_sub(key, key.len - ID_BYTES, ID_BYTES));
	v->flags = DB_DBT_MALLOC;
	return cur->get(cur, &k, v, DB_GET_BOTH_RANGE);
}

static bool has_id(const DBT *v, struct jm_span key)
{
	return v->size >= ID_BYTES && memcmp(v->data, key.p + key.len - ID_BYTES, ID_BYTES) == 0;
}

static int find_exactly(DBC *cur, struct jm_span key, DBT *v)
{
	int rc = find_from(cur, key, v);

	if (rc != 0 || has_id(v, key))
		return rc;
	free(v->data);
	return DB_NOTFOUND;
}

static int get_duplicate(
    DB *db, DB_TXN *txn, struct jm_span key, struct jm_buf *value, struct jm_err *err)
{
	DBT v;
	DBC *cur;
	int rc = db->cursor(db, txn, &cur, 0);

	if (rc != 0)
		return rc;
	rc = find_exactly(cur, key, &v);
	(void)cur->close(cur);
	if (rc != 0)
		return rc;
	jm_buf_reset(value);
	rc = jm_buf_add(value, (char *)v.data + ID_BYTES, v.size - ID_BYTES, err);
	free(v.data);
	return rc == 0 ? 0 : ENOMEM;
}

/* Remove the duplicate, if it exists. Without drop it stays, and the call returns
 * DB_KEYEXIST. */
static int clear_duplicate(DB *db, DB_TXN *txn, struct jm_span key, bool drop)
{
	DBT v;
	DBC *cur;
	int rc = db->cursor(db, txn, &cur, 0), closed;

	if (rc != 0)
		return rc;
	rc = find_exactly(cur, key, &v);
	if (rc == 0) {
		free(v.data);
		rc = drop ? cur->del(cur, 0) : DB_KEYEXIST;
	} else if (rc == DB_NOTFOUND) {
		rc = 0;
	}
	closed = cur->close(cur);
	return rc != 0 ? rc : closed;
}

static int put_duplicate(
    DB *db, DB_TXN *txn, struct jm_span key, struct jm_span value, bool only_new)
{
	unsigned char data[ID_BYTES + SHORT_BYTES];
	DBT k = dbt_of(jm_span_sub(key, 0, key.len - ID_BYTES)),
	    v = dbt_of(jm_span_of(data, ID_BYTES + value.len));
	int rc = value.len <= SHORT_BYTES ? clear_duplicate(db, txn, key, !only_new) : EINVAL;

	if (rc != 0)
		return rc;
	memcpy(data, key.p + key.len - ID_BYTES, ID_BYTES);
	if (value.len > 0)
		memcpy(data + ID_BYTES, value.p, value.len);
	return db->put(db, txn, &k, &v, 0);
}

/* ---- rows ---- */

static int get_row(struct jm_catalog *c, DB_TXN *txn, enum jm_table t, struct jm_span key,
    struct jm_buf *value, struct jm_err *err)
{
	DBT k = dbt_of(key), v;
	int rc;

	for (;;) {
		memset(&v, 0, sizeof v);
		v.flags = DB_DBT_USERMEM;
		v.data = value->p;
		v.ulen = (u_int32_t)(value->cap - 1);
		rc = c->db[t]->get(c->db[t], txn, &k, &v, 0);
		if (rc != DB_BUFFER_SMALL)
			break;
		if (jm_buf_reserve(value, (size_t)v.size + 1, err) != 0)
			return ENOMEM;
	}
	if (rc == 0) {
		value->len = v.size;
		value->p[value->len] = '\0';
	}
	return rc;
}

int jm_catalog_get(struct jm_catalog *c, struct jm_txn *txn, enum jm_table t, struct jm_span key,
    struct jm_buf *value, struct jm_err *err)
{
	DB_TXN *in = txn ? txn->txn : NULL;
	int rc;

	jm_buf_reset(value);
	if (value->cap == 0 && jm_buf_reserve(value, 512, err) != 0)
		return -1;
	rc = has_duplicates(t) ? get_duplicate(c->db[t], in, key, value, err)
			       : get_row(c, in, t, key, value, err);
	if (rc == DB_NOTFOUND)
		return 0;
	return rc == 0 ? 1 : fail_row(c, t, rc, err);
}

int jm_catalog_get_json(struct jm_catalog *c, struct jm_txn *txn, enum jm_table t,
    struct jm_span key, json_t **value_r, struct jm_err *err)
{
	struct jm_buf b;
	int rc;

	jm_buf_init(&b, VALUE_MAX_BYTES);
	rc = jm_catalog_get(c, txn, t, key, &b, err);
	if (rc == 1) {
		rc = jm_json_read(b.p, b.len, value_r, err) != 0
		    ? jm_err_wrap(err, "catalog: a row of %s", jm_layout_table(t))
		    : 1;
	}
	jm_buf_release(&b);
	return rc;
}

/* Returns Berkeley DB's code. DB_KEYEXIST: only_new is set, and the row exists. */
static int put_row(
    struct jm_txn *txn, enum jm_table t, struct jm_span key, struct jm_span value, bool only_new)
{
	DB *db = txn->c->db[t];
	DBT k = dbt_of(key), v = dbt_of(value);

	return has_duplicates(t) ? put_duplicate(db, txn->txn, key, value, only_new)
				 : db->put(db, txn->txn, &k, &v, only_new ? DB_NOOVERWRITE : 0);
}

int jm_catalog_put(struct jm_txn *txn, enum jm_table t, struct jm_span key, struct jm_span value,
    struct jm_err *err)
{
	int rc = put_row(txn, t, key, value, false);

	return rc == 0 ? 0 : fail_row(txn->c, t, rc, err);
}

int jm_catalog_add(struct jm_txn *txn, enum jm_table t, struct jm_span key, struct jm_span value,
    struct jm_err *err)
{
	int rc = put_row(txn, t, key, value, true);

	if (rc == DB_KEYEXIST)
		return 0;
	return rc == 0 ? 1 : fail_row(txn->c, t, rc, err);
}

int jm_catalog_put_json(struct jm_txn *txn, enum jm_table t, struct jm_span key,
    const json_t *value, struct jm_err *err)
{
	struct jm_buf text;
	int rc;

	jm_buf_init(&text, VALUE_MAX_BYTES);
	rc = jm_json_write(&text, value, err);
	if (rc == 0)
		rc = jm_catalog_put(txn, t, key, jm_buf_span(&text), err);
	jm_buf_release(&text);
	return rc;
}

int jm_catalog_remove(struct jm_txn *txn, enum jm_table t, struct jm_span key, struct jm_err *err)
{
	DB *db = txn->c->db[t];
	DBT k = dbt_of(key);
	int rc = has_duplicates(t) ? clear_duplicate(db, txn->txn, key, true)
				   : db->del(db, txn->txn, &k, 0);

	return rc == 0 || rc == DB_NOTFOUND ? 0 : fail_row(txn->c, t, rc, err);
}

/* ---- pages of rows ---- */

/* Put a key and a malloc'ed value into the page; takes over the value. */
static void add_row(struct jm_page *page, enum jm_table t, const DBT *k, DBT *v)
{
	struct jm_row *r = &page->row[page->n++];

	memcpy(r->key, k->data, k->size);
	r->key_n = k->size;
	r->value = v->data;
	r->value_n = v->size;
	if (!has_duplicates(t) || v->size < ID_BYTES || k->size > JM_CATALOG_KEY_MAX - ID_BYTES)
		return;
	memcpy(r->key + r->key_n, r->value, ID_BYTES);
	r->key_n += ID_BYTES;
	r->value_n -= ID_BYTES;
	memmove(r->value, r->value + ID_BYTES, r->value_n);
}

/* Move the cursor to the row after (reverse: before) this one, which may have been removed.
 */
static int seek_duplicate(DBC *cur, struct jm_span after, bool reverse, DBT *k, DBT *v)
{
	struct jm_span head = jm_span_sub(after, 0, after.len - ID_BYTES);
	int rc = find_from(cur, after, v);
	bool exact = rc == 0 && has_id(v, after);

	if (rc == 0)
		free(v->data);
	else if (rc != DB_NOTFOUND)
		return rc;
	*v = (DBT){ .flags = DB_DBT_MALLOC };
	if (rc == 0) /* on the row itself, or on the one after it */
		return cur->get(cur, k, v, reverse ? DB_PREV : exact ? DB_NEXT : DB_CURRENT);
	/* All duplicates of its key have lower ids, or the key has no duplicates. */
	memcpy(k->data, head.p, head.len);
	k->size = (u_int32_t)head.len;
	rc = cur->get(cur, k, v, DB_SET_RANGE);
	if (rc == 0 && jm_span_eq(jm_span_of(k->data, k->size), head)) {
		free(v->data);
		rc = cur->get(cur, k, v, DB_NEXT_NODUP);
	}
	if (!reverse || (rc != 0 && rc != DB_NOTFOUND))
		return rc;
	if (rc == 0)
		free(v->data);
	return cur->get(cur, k, v, rc == DB_NOTFOUND ? DB_LAST : DB_PREV);
}

/* Move the cursor to the first row of the page. */
static int seek_row(
    DBC *cur, struct jm_span prefix, struct jm_span after, bool reverse, DBT *k, DBT *v)
{
	unsigned char *buf = k->data;
	struct jm_span from = !jm_span_none(after) ? after : prefix;
	size_t n = from.len < JM_CATALOG_KEY_MAX ? from.len : JM_CATALOG_KEY_MAX;
	int rc;

	if (n == 0)
		return cur->get(cur, k, v, reverse ? DB_LAST : DB_FIRST);
	memcpy(buf, from.p, n);
	if (reverse && jm_span_none(after)) /* after all keys with the prefix */
		while (n < JM_CATALOG_KEY_MAX)
			buf[n++] = 0xff;
	k->size = (u_int32_t)n;
	rc = cur->get(cur, k, v, DB_SET_RANGE);
	if (reverse) {
		if (rc != 0 && rc != DB_NOTFOUND) /* DB_PREV would begin at the end */
			return rc;
		free(rc == 0 ? v->data : NULL);
		return cur->get(cur, k, v, rc == DB_NOTFOUND ? DB_LAST : DB_PREV);
	}
	if (rc == 0 && !jm_span_none(after) && jm_span_eq(jm_span_of(k->data, k->size), after)) {
		free(v->data);
		rc = cur->get(cur, k, v, DB_NEXT);
	}
	return rc;
}

/* Move the cursor to the first row of a range. */
static int seek_range(DBC *cur, const struct jm_table_range *r, DBT *k, DBT *v)
{
	if (has_duplicates(r->table) && !jm_span_none(r->after))
		return seek_duplicate(cur, r->after, r->reverse, k, v);
	return seek_row(cur, r->prefix, r->after, r->reverse, k, v);
}

int jm_catalog_page(struct jm_catalog *c, const struct jm_table_range *range, struct jm_page *page,
    struct jm_err *err)
{
	unsigned char key[JM_CATALOG_KEY_MAX];
	struct jm_span prefix = range->prefix;
	DBT k = { .data = key, .ulen = sizeof key, .flags = DB_DBT_USERMEM };
	DBT v = { .flags = DB_DBT_MALLOC };
	DB *db = c->db[range->table];
	DBC *cur;
	int rc;

	page->n = 0;
	if ((rc = db->cursor(db, NULL, &cur, 0)) != 0)
		return fail_row(c, range->table, rc, err);
	rc = seek_range(cur, range, &k, &v);
	while (rc == 0) {
		if (k.size < prefix.len ||
		    (prefix.len > 0 && memcmp(k.data, prefix.p, prefix.len) != 0)) {
			free(v.data);
			break;
		}
		add_row(page, range->table, &k, &v);
		if (page->n == JM_PAGE_ROWS)
			break;
		rc = cur->get(cur, &k, &v, range->reverse ? DB_PREV : DB_NEXT);
	}
	(void)cur->close(cur);
	if (rc == 0 || rc == DB_NOTFOUND)
		return 0;
	jm_page_release(page);
	return fail_row(c, range->table, rc, err);
}

void jm_page_release(struct jm_page *page)
{
	for (size_t i = 0; i < page->n; i++)
		free(page->row[i].value);
	page->n = 0;
}
