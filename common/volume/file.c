/* SPDX-License-Identifier: BSD-2-Clause */
/* Volume files: opening and making them, reading records, finding the next record after damage. */
#include "common/volume/file.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/io.h"

#define CHUNK_BYTES (256u * 1024u)
#define SECTOR_BYTES 512u

static int file_open(const struct jm_volumes *v, uint64_t number, int flags,
    struct jm_volume_file *f, struct jm_err *err)
{
	char path[JM_VOLUME_PATH_BYTES];

	f->number = number;
	f->uuid = v->uuid;
	f->fd = jm_io_open(jm_volume_path(v->dir, number, path), flags, 0600, err);
	return f->fd >= 0 ? 0 : -1;
}

int jm_volume_open_listed(
    const struct jm_volumes *v, uint64_t number, struct jm_volume_file *f_r, struct jm_err *err)
{
	return file_open(v, number, O_RDONLY, f_r, err);
}

int jm_volume_open(
    const struct jm_volumes *v, uint64_t number, struct jm_volume_file *f_r, struct jm_err *err)
{
	if (jm_volume_open_listed(v, number, f_r, err) == 0)
		return 0;
	/* Callers ask only for volumes that existed once. */
	return err->kind == JM_E_NOTFOUND
	    ? jm_err_set(err, JM_E_CORRUPT, "volume %" PRIu64 " is missing", number)
	    : -1;
}

int jm_volume_open_for_writing(
    const struct jm_volumes *v, uint64_t number, struct jm_volume_file *f_r, struct jm_err *err)
{
	return file_open(v, number, O_RDWR, f_r, err);
}

int jm_volume_create(const struct jm_volumes *v, const struct jm_volume_head *h,
    struct jm_volume_file *f_r, struct jm_err *err)
{
	unsigned char bytes[JM_VOLUME_HEAD_BYTES];
	struct iovec head = { bytes, sizeof bytes };
	char path[JM_VOLUME_PATH_BYTES], folder[JM_VOLUME_PATH_BYTES];

	jm_volume_encode(h, bytes);
	jm_volume_folder(v->dir, folder);
	/* O_TRUNC: if a file has this name, an earlier attempt left it, and nothing in it was ever
	 * acknowledged. */
	if (file_open(v, h->number, O_RDWR | O_CREAT | O_TRUNC, f_r, err) != 0)
		return -1;
	if (jm_volume_write(f_r, &head, 1, 0, err) == 0 && jm_volume_sync(f_r, err) == 0 &&
	    jm_io_sync_dir(folder, err) == 0)
		return 0;
	jm_volume_close(f_r);
	/* If the file stays, the next attempt or start finds no record in it and reuses it. */
	unlink(jm_volume_path(v->dir, h->number, path));
	return jm_err_wrap(err, "volume %s", path);
}

void jm_volume_close(struct jm_volume_file *f)
{
	if (f->fd >= 0)
		close(f->fd);
	f->fd = -1;
}

int jm_volume_remove(const struct jm_volumes *v, uint64_t number, struct jm_err *err)
{
	char path[JM_VOLUME_PATH_BYTES];

	if (unlink(jm_volume_path(v->dir, number, path)) == 0)
		return 0;
	return jm_err_sys(err, JM_E_TEMP, "cannot remove \"%s\"", path);
}

int jm_volume_size(const struct jm_volume_file *f, uint64_t *bytes_r, struct jm_err *err)
{
	struct stat st;

	if (fstat(f->fd, &st) != 0)
		return jm_err_sys(err, JM_E_TEMP, "cannot stat");
	*bytes_r = (uint64_t)st.st_size;
	return 0;
}

int jm_volume_pread(
    const struct jm_volume_file *f, void *p, size_t n, uint64_t offset, struct jm_err *err)
{
	return jm_io_pread(f->fd, p, n, offset, err);
}

int jm_volume_read_head(
    const struct jm_volume_file *f, struct jm_volume_head *h_r, struct jm_err *err)
{
	unsigned char in[JM_VOLUME_HEAD_BYTES];

	return jm_volume_pread(f, in, sizeof in, 0, err) == 0 ? jm_volume_decode(in, h_r, err) : -1;
}

void jm_volume_uncache(const struct jm_volume_file *f, uint64_t offset)
{
	(void)posix_fadvise(f->fd, (off_t)offset, 0, POSIX_FADV_DONTNEED);
}

int jm_volume_write(
    const struct jm_volume_file *f, struct iovec *v, size_t n, uint64_t offset, struct jm_err *err)
{
	return jm_io_pwritev(f->fd, v, n, offset, err);
}

int jm_volume_sync(const struct jm_volume_file *f, struct jm_err *err)
{
	return jm_io_datasync(f->fd, err);
}

int jm_volume_truncate(const struct jm_volume_file *f, uint64_t length, struct jm_err *err)
{
	return jm_io_truncate(f->fd, length, err);
}

/* ---- records ---- */

static int read_parts(const struct jm_volume_file *f, struct jm_record *r, uint64_t limit,
    unsigned char **meta_r, struct jm_err *err)
{
	size_t n = (size_t)r->head.ext_bytes + r->head.meta_bytes;

	if (limit - r->offset < jm_record_bytes(&r->head))
		return jm_err_set(
		    err, JM_E_CORRUPT, "record %" PRIu64 " is cut short", r->head.seq);
	*meta_r = malloc(n + 1);
	if (!*meta_r)
		return jm_err_sys(err, JM_E_TEMP, "metadata of record %" PRIu64, r->head.seq);
	(*meta_r)[n] = '\0';
	if (jm_volume_pread(f, *meta_r, n, r->offset + JM_RECORD_HEAD_BYTES, err) != 0)
		return -1;
	return jm_volume_pread(f, r->trailer, sizeof r->trailer,
	    r->offset + jm_record_bytes(&r->head) - sizeof r->trailer, err);
}

