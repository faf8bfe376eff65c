/* SPDX-License-Identifier: BSD-2-Clause */
/* Volume files: headers, creation, reading records, finding one behind damage. */
#include "common/archive/volume.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base/io.h"
#include "common/base/num.h"

static const unsigned char magic[8] = { 0x8a, 'J', 'M', 'V', 'O', 'L', '\r', '\n' };

#define CRC_AT (JM_VOLUME_HEAD_BYTES - 4)
#define CHUNK_BYTES (256u * 1024u)
#define SECTOR_BYTES 512u

char *jm_volume_path(const char *dir, uint64_t number, char path[JM_VOLUME_PATH_BYTES])
{
	snprintf(path, JM_VOLUME_PATH_BYTES, "%s/volumes/%08" PRIu64 ".jmv", dir, number);
	return path;
}

void jm_volume_encode(const struct jm_volume_head *h, unsigned char out[JM_VOLUME_HEAD_BYTES])
{
	memset(out, 0, JM_VOLUME_HEAD_BYTES);
	memcpy(out, magic, sizeof magic);
	jm_num_put_be32(out + 8, JM_FORMAT_VERSION);
	jm_num_put_be32(out + 12, JM_VOLUME_HEAD_BYTES);
	memcpy(out + 16, h->uuid, JM_UUID_BYTES);
	jm_num_put_be64(out + 32, h->number);
	jm_num_put_be64(out + 40, h->first_seq);
	jm_num_put_be64(out + 48, (uint64_t)h->created_ms);
	jm_num_put_be64(out + 56, h->previous_end);
	memcpy(out + 64, h->previous_sha256, JM_SHA256_BYTES);
	jm_num_put_be32(out + CRC_AT, jm_crc32c(0, out, CRC_AT));
}

int jm_volume_read_head(int fd, struct jm_volume_head *h_r, struct jm_err *err)
{
	unsigned char in[JM_VOLUME_HEAD_BYTES];

	if (jm_io_pread(fd, in, sizeof in, 0, err) < 0)
		return -1;
	if (memcmp(in, magic, sizeof magic) != 0)
		return jm_err_set(err, JM_E_CORRUPT, "this is no volume of an archive");
	if (jm_num_get_be32(in + CRC_AT) != jm_crc32c(0, in, CRC_AT))
		return jm_err_set(err, JM_E_CORRUPT, "the volume header's checksum does not fit");
	if (jm_num_get_be32(in + 8) != JM_FORMAT_VERSION ||
	    jm_num_get_be32(in + 12) != JM_VOLUME_HEAD_BYTES)
		return jm_err_set(err, JM_E_CONFIG,
		    "volume of format version %u, this program knows version %d: use a newer program",
		    (unsigned)jm_num_get_be32(in + 8), JM_FORMAT_VERSION);
	memcpy(h_r->uuid, in + 16, JM_UUID_BYTES);
	h_r->number = jm_num_get_be64(in + 32);
	h_r->first_seq = jm_num_get_be64(in + 40);
	h_r->created_ms = (int64_t)jm_num_get_be64(in + 48);
	h_r->previous_end = jm_num_get_be64(in + 56);
	memcpy(h_r->previous_sha256, in + 64, JM_SHA256_BYTES);
	return 0;
}

int jm_volume_create(const char *dir, const struct jm_volume_head *h, int *fd_r, struct jm_err *err)
{
	unsigned char bytes[JM_VOLUME_HEAD_BYTES];
	struct iovec v = { bytes, sizeof bytes };
	char path[JM_VOLUME_PATH_BYTES], folder[JM_VOLUME_PATH_BYTES];
	int fd;

	jm_volume_encode(h, bytes);
	snprintf(folder, sizeof folder, "%s/volumes", dir);
	/* O_TRUNC: one that is there already is the rest of an earlier try; nothing in it was ever
	 * acknowledged. */
	fd = jm_io_open(
	    jm_volume_path(dir, h->number, path), O_RDWR | O_CREAT | O_TRUNC, 0600, err);
	if (fd < 0)
		return -1;
	if (jm_io_pwritev(fd, &v, 1, 0, err) < 0 || jm_io_datasync(fd, err) < 0 ||
	    jm_io_sync_dir(folder, err) < 0) {
		close(fd);
		unlink(path); /* if it stays, the next try or start finds it without a record and
				 takes it over */
		return jm_err_wrap(err, "volume %s", path);
	}
	*fd_r = fd;
	return 0;
}

static int read_parts(int fd, struct jm_record *r, uint64_t limit, unsigned char *head,
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
	if (jm_io_pread(fd, *meta_r, n, r->offset + JM_RECORD_HEAD_BYTES, err) < 0)
		return -1;
	(void)head;
	return jm_io_pread(fd, r->trailer, sizeof r->trailer,
	    r->offset + jm_record_bytes(&r->head) - sizeof r->trailer, err);
}

