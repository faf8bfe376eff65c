/* SPDX-License-Identifier: BSD-2-Clause */
/* See crashdisk.h. */
#include "t/lib/crashdisk.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define FDS 1024
#define FILES 512
#define ALLOC_MIN_BYTES 64

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);

enum { E_CREATE = 1, E_WRITE, E_TRUNCATE, E_SYNC, E_DIRSYNC, E_RENAME, E_UNLINK };

struct entry {
	uint32_t type, file;
	uint64_t off, len; /* len bytes follow, padded to 8 */
};

static bool armed;
static struct crash_plan plan;
static struct crash_log *log_;
static size_t log_bytes, dir_n;
static char dir_[512];
static atomic_ulong count;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct {
	bool on, folder;
	uint32_t file;
	char path[512];
} fds[FDS];
static ino_t inodes[FILES];
static uint32_t files;

struct crash_log *crash_log_new(size_t bytes)
{
	struct crash_log *l = mmap(
	    NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return l == MAP_FAILED ? NULL : l;
}

void crash_arm(const char *dir, const struct crash_plan *p, struct crash_log *log, size_t bytes)
{
	dir_n = (size_t)snprintf(dir_, sizeof dir_, "%s", dir);
	plan = *p;
	log_ = log;
	log_bytes = bytes - sizeof *log;
	armed = true;
}

/* True: this call fails, errno is set. */
static bool hit(enum crash_op op)
{
	unsigned long n;

	if (!armed)
		return false;
	__atomic_fetch_add(&log_->counts[op], 1, __ATOMIC_RELAXED);
	if (op != CRASH_ALLOC)
		__atomic_fetch_add(&log_->counts[CRASH_ANY], 1, __ATOMIC_RELAXED);
	if (plan.nth == 0 || (plan.op != op && (plan.op != CRASH_ANY || op == CRASH_ALLOC)))
		return false;
	n = atomic_fetch_add(&count, 1) + 1;
	if (n != plan.nth && !(plan.from_then_on && n > plan.nth))
		return false;
	if (plan.kill)
		(void)kill(getpid(), SIGKILL);
	errno = plan.sys;
	return true;
}

static bool below(const char *path)
{
	return armed && strncmp(path, dir_, dir_n) == 0;
}

static bool tracked(int fd)
{
	return armed && fd >= 0 && fd < FDS && fds[fd].on;
}

/* ---- the record; with the mutex held ---- */

static void put(uint32_t type, uint32_t file, uint64_t off, const void *p, size_t n)
{
	struct entry e = { type, file, off, n };
	size_t need = sizeof e + ((n + 7) & ~(size_t)7);

	if (!plan.record || log_->overflow)
		return;
	if (log_->used + need > log_bytes) {
		log_->overflow = true;
		return;
	}
	memcpy(log_->bytes + log_->used, &e, sizeof e);
	if (n > 0)
		memcpy(log_->bytes + log_->used + sizeof e, p, n);
	log_->used += need;
	__atomic_store_n(&log_->ops, log_->ops + 1, __ATOMIC_RELEASE);
}

static uint32_t file_of(int fd, bool fresh)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return 0;
	for (uint32_t i = files; i > 0 && !fresh; i--)
		if (inodes[i - 1] == st.st_ino)
			return i - 1;
	if (files == FILES)
		_exit(99);
	inodes[files] = st.st_ino;
	return files++;
}

static void put_two(uint32_t type, uint32_t file, const char *a, const char *b)
{
	char both[1040];
	size_t n = strlen(a) + 1, k = b ? strlen(b) + 1 : 0;

	memcpy(both, a, n);
	if (b)
		memcpy(both + n, b, k);
	put(type, file, 0, both, n + k);
}

/* ---- the calls ---- */