int jm_volume_read(const struct jm_volume_file *f, uint64_t offset, uint64_t limit,
    struct jm_record *r, struct jm_err *err)
{
	unsigned char head[JM_RECORD_HEAD_BYTES], digest[JM_SHA256_BYTES],
	    trailer[JM_RECORD_TRAILER_BYTES], *meta = NULL;

	memset(r, 0, sizeof *r);
	r->volume = f->number;
	r->offset = offset;
	if (limit < offset || limit - offset < JM_RECORD_HEAD_BYTES + JM_RECORD_TRAILER_BYTES)
		return jm_err_set(err, JM_E_CORRUPT, "the volume ends within a record");
	if (jm_volume_pread(f, head, sizeof head, offset, err) != 0 ||
	    jm_record_decode(head, f->uuid, &r->head, err) != 0)
		return -1;
	if (read_parts(f, r, limit, &meta, err) != 0 || !meta)
		goto bad;
	if (jm_sha256_of(jm_span_of(meta, (size_t)r->head.ext_bytes + r->head.meta_bytes), digest,
		err) != 0 ||
	    jm_record_trailer(head, digest, jm_record_body_crc(r->trailer), trailer, err) != 0)
		goto bad;
	if (memcmp(trailer, r->trailer, sizeof trailer) != 0) {
		jm_err_set(err, JM_E_CORRUPT, "record %" PRIu64 ": metadata or digest do not fit",
		    r->head.seq);
		goto bad;
	}
	memmove(meta, meta + r->head.ext_bytes, (size_t)r->head.meta_bytes + 1);
	r->meta = meta;
	return 0;
bad:
	free(meta);
	return -1;
}

int jm_volume_check_body(
    const struct jm_volume_file *f, const struct jm_record *r, struct jm_err *err)
{
	unsigned char *chunk = malloc(CHUNK_BYTES);
	uint64_t at = jm_record_body_at(r), left = r->head.body_bytes;
	uint32_t crc = 0;
	int rc = 0;

	if (!chunk)
		return jm_err_sys(err, JM_E_TEMP, "checking a record");
	while (left > 0 && rc == 0) {
		size_t n = left < CHUNK_BYTES ? (size_t)left : CHUNK_BYTES;

		rc = jm_volume_pread(f, chunk, n, at, err);
		crc = rc == 0 ? jm_crc32c(crc, chunk, n) : crc;
		at += n;
		left -= n;
	}
	if (rc == 0 && crc != jm_record_body_crc(r->trailer))
		rc = jm_err_set(err, JM_E_CORRUPT,
		    "record %" PRIu64 ": the body's checksum does not fit", r->head.seq);
	free(chunk);
	return rc;
}

/* Read up to n bytes. *got_r: how many were read, up to the first sector that cannot be read. 0, or
 * -1 with err. */
static int read_most(const struct jm_volume_file *f, unsigned char *chunk, size_t n,
    uint64_t offset, size_t *got_r, struct jm_err *err)
{
	*got_r = n;
	if (jm_volume_pread(f, chunk, n, offset, err) == 0)
		return 0;
	for (*got_r = 0; err->kind == JM_E_CORRUPT && *got_r < n;) {
		size_t sector = SECTOR_BYTES - (size_t)((offset + *got_r) % SECTOR_BYTES),
		       left = n - *got_r;

		if (jm_volume_pread(f, chunk + *got_r, sector < left ? sector : left,
			offset + *got_r, err) != 0)
			break;
		*got_r += sector < left ? sector : left;
	}
	return err->kind == JM_E_CORRUPT ? 0 : -1;
}

/* The offset of the first good record header in the n bytes at p; n: no header was found. */
static size_t find_head(
    const struct jm_volume_file *f, const unsigned char *p, size_t n, struct jm_record_head *h_r)
{
	struct jm_err cause;

	for (size_t i = 0; i + JM_RECORD_HEAD_BYTES <= n; i++) {
		const unsigned char *m = memchr(p + i, JM_RECORD_MAGIC, n - i);

		if (!m || (i = (size_t)(m - p)) + JM_RECORD_HEAD_BYTES > n)
			break;
		memset(h_r, 0, sizeof *h_r);
		if (jm_record_decode(m, f->uuid, h_r, &cause) == 0 || cause.kind == JM_E_CONFIG)
			return i;
	}
	return n;
}

int jm_volume_find(const struct jm_volume_file *f, uint64_t from, uint64_t limit,
    struct jm_found *found_r, struct jm_err *err)
{
	unsigned char *chunk = malloc(CHUNK_BYTES);
	int rc = 0;

	found_r->found = false;
	if (!chunk)
		return jm_err_sys(err, JM_E_TEMP, "looking for a record");
	while (from < limit && limit - from >= JM_RECORD_HEAD_BYTES) {
		size_t n = limit - from < CHUNK_BYTES ? (size_t)(limit - from) : CHUNK_BYTES, got,
		       i;

		rc = read_most(f, chunk, n, from, &got, err);
		if (rc != 0)
			break;
		i = find_head(f, chunk, got, &found_r->head);
		if (i < got) {
			found_r->found = true;
			found_r->offset = from + i;
			break;
		}
		if (got < n) /* skip the sector that cannot be read */
			from += got + SECTOR_BYTES - (from + got) % SECTOR_BYTES;
		else if (n < CHUNK_BYTES)
			break;
		else
			from += n - (JM_RECORD_HEAD_BYTES - 1);
	}
	free(chunk);
	return rc;
}

void jm_record_release(struct jm_record *r)
{
	free(r->meta);
	r->meta = NULL;
}
