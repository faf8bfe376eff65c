/* SPDX-License-Identifier: BSD-2-Clause */
/* The calls that can fail: memory, files, Berkeley DB. See failing.h. */
#undef _FORTIFY_SOURCE /* its functions have the names of those here */
#include "t/lib/failing_calls.h"

#include <db.h>
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define CALLER ((uintptr_t)__builtin_return_address(0))

/* The code of the program itself. */
extern char __executable_start, etext;

static bool is_own(uintptr_t caller)
{
	return caller >= (uintptr_t)&__executable_start && caller < (uintptr_t)&etext;
}

static bool file_hits(uintptr_t caller)
{
	return is_own(caller) && t_failing_hits(T_FAIL_FILES);
}

/* ---- memory: the linker leads our own calls here (LEAD_MEMORY) ---- */

extern void *__real_malloc(size_t n);
extern void *__real_calloc(size_t n, size_t size);
extern void *__real_realloc(void *p, size_t n);
extern void *__real_reallocarray(void *p, size_t n, size_t size);
extern char *__real_strdup(const char *s);
extern void __real_free(void *p);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t n);
void *__wrap_reallocarray(void *p, size_t n, size_t size);
char *__wrap_strdup(const char *s);
void __wrap_free(void *p);

#define BLOCKS (1u << 18) /* a power of 2 */

/* Our blocks, in a hash table: 0 is free, 1 was removed. */
static uintptr_t block[BLOCKS];
static size_t blocks;
static pthread_mutex_t blocks_lock = PTHREAD_MUTEX_INITIALIZER;

static size_t slot_of(uintptr_t p)
{
	return (size_t)((p >> 4) * 11400714819323198485ull >> 20) & (BLOCKS - 1);
}

static void *keep(void *p)
{
	size_t i = slot_of((uintptr_t)p);

	pthread_mutex_lock(&blocks_lock);
	while (p && block[i] > 1)
		i = (i + 1) & (BLOCKS - 1);
	if (p) {
		block[i] = (uintptr_t)p;
		blocks++;
	}
	pthread_mutex_unlock(&blocks_lock);
	return p;
}

static void forget(uintptr_t p)
{
	size_t i = slot_of(p);

	pthread_mutex_lock(&blocks_lock);
	while (p && block[i] != 0 && block[i] != p)
		i = (i + 1) & (BLOCKS - 1);
	if (p && block[i] == p) {
		block[i] = block[(i + 1) & (BLOCKS - 1)] == 0 ? 0 : 1;
		blocks--;
	}
	pthread_mutex_unlock(&blocks_lock);
}

void *__wrap_malloc(size_t n)
{
	return t_failing_hits(T_FAIL_MEMORY) ? NULL : keep(__real_malloc(n));
}

void *__wrap_calloc(size_t n, size_t size)
{
	return t_failing_hits(T_FAIL_MEMORY) ? NULL : keep(__real_calloc(n, size));
}

void *__wrap_realloc(void *old, size_t n)
{
	if (t_failing_hits(T_FAIL_MEMORY))
		return NULL;
	forget((uintptr_t)old);
	return keep(__real_realloc(old, n));
}

void *__wrap_reallocarray(void *old, size_t n, size_t size)
{
	if (t_failing_hits(T_FAIL_MEMORY))
		return NULL;
	forget((uintptr_t)old);
	return keep(__real_reallocarray(old, n, size));
}

char *__wrap_strdup(const char *s)
{
	return t_failing_hits(T_FAIL_MEMORY) ? NULL : keep(__real_strdup(s));
}

void __wrap_free(void *p)
{
	forget((uintptr_t)p);
	__real_free(p);
}

size_t t_failing_blocks(void)
{
	return blocks;
}

/* ---- files ---- */

#define do_open(path, flags, mode) \
	(file_hits(CALLER) ? -1 : (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode))
#include "t/lib/open.h"

#define OPENAT_BODY \
	OPEN_MODE return file_hits(CALLER) ? -1 : (int)syscall(SYS_openat, at, path, flags, mode)
int openat(int at, const char *path, int flags, ...)
{
	OPENAT_BODY;
}
int openat64(int at, const char *path, int flags, ...)
{
	OPENAT_BODY;
}

ssize_t read(int fd, void *p, size_t n)
{
	return file_hits(CALLER) ? -1 : syscall(SYS_read, fd, p, n);
}

ssize_t pread(int fd, void *p, size_t n, off_t at)
{
	return file_hits(CALLER) ? -1 : syscall(SYS_pread64, fd, p, n, at);
}

