/* SPDX-License-Identifier: BSD-2-Clause */
/* Spools. See spool.h. */
#include "common/base/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/base/io.h"

#define WRITE_BYTES (256u * 1024u) /* collected before each write to the file */
#define KEEP_BYTES (128u * 1024u)  /* of memory kept from one message to the next */
#define WINDOW_BYTES 16384u        /* read at once */

void jm_spool_init(struct jm_spool *s, const char *dir, uint64_t max_bytes)
{
	*s = (struct jm_spool){ .dir = dir, .fd = -1, .max_bytes = max_bytes };
	jm_buf_init(&s->mem, dir ? JM_SPOOL_MEMORY_BYTES : (size_t)max_bytes);
	jm_buf_init(&s->window, SIZE_MAX / 2);
}

static void spool_unmap(struct jm_spool *s)
{
	if (s->map)
		munmap(s->map, s->map_len);
	s->map = NULL;
	s->map_len = 0;
}

/* By mkstemp(3) and unlink(2) where the file system has no O_TMPFILE. */
int jm_spool_open_unlinked(const char *dir, struct jm_err *err)
{
	struct jm_err cause = { JM_E_NONE, 0, "" };
	char path[4096];
	int fd = jm_io_open(dir, O_TMPFILE | O_RDWR, 0600, &cause);

	if (fd >= 0)
		return fd;
	if (cause.sys != EOPNOTSUPP) {
		if (err)
			*err = cause;
		return -1;
	}
	if (snprintf(path, sizeof path, "%s/spool.XXXXXX", dir) >= (int)sizeof path)
		return jm_err_set(err, JM_E_CONFIG, "spool folder's name is too long");
	fd = mkostemp(path, O_CLOEXEC);
	if (fd < 0)
		return jm_err_sys(err, JM_E_TEMP, "cannot create a spool file in \"%s\"", dir);
	unlink(path);
	return fd;
}

static int spool_flush(struct jm_spool *s, struct jm_err *err)
{
	if (jm_io_write(s->fd, s->mem.p, s->mem.len, err) != 0)
		return jm_err_wrap(err, "spool file");
	jm_buf_reset(&s->mem);
	return 0;
}

int jm_spool_write(struct jm_spool *s, const void *p, size_t n, struct jm_err *err)
{
	spool_unmap(s);
	jm_buf_reset(&s->window);
	if (n > s->max_bytes || s->len > s->max_bytes - n)
		return jm_err_set(err, JM_E_LIMIT, "message is larger than %llu bytes",
		    (unsigned long long)s->max_bytes);
	if (s->dir && s->fd < 0 && s->mem.len + n > JM_SPOOL_MEMORY_BYTES) {
		s->fd = jm_spool_open_unlinked(s->dir, err);
		if (s->fd < 0 || spool_flush(s, err) != 0)
			return -1;
		jm_buf_release(&s->mem);
	}
	if (s->fd >= 0 && s->mem.len + n > WRITE_BYTES) {
		if (spool_flush(s, err) != 0)
			return -1;
		if (n >= WRITE_BYTES) {
			if (jm_io_write(s->fd, p, n, err) != 0)
				return jm_err_wrap(err, "spool file");
			s->len += n;
			return 0;
		}
	}
	if (jm_buf_add(&s->mem, p, n, err) != 0)
		return -1;
	s->len += n;
	return 0;
}

int jm_spool_view(struct jm_spool *s, struct jm_span *bytes_r, struct jm_err *err)
{
	void *map;

	if (s->fd < 0) {
		*bytes_r = jm_buf_span(&s->mem);
		return 0;
	}
	if (!s->map) {
		if (s->mem.len && spool_flush(s, err) != 0)
			return -1;
		map = mmap(NULL, (size_t)s->len, PROT_READ, MAP_SHARED, s->fd, 0);
		if (map == MAP_FAILED)
			return jm_err_sys(err, JM_E_TEMP, "cannot map a spool file of %llu bytes",
			    (unsigned long long)s->len);
		s->map = map;
		s->map_len = (size_t)s->len;
	}
	*bytes_r = (struct jm_span){ s->map, s->map_len };
	return 0;
}

/* Fill the window with at least n bytes from at on, which the file has. */
static int fill_window(struct jm_spool *s, uint64_t at, size_t n, struct jm_err *err)
{
	uint64_t left = s->len - at;
	size_t want = n > WINDOW_BYTES ? n : left < WINDOW_BYTES ? (size_t)left : WINDOW_BYTES;

	jm_buf_reset(&s->window);
	if (jm_buf_reserve(&s->window, want, err) != 0)
		return -1;
	if (jm_io_pread(s->fd, s->window.p, want, at, err) != 0)
		return jm_err_wrap(err, "spool file");
	s->window.len = want;
	s->window_at = at;
	return 0;
}

int jm_spool_get(
    struct jm_spool *s, uint64_t at, size_t n, struct jm_span *bytes_r, struct jm_err *err)
{
	if (at > s->len || n > s->len - at)
		return jm_err_set(err, JM_E_BUG, "bytes that a spool does not have");
	if (s->fd < 0) {
		*bytes_r = jm_span_sub(jm_buf_span(&s->mem), (size_t)at, n);
		return 0;
	}
	if (s->mem.len > 0 && spool_flush(s, err) != 0)
		return -1;
	if ((at < s->window_at || at + n > s->window_at + s->window.len) &&
	    fill_window(s, at, n, err) != 0)
		return -1;
	*bytes_r = jm_span_of(s->window.p + (at - s->window_at), n);
	return 0;
}

void jm_spool_reset(struct jm_spool *s)
{
	spool_unmap(s);
	jm_buf_release(&s->window);
	s->window_at = 0;
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
	s->len = 0;
	if (s->mem.cap > KEEP_BYTES)
		jm_buf_release(&s->mem);
	else
		jm_buf_reset(&s->mem);
}

void jm_spool_release(struct jm_spool *s)
{
	jm_spool_reset(s);
	jm_buf_release(&s->mem);
}