static int do_open(const char *path, int flags, mode_t mode)
{
	bool existed, make = (flags & O_CREAT) != 0;
	int fd;

	if (!below(path) || (flags & O_TMPFILE) == O_TMPFILE)
		return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
	if (make && hit(CRASH_OPEN))
		return -1;
	pthread_mutex_lock(&mutex);
	existed = syscall(SYS_access, path, F_OK) == 0;
	fd = (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
	if (fd >= 0 && fd < FDS) {
		struct stat st;

		fds[fd].on = true;
		fds[fd].folder = fstat(fd, &st) == 0 && S_ISDIR(st.st_mode);
		snprintf(fds[fd].path, sizeof fds[fd].path, "%s", path);
		if (!fds[fd].folder) {
			fds[fd].file = file_of(fd, !existed);
			if (!existed)
				put(E_CREATE, fds[fd].file, 0, path, strlen(path) + 1);
			else if (flags & O_TRUNC)
				put(E_TRUNCATE, fds[fd].file, 0, NULL, 0);
		}
	}
	pthread_mutex_unlock(&mutex);
	return fd;
}

#include "open.h"

int close(int fd)
{
	if (fd >= 0 && fd < FDS)
		fds[fd].on = false;
	return (int)syscall(SYS_close, fd);
}

static ssize_t do_write(int fd, const struct iovec *v, int n, off_t off)
{
	bool fails = tracked(fd) && hit(CRASH_WRITE);
	int sys = errno;
	ssize_t w;

	if (!tracked(fd))
		return off < 0 ? syscall(SYS_writev, fd, v, n)
			       : syscall(SYS_pwritev, fd, v, n, off, 0);
	if (fails && !plan.half) {
		errno = sys;
		return -1;
	}
	if (fails) {
		struct iovec part = { v->iov_base, v->iov_len / 2 };

		/* Writes a part of the bytes; the next call fails with the error. */
		w = part.iov_len == 0 ? 0
		    : off < 0         ? syscall(SYS_writev, fd, &part, 1)
				      : syscall(SYS_pwritev, fd, &part, 1, off, 0);
		(void)w;
		errno = sys;
		return -1;
	}
	pthread_mutex_lock(&mutex);
	if (off < 0)
		off = lseek(fd, 0, SEEK_CUR);
	for (int i = 0, at = 0; i < n; at += (int)v[i].iov_len, i++)
		if (v[i].iov_len > 0)
			put(E_WRITE, fds[fd].file, (uint64_t)(off + at), v[i].iov_base,
			    v[i].iov_len);
	w = syscall(SYS_pwritev, fd, v, n, off, 0);
	(void)lseek(fd, off + (w > 0 ? w : 0), SEEK_SET);
	pthread_mutex_unlock(&mutex);
	return w;
}

ssize_t write(int fd, const void *p, size_t n)
{
	struct iovec v = { (void *)(uintptr_t)p, n };
	return do_write(fd, &v, 1, -1);
}
ssize_t pwrite(int fd, const void *p, size_t n, off_t off)
{
	struct iovec v = { (void *)(uintptr_t)p, n };
	return do_write(fd, &v, 1, off);
}
ssize_t pwrite64(int fd, const void *p, size_t n, off64_t off)
{
	struct iovec v = { (void *)(uintptr_t)p, n };
	return do_write(fd, &v, 1, off);
}
ssize_t pwritev(int fd, const struct iovec *v, int n, off_t off)
{
	return do_write(fd, v, n, off);
}
ssize_t pwritev64(int fd, const struct iovec *v, int n, off64_t off)
{
	return do_write(fd, v, n, off);
}

static int do_sync(int fd)
{
	size_t n;

	if (!tracked(fd))
		return 0;
	if (hit(CRASH_SYNC))
		return -1;
	pthread_mutex_lock(&mutex);
	n = strlen(fds[fd].path);
	if (fds[fd].folder)
		put(E_DIRSYNC, 0, 0, fds[fd].path, n + 1);
	else if (!plan.forget_volume_syncs ||
	    (!strstr(fds[fd].path, "/volumes/") && !strstr(fds[fd].path, ".apart")))
		put(E_SYNC, fds[fd].file, 0, NULL, 0);
	pthread_mutex_unlock(&mutex);
	return 0;
}

int fsync(int fd)
{
	return do_sync(fd);
}
int fdatasync(int fd)
{
	return do_sync(fd);
}

static int do_truncate(int fd, off_t n)
{
	if (tracked(fd) && hit(CRASH_TRUNCATE))
		return -1;
	pthread_mutex_lock(&mutex);
	if (tracked(fd))
		put(E_TRUNCATE, fds[fd].file, (uint64_t)n, NULL, 0);
	pthread_mutex_unlock(&mutex);
	return (int)syscall(SYS_ftruncate, fd, n);
}

int ftruncate(int fd, off_t n)
{
	return do_truncate(fd, n);
}
int ftruncate64(int fd, off64_t n)
{
	return do_truncate(fd, n);
}

int rename(const char *from, const char *to)
{
	struct stat st;
	int rc;

	if (!below(to))
		return (int)syscall(SYS_rename, from, to);
	if (hit(CRASH_RENAME))
		return -1;
	pthread_mutex_lock(&mutex);
	rc = (int)syscall(SYS_rename, from, to);
	if (rc == 0 && stat(to, &st) == 0)
		for (uint32_t i = files; i > 0; i--)
			if (inodes[i - 1] == st.st_ino) {
				put_two(E_RENAME, i - 1, from, to);
				break;
			}
	pthread_mutex_unlock(&mutex);
	return rc;
}

int unlink(const char *path)
{
	int rc;

	pthread_mutex_lock(&mutex);
	rc = (int)syscall(SYS_unlink, path);
	if (rc == 0 && below(path))
		put_two(E_UNLINK, 0, path, NULL);
	pthread_mutex_unlock(&mutex);
	return rc;
}

#ifndef CRASH_NO_ALLOC
void *malloc(size_t n)
{
	return n >= ALLOC_MIN_BYTES && hit(CRASH_ALLOC) ? NULL : __libc_malloc(n);
}
void *calloc(size_t k, size_t n)
{
	return k * n >= ALLOC_MIN_BYTES && hit(CRASH_ALLOC) ? NULL : __libc_calloc(k, n);
}
void *realloc(void *p, size_t n)
{
	return n >= ALLOC_MIN_BYTES && hit(CRASH_ALLOC) ? NULL : __libc_realloc(p, n);
}
#endif

/* ---- what a power cut leaves ---- */

struct file {
	unsigned char *p;
	size_t len, cap;
};

struct name {
	char path[512];
	uint32_t file;
	bool there;
};

static uint64_t rnd(uint64_t *s)
{
	*s ^= *s << 13;
	*s ^= *s >> 7;
	*s ^= *s << 17;
	return *s;
}

static void grow(struct file *f, size_t n)
{
	if (n > f->cap) {
		size_t cap = f->cap ? f->cap : 65536;

		while (cap < n)
			cap *= 2;
		f->p = realloc(f->p, cap);
		memset(f->p + f->cap, 0, cap - f->cap);
		f->cap = cap;
	}
	if (n > f->len) {
		memset(f->p + f->len, 0, n - f->len);
		f->len = n;
	}
}

static void apply_data(struct file *f, const struct entry *e, size_t sector, uint64_t *seed)
{
	const unsigned char *d = (const unsigned char *)(e + 1);

	if (e->type == E_TRUNCATE) {
		if (sector != 0 && (rnd(seed) & 1))
			return;
		grow(f, e->off);
		f->len = e->off;
		return;
	}
	for (size_t at = 0, end; at < e->len; at = end) {
		end = sector == 0 ? e->len
				  : (size_t)((e->off + at) / sector * sector + sector - e->off);
		if (end > e->len)
			end = e->len;
		if (sector != 0 && (rnd(seed) & 1))
			continue;
		grow(f, e->off + end);
		memcpy(f->p + e->off + at, d + at, end - at);
	}
}

static struct name *find_name(struct name *names, size_t n, const char *path)
{
	for (size_t i = 0; i < n; i++)
		if (names[i].there && strcmp(names[i].path, path) == 0)
			return &names[i];
	return NULL;
}

static void apply_name(struct name *names, size_t *n, const struct entry *e)
{
	const char *a = (const char *)(e + 1), *b = a + strlen(a) + 1;
	struct name *at = find_name(names, *n, a), *old;

	if (e->type == E_CREATE) {
		at = at ? at : &names[(*n)++];
		snprintf(at->path, sizeof at->path, "%s", a);
		at->file = e->file;
		at->there = true;
	} else if (at && e->type == E_UNLINK) {
		at->there = false;
	} else if (e->type == E_RENAME) {
		/* the new name lasts with its folder, also when the old one never did */
		if (at)
			at->there = false;
		old = find_name(names, *n, b);
		old = old ? old : &names[(*n)++];
		snprintf(old->path, sizeof old->path, "%s", b);
		old->file = e->file;
		old->there = true;
	}
}

/* Is the last folder of the entry's (target) path this one? */
static bool in_folder(const struct entry *e, const char *folder)
{
	const char *a = (const char *)(e + 1), *path = e->type == E_RENAME ? a + strlen(a) + 1 : a,
		   *slash = strrchr(path, '/');
	size_t n = strlen(folder);

	return slash && (size_t)(slash - path) == n && memcmp(path, folder, n) == 0;
}

static void write_out(const struct name *m, const struct file *f, const char *from, const char *to)
{
	char path[1100], *slash;
	int fd;

	snprintf(path, sizeof path, "%s%s", to, m->path + strlen(from));
	for (slash = path + 1; (slash = strchr(slash, '/')) != NULL; slash++) {
		*slash = '\0';
		(void)mkdir(path, 0700);
		*slash = '/';
	}
	fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (fd < 0 || (f->len > 0 && syscall(SYS_write, fd, f->p, f->len) != (long)f->len))
		_exit(98);
	(void)syscall(SYS_close, fd);
}

void crash_replay(const struct crash_log *log, size_t ops, const char *from, const char *to,
    enum crash_cut cut, size_t sector, uint64_t seed)
{
	static const struct entry *pending[65536];
	static bool done[65536];
	struct file *file = calloc(FILES, sizeof *file);
	struct name *names = calloc(2 * FILES, sizeof *names);
	size_t n = 0, names_n = 0, at = 0, keep;

	seed = seed * 2654435761u + 88172645463325252ull;
	for (size_t i = 0; i < ops && i < 65536; i++) {
		const struct entry *e = (const struct entry *)(const void *)(log->bytes + at);

		at += sizeof *e + ((e->len + 7) & ~(size_t)7);
		if (e->type != E_SYNC && e->type != E_DIRSYNC) {
			pending[n] = e;
			done[n++] = false;
			continue;
		}
		for (size_t k = 0; k < n; k++) {
			bool data = pending[k]->type == E_WRITE || pending[k]->type == E_TRUNCATE;

			if (done[k] || data != (e->type == E_SYNC))
				continue;
			if (data && pending[k]->file == e->file)
				apply_data(&file[e->file], pending[k], 0, &seed);
			else if (!data && in_folder(pending[k], (const char *)(e + 1)))
				apply_name(names, &names_n, pending[k]);
			else
				continue;
			done[k] = true;
		}
	}
	/* Names last in their order (a journal); data in any. */
	keep = cut == CRASH_STRICT || n == 0 ? 0 : rnd(&seed) % (n + 1);
	for (size_t k = 0; k < n; k++) {
		if (done[k] || cut == CRASH_STRICT)
			continue;
		if (pending[k]->type == E_WRITE || pending[k]->type == E_TRUNCATE)
			apply_data(&file[pending[k]->file], pending[k], sector, &seed);
		else if (k < keep)
			apply_name(names, &names_n, pending[k]);
	}
	(void)mkdir(to, 0700);
	for (size_t i = 0; i < names_n; i++)
		if (names[i].there)
			write_out(&names[i], &file[names[i].file], from, to);
	for (size_t i = 0; i < FILES; i++)
		free(file[i].p);
	free(file);
	free(names);
}