ssize_t pread64(int fd, void *p, size_t n, off64_t at)
{
	return file_hits(CALLER) ? -1 : syscall(SYS_pread64, fd, p, n, at);
}

ssize_t write(int fd, const void *p, size_t n)
{
	return file_hits(CALLER) ? -1 : syscall(SYS_write, fd, p, n);
}

ssize_t pwritev(int fd, const struct iovec *v, int n, off_t at)
{
	return file_hits(CALLER) ? -1 : syscall(SYS_pwritev, fd, v, n, at, 0);
}

ssize_t pwritev64(int fd, const struct iovec *v, int n, off64_t at)
{
	return file_hits(CALLER) ? -1 : syscall(SYS_pwritev, fd, v, n, at, 0);
}

/* Nothing here is about what a disk keeps: the bytes need not go there. */
int fsync(int fd)
{
	(void)fd;
	return file_hits(CALLER) ? -1 : 0;
}

int fdatasync(int fd)
{
	(void)fd;
	return file_hits(CALLER) ? -1 : 0;
}

int ftruncate(int fd, off_t n)
{
	return file_hits(CALLER) ? -1 : (int)syscall(SYS_ftruncate, fd, n);
}

int ftruncate64(int fd, off64_t n)
{
	return file_hits(CALLER) ? -1 : (int)syscall(SYS_ftruncate, fd, n);
}