int jm_volume_read(int fd, const unsigned char uuid[JM_UUID_BYTES], uint64_t volume,
    uint64_t offset, uint64_t limit, struct jm_record *r, struct jm_err *err)
{
	unsigned char head[JM_RECORD_HEAD_BYTES], digest[JM_SHA256_BYTES],
	    trailer[JM_RECORD_TRAILER_BYTES], *meta = NULL;

	memset(r, 0, sizeof *r);
	r->volume = volume;
	r->offset = offset;
	if (limit < offset || limit - offset < JM_RECORD_HEAD_BYTES + JM_RECORD_TRAILER_BYTES)
		return jm_err_set(err, JM_E_CORRUPT, "the volume ends within a record");
	if (jm_io_pread(fd, head, sizeof head, offset, err) < 0 ||
	    jm_record_decode(head, uuid, &r->head, err) < 0)
		return -1;
	if (read_parts(fd, r, limit, head, &meta, err) < 0)
		goto bad;
	if (jm_sha256_of(jm_span_of(meta, (size_t)r->head.ext_bytes + r->head.meta_bytes), digest,
		err) < 0 ||
	    jm_record_trailer(head, digest, jm_record_body_crc(r->trailer), trailer, err) < 0)
		goto bad;
	if (memcmp(trailer, r->trailer, sizeof trailer) != 0) {
		(void)jm_err_set(err, JM_E_CORRUPT,
		    "record %" PRIu64 ": metadata or digest do not fit", r->head.seq);
		goto bad;
	}
	memmove(meta, meta + r->head.ext_bytes, (size_t)r->head.meta_bytes + 1);
	r->meta = meta;
	return 0;
bad:
	free(meta);
	return -1;
}

int jm_volume_check_body(int fd, const struct jm_record *r, struct jm_err *err)
{
	unsigned char *chunk = malloc(CHUNK_BYTES);
	uint64_t at = jm_record_body_at(r), left = r->head.body_bytes;
	uint32_t crc = 0;
	int rc = 0;

	if (!chunk)
		return jm_err_sys(err, JM_E_TEMP, "checking a record");
	while (left > 0 && rc == 0) {
		size_t n = left < CHUNK_BYTES ? (size_t)left : CHUNK_BYTES;

		rc = jm_io_pread(fd, chunk, n, at, err);
		crc = rc == 0 ? jm_crc32c(crc, chunk, n) : crc;
		at += n;
		left -= n;
	}
	if (rc == 0 && crc != jm_record_body_crc(r->trailer))
		rc = jm_err_set(err, JM_E_CORRUPT,
		    "record %" PRIu64 ": the body's checksum does not fit", r->head.seq);
	free(chunk);
	return rc < 0 ? -1 : 0;
}

/* Read up to n bytes, as many as can be read before the first sector that cannot: *got_r. 0, -1. */
static int read_most(
    int fd, unsigned char *chunk, size_t n, uint64_t offset, size_t *got_r, struct jm_err *err)
{
	*got_r = n;
	if (jm_io_pread(fd, chunk, n, offset, err) == 0)
		return 0;
	for (*got_r = 0; err->kind == JM_E_CORRUPT && *got_r < n;) {
		size_t sector = SECTOR_BYTES - (size_t)((offset + *got_r) % SECTOR_BYTES),
		       left = n - *got_r;

		if (jm_io_pread(fd, chunk + *got_r, sector < left ? sector : left, offset + *got_r,
			err) < 0)
			break;
		*got_r += sector < left ? sector : left;
	}
	return err->kind == JM_E_CORRUPT ? 0 : -1;
}

int jm_volume_find(int fd, const unsigned char uuid[JM_UUID_BYTES], uint64_t offset, uint64_t limit,
    bool *found, uint64_t *found_r, struct jm_record_head *h_r, struct jm_err *err)
{
	unsigned char *chunk = malloc(CHUNK_BYTES);
	struct jm_err no;
	int rc = -1;

	*found = false;
	if (!chunk)
		return jm_err_sys(err, JM_E_TEMP, "looking for a record");
	while (offset < limit && limit - offset >= JM_RECORD_HEAD_BYTES) {
		size_t n = limit - offset < CHUNK_BYTES ? (size_t)(limit - offset) : CHUNK_BYTES,
		       got;

		if (read_most(fd, chunk, n, offset, &got, err) < 0)
			goto out;
		for (size_t i = 0; i + JM_RECORD_HEAD_BYTES <= got; i++) {
			const unsigned char *p = memchr(chunk + i, 0x8a, got - i);

			if (!p || (i = (size_t)(p - chunk)) + JM_RECORD_HEAD_BYTES > got)
				break;
			memset(h_r, 0, sizeof *h_r);
			if (jm_record_decode(p, uuid, h_r, &no) == 0 || no.kind == JM_E_CONFIG) {
				*found = true;
				*found_r = offset + i;
				rc = 0;
				goto out;
			}
		}
		if (got < n) /* over the sector that cannot be read */
			offset += got + SECTOR_BYTES - (offset + got) % SECTOR_BYTES;
		else if (n < CHUNK_BYTES)
			break;
		else
			offset += n - (JM_RECORD_HEAD_BYTES - 1);
	}
	rc = 0;
out:
	free(chunk);
	return rc;
}

void jm_record_release(struct jm_record *r)
{
	free(r->meta);
	r->meta = NULL;
}
