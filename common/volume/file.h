/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An open volume file: reading records, finding one after damage, and what the committer needs to
 * write the last one. Nobody else opens, names or removes a volume.
 */
#ifndef JM_VOLUME_FILE_H
#define JM_VOLUME_FILE_H

#include <errno.h>
#include <sys/uio.h>

#include "common/volume/volumes.h"

/* The members are private to common/volume. */
struct jm_volume_file {
	int fd; /* -1: not open */
	uint64_t number;
	const unsigned char *uuid; /* of the archive; borrowed from its struct jm_volumes */
};

/* One that is not open. */
#define JM_VOLUME_FILE_NONE ((struct jm_volume_file){ .fd = -1 })

/* A record as read, without its body. */
struct jm_record {
	struct jm_record_head head;
	uint64_t volume, offset;
	unsigned char *meta; /* JSON, owned, followed by NUL */
	unsigned char trailer[JM_RECORD_TRAILER_BYTES];
};

/* A record header that jm_volume_find() found. */
struct jm_found {
	bool found;
	uint64_t offset;
	struct jm_record_head head; /* seq 0: of a newer version */
};

static inline bool jm_volume_is_open(const struct jm_volume_file *f)
{
	return f->fd >= 0;
}

/* Open volume number for reading. CORRUPT: there is no such file (it was there once). TEMP, DENIED.
 * Close it with jm_volume_close(). Any thread. */
int jm_volume_open(const struct jm_volumes *v, uint64_t number, struct jm_volume_file *f_r,
    struct jm_err *err) JM_MUST_CHECK;

/* As jm_volume_open(), for the start: NOTFOUND when there is no such file (a dangling link). */
int jm_volume_open_listed(const struct jm_volumes *v, uint64_t number, struct jm_volume_file *f_r,
    struct jm_err *err) JM_MUST_CHECK;

/* Open it for reading and writing. NOTFOUND, TEMP, DENIED. */
int jm_volume_open_for_writing(const struct jm_volumes *v, uint64_t number,
    struct jm_volume_file *f_r, struct jm_err *err) JM_MUST_CHECK;

/* Make volume h->number with its header, durable with its name, and open it for writing. On failure
 * no such volume is left, or one without a record, which the next start or attempt takes over. */
int jm_volume_create(const struct jm_volumes *v, const struct jm_volume_head *h,
    struct jm_volume_file *f_r, struct jm_err *err) JM_MUST_CHECK;

/* Close it; harmless when it is not open. */
void jm_volume_close(struct jm_volume_file *f);

/* Remove volume number. TEMP. */
int jm_volume_remove(const struct jm_volumes *v, uint64_t number, struct jm_err *err) JM_MUST_CHECK;

/* Its size in bytes. TEMP. */
int jm_volume_size(
    const struct jm_volume_file *f, uint64_t *bytes_r, struct jm_err *err) JM_MUST_CHECK;

/* Read exactly n bytes at offset. CORRUPT: too short, or the disk cannot read it; TEMP. */
int jm_volume_pread(const struct jm_volume_file *f, void *p, size_t n, uint64_t offset,
    struct jm_err *err) JM_MUST_CHECK;

/* Read and check its header. CORRUPT, CONFIG, TEMP. */
int jm_volume_read_head(
    const struct jm_volume_file *f, struct jm_volume_head *h_r, struct jm_err *err) JM_MUST_CHECK;

/* Read the record at offset, which must end at limit or before. Checks header, metadata and the
 * record's digest, not the body. The caller owns *r: jm_record_release(), also after an error.
 * CORRUPT, CONFIG, TEMP; on error r->head is filled if at least the header was good, else
 * r->head.seq is 0. */
int jm_volume_read(const struct jm_volume_file *f, uint64_t offset, uint64_t limit,
    struct jm_record *r, struct jm_err *err) JM_MUST_CHECK;

/* Check the stored body of a record that was read against its checksum. CORRUPT, TEMP. */
int jm_volume_check_body(
    const struct jm_volume_file *f, const struct jm_record *r, struct jm_err *err) JM_MUST_CHECK;

/* Find the next record header with a good checksum in [from, limit), skipping sectors that cannot
 * be read. TEMP. */
int jm_volume_find(const struct jm_volume_file *f, uint64_t from, uint64_t limit,
    struct jm_found *found_r, struct jm_err *err) JM_MUST_CHECK;

/* Drop what the system's cache holds from offset on, so that it is read from the disk again. */
void jm_volume_uncache(const struct jm_volume_file *f, uint64_t offset);

/* Write all of the vector at offset; its entries are changed meanwhile. TEMP: a part may be there.
 */
int jm_volume_write(const struct jm_volume_file *f, struct iovec *v, size_t n, uint64_t offset,
    struct jm_err *err) JM_MUST_CHECK;

/* Make what was written durable. TEMP; after an error nothing more may be written into this file.
 */
int jm_volume_sync(const struct jm_volume_file *f, struct jm_err *err) JM_MUST_CHECK;

/* Cut it off at length. TEMP. */
int jm_volume_truncate(
    const struct jm_volume_file *f, uint64_t length, struct jm_err *err) JM_MUST_CHECK;

/* Free what *r owns; may be called twice. */
void jm_record_release(struct jm_record *r);

/* The offset of the stored body of r in its volume. */
static inline uint64_t jm_record_body_at(const struct jm_record *r)
{
	return r->offset + JM_RECORD_HEAD_BYTES + r->head.ext_bytes + r->head.meta_bytes;
}

/* The digest of the whole record. */
static inline const unsigned char *jm_record_sha256(const struct jm_record *r)
{
	return r->trailer + JM_RECORD_SHA256_AT;
}

/* Does an error say nothing about the archive (no memory, no descriptor, no room)? EIO does say
 * something. */
static inline bool jm_volume_not_now(const struct jm_err *cause)
{
	return cause->kind == JM_E_TEMP && cause->sys != EIO;
}

#endif