int rename(const char *from, const char *to)
{
	return file_hits(CALLER) ? -1
				 : (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
}

int renameat(int a, const char *from, int b, const char *to)
{
	return file_hits(CALLER) ? -1 : (int)syscall(SYS_renameat2, a, from, b, to, 0);
}

int mkdirat(int at, const char *path, mode_t mode)
{
	return file_hits(CALLER) ? -1 : (int)syscall(SYS_mkdirat, at, path, mode);
}

int unlinkat(int at, const char *path, int flags)
{
	return file_hits(CALLER) ? -1 : (int)syscall(SYS_unlinkat, at, path, flags);
}

int flock(int fd, int how)
{
	return file_hits(CALLER) ? -1 : (int)syscall(SYS_flock, fd, how);
}

int fstat(int fd, struct stat *st)
{
	return file_hits(CALLER) ? -1 : (int)syscall(SYS_newfstatat, fd, "", st, AT_EMPTY_PATH);
}

int stat(const char *path, struct stat *st)
{
	return file_hits(CALLER) ? -1 : (int)syscall(SYS_newfstatat, AT_FDCWD, path, st, 0);
}

int fstatat(int at, const char *path, struct stat *st, int flags)
{
	return file_hits(CALLER) ? -1 : (int)syscall(SYS_newfstatat, at, path, st, flags);
}

/* The next function of that name. */
#define NEXT(pointer, name) *(void **)&(pointer) = dlsym(RTLD_NEXT, name)

int statvfs(const char *path, struct statvfs *st)
{
	int (*real)(const char *, struct statvfs *);

	NEXT(real, "statvfs");
	return file_hits(CALLER) ? -1 : real(path, st);
}

DIR *opendir(const char *path)
{
	DIR *(*real)(const char *);

	NEXT(real, "opendir");
	return file_hits(CALLER) ? NULL : real(path);
}

DIR *fdopendir(int fd)
{
	DIR *(*real)(int);

	NEXT(real, "fdopendir");
	return file_hits(CALLER) ? NULL : real(fd);
}

struct dirent *readdir(DIR *d)
{
	struct dirent *(*real)(DIR *);

	NEXT(real, "readdir");
	return file_hits(CALLER) ? NULL : real(d);
}

void *mmap(void *at, size_t n, int protection, int flags, int fd, off_t from)
{
	return file_hits(CALLER) ? MAP_FAILED
				 : (void *)syscall(SYS_mmap, at, n, protection, flags, fd, from);
}

/* ---- Berkeley DB ---- */

static struct {
	int (*get)(DB *, DB_TXN *, DBT *, DBT *, u_int32_t);
	int (*put)(DB *, DB_TXN *, DBT *, DBT *, u_int32_t);
	int (*del)(DB *, DB_TXN *, DBT *, u_int32_t);
	int (*cursor)(DB *, DB_TXN *, DBC **, u_int32_t);
	int (*open)(DB *, DB_TXN *, const char *, const char *, DBTYPE, u_int32_t, int);
	int (*cursor_get)(DBC *, DBT *, DBT *, u_int32_t);
	int (*cursor_del)(DBC *, u_int32_t);
	int (*begin)(DB_ENV *, DB_TXN *, DB_TXN **, u_int32_t);
	int (*commit)(DB_TXN *, u_int32_t);
	int (*checkpoint)(DB_ENV *, u_int32_t, u_int32_t, u_int32_t);
} real;
static pthread_mutex_t real_lock = PTHREAD_MUTEX_INITIALIZER;

/* Put wrapper in the place of a method, and keep the real one, once. */
#define REPLACE(object, method, name, wrapper) \
	do { \
		pthread_mutex_lock(&real_lock); \
		if (!real.name) \
			real.name = (object)->method; \
		if ((object)->method == real.name) \
			(object)->method = (wrapper); \
		pthread_mutex_unlock(&real_lock); \
	} while (0)
#define CATALOG_HITS(caller) (is_own(caller) && t_failing_hits(T_FAIL_CATALOG))

static int my_get(DB *db, DB_TXN *txn, DBT *key, DBT *value, u_int32_t flags)
{
	return CATALOG_HITS(CALLER) ? errno : real.get(db, txn, key, value, flags);
}

static int my_put(DB *db, DB_TXN *txn, DBT *key, DBT *value, u_int32_t flags)
{
	return CATALOG_HITS(CALLER) ? errno : real.put(db, txn, key, value, flags);
}

static int my_del(DB *db, DB_TXN *txn, DBT *key, u_int32_t flags)
{
	return CATALOG_HITS(CALLER) ? errno : real.del(db, txn, key, flags);
}

static int my_cursor_get(DBC *c, DBT *key, DBT *value, u_int32_t flags)
{
	return CATALOG_HITS(CALLER) ? errno : real.cursor_get(c, key, value, flags);
}

static int my_cursor_del(DBC *c, u_int32_t flags)
{
	return CATALOG_HITS(CALLER) ? errno : real.cursor_del(c, flags);
}

static int my_cursor(DB *db, DB_TXN *txn, DBC **c, u_int32_t flags)
{
	int rc;

	if (CATALOG_HITS(CALLER))
		return errno;
	rc = real.cursor(db, txn, c, flags);
	if (rc == 0) {
		REPLACE(*c, get, cursor_get, my_cursor_get);
		REPLACE(*c, del, cursor_del, my_cursor_del);
	}
	return rc;
}

static int my_open(
    DB *db, DB_TXN *txn, const char *file, const char *name, DBTYPE type, u_int32_t flags, int mode)
{
	return CATALOG_HITS(CALLER) ? errno : real.open(db, txn, file, name, type, flags, mode);
}

static int my_commit(DB_TXN *txn, u_int32_t flags)
{
	if (!CATALOG_HITS(CALLER))
		return real.commit(txn, flags);
	(void)txn->abort(txn);
	return errno;
}

static int my_begin(DB_ENV *env, DB_TXN *parent, DB_TXN **txn, u_int32_t flags)
{
	int rc;

	if (CATALOG_HITS(CALLER))
		return errno;
	rc = real.begin(env, parent, txn, flags);
	if (rc == 0)
		REPLACE(*txn, commit, commit, my_commit);
	return rc;
}

static int my_checkpoint(DB_ENV *env, u_int32_t kb, u_int32_t minutes, u_int32_t flags)
{
	return CATALOG_HITS(CALLER) ? errno : real.checkpoint(env, kb, minutes, flags);
}

int db_create(DB **db, DB_ENV *env, u_int32_t flags)
{
	int (*create)(DB **, DB_ENV *, u_int32_t), rc;

	NEXT(create, "db_create");
	if (CATALOG_HITS(CALLER))
		return errno;
	rc = create(db, env, flags);
	if (rc == 0) {
		REPLACE(*db, get, get, my_get);
		REPLACE(*db, put, put, my_put);
		REPLACE(*db, del, del, my_del);
		REPLACE(*db, cursor, cursor, my_cursor);
		REPLACE(*db, open, open, my_open);
	}
	return rc;
}

int db_env_create(DB_ENV **env, u_int32_t flags)
{
	int (*create)(DB_ENV **, u_int32_t), rc;

	NEXT(create, "db_env_create");
	if (CATALOG_HITS(CALLER))
		return errno;
	rc = create(env, flags);
	if (rc == 0) {
		REPLACE(*env, txn_begin, begin, my_begin);
		REPLACE(*env, txn_checkpoint, checkpoint, my_checkpoint);
	}
	return rc;
}
