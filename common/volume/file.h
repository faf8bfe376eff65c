/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An open volume file: reading records, finding the next record after damage, and the calls with
 * which the committer writes the last volume. No other code opens, names or removes a volume.
 *
 * err must not be NULL in this room: its functions read the kind of an error. Any thread may read a
 * volume; only the committer (before it runs, the start) writes, creates or removes one.
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

/* A volume file that is not open. */
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

/* Open volume number for reading. The caller closes *f_r. CORRUPT: the file, which existed once, is
 * missing. TEMP, DENIED. */
int jm_volume_open(const struct jm_volumes *v, uint64_t number, struct jm_volume_file *f_r,
    struct jm_err *err) JM_MUST_CHECK;

/* As jm_volume_open(), for the start: NOTFOUND when the listed file cannot be found (it may be a
 * dangling link). */
int jm_volume_open_listed(const struct jm_volumes *v, uint64_t number, struct jm_volume_file *f_r,
    struct jm_err *err) JM_MUST_CHECK;

/* As jm_volume_open(), for reading and writing. NOTFOUND, TEMP, DENIED. */
int jm_volume_open_for_writing(const struct jm_volumes *v, uint64_t number,
    struct jm_volume_file *f_r, struct jm_err *err) JM_MUST_CHECK;

/* Make volume h->number with its header, durable with its name, and open it for writing. The caller
 * closes *f_r. TEMP: no volume is left, or one without a record, which the next start or attempt
 * reuses. */
int jm_volume_create(const struct jm_volumes *v, const struct jm_volume_head *h,
    struct jm_volume_file *f_r, struct jm_err *err) JM_MUST_CHECK;

/* Close f. Harmless when it is not open. */
void jm_volume_close(struct jm_volume_file *f);

/* Remove volume number. TEMP. */
int jm_volume_remove(const struct jm_volumes *v, uint64_t number, struct jm_err *err) JM_MUST_CHECK;

/* The size of the file in bytes. TEMP. */
int jm_volume_size(
    const struct jm_volume_file *f, uint64_t *bytes_r, struct jm_err *err) JM_MUST_CHECK;

/* Read exactly n bytes at offset. CORRUPT: the file is too short, or the disk cannot read it. TEMP.
 */
int jm_volume_pread(const struct jm_volume_file *f, void *p, size_t n, uint64_t offset,
    struct jm_err *err) JM_MUST_CHECK;

/* Read and check the volume's header. CORRUPT, CONFIG (a newer version), TEMP. */
int jm_volume_read_head(
    const struct jm_volume_file *f, struct jm_volume_head *h_r, struct jm_err *err) JM_MUST_CHECK;

/* Read the record at offset, which must end at limit or before. Checks the header, the metadata and
 * the record's digest, but not the body. The caller releases *r with jm_record_release(); after an
 * error that is not necessary. CORRUPT, CONFIG, TEMP; on error r->head is filled if the header was
 * good, else r->head.seq is 0. */
int jm_volume_read(const struct jm_volume_file *f, uint64_t offset, uint64_t limit,
    struct jm_record *r, struct jm_err *err) JM_MUST_CHECK;

/* Read the stored body of r and compare its checksum. CORRUPT, TEMP. */
int jm_volume_check_body(
    const struct jm_volume_file *f, const struct jm_record *r, struct jm_err *err) JM_MUST_CHECK;

/* Find the next record header with a good checksum in [from, limit); found_r->found says whether
 * there is one. Sectors that cannot be read are skipped. TEMP. */
int jm_volume_find(const struct jm_volume_file *f, uint64_t from, uint64_t limit,
    struct jm_found *found_r, struct jm_err *err) JM_MUST_CHECK;

/* Ask the system to drop its cache of the file from offset on, so that the next read comes from the
 * disk. */
void jm_volume_uncache(const struct jm_volume_file *f, uint64_t offset);

/* Write all n pieces of v at offset; the entries of v are changed. TEMP: a part may have been
 * written. */
int jm_volume_write(const struct jm_volume_file *f, struct iovec *v, size_t n, uint64_t offset,
    struct jm_err *err) JM_MUST_CHECK;

/* Make the written bytes durable. TEMP: nothing more may be written into this file. */
int jm_volume_sync(const struct jm_volume_file *f, struct jm_err *err) JM_MUST_CHECK;

/* Cut the file off at length. TEMP. */
int jm_volume_truncate(
    const struct jm_volume_file *f, uint64_t length, struct jm_err *err) JM_MUST_CHECK;

/* Free the metadata of *r. May be called twice. */
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

/* True when an error does not mean that the archive is damaged: no memory, no descriptor, no room.
 * EIO may mean damage. */
static inline bool jm_volume_not_now(const struct jm_err *cause)
{
	return cause->kind == JM_E_TEMP && cause->sys != EIO;
}

#endif
