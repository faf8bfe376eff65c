/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Volumes: the files DIR/volumes/NNNNNNNN.jmv that are the truth of the archive. Their headers,
 * their list, reading records from them. Who writes is writer.h; who decides what a bad tail means
 * is recover.c.
 */
#ifndef JM_ARCHIVE_VOLUME_H
#define JM_ARCHIVE_VOLUME_H

#include <stdbool.h>
#include <stddef.h>

#include "common/archive/record.h"

#define JM_VOLUME_HEAD_BYTES 128
#define JM_VOLUME_UUID_AT 16 /* in the header */
#define JM_VOLUME_PATH_BYTES 4352

struct jm_volume_head {
	unsigned char uuid[JM_UUID_BYTES];
	uint64_t number; /* 1, 2, 3, ... */
	uint64_t first_seq;
	int64_t created_ms;
	uint64_t previous_end; /* length of the valid part of the volume before; what stands behind
				  it is void */
	unsigned char previous_sha256[JM_SHA256_BYTES]; /* digest of the last record before this
							   volume; zeros in the first */
};

struct jm_volume {
	struct jm_volume_head head;
	uint64_t end;  /* where its valid part ends; grows in the last volume only */
	bool headless; /* its header is lost: number and uuid are known, the rest is guessed from
			  records, 0 where it cannot be */
	bool absent;   /* there is no such file; headless, too */
	char problem[200]; /* "": it is whole as far as is known; else why not */
};

/* A record as read, without its body. */
struct jm_record {
	struct jm_record_head head;
	uint64_t volume, offset;
	unsigned char *meta; /* JSON, owned, NUL behind */
	unsigned char trailer[JM_RECORD_TRAILER_BYTES];
};

/* DIR/volumes/NNNNNNNN.jmv into path; returns it. */
char *jm_volume_path(const char *dir, uint64_t number, char path[JM_VOLUME_PATH_BYTES]);

/* The header as it stands in the file. */
void jm_volume_encode(const struct jm_volume_head *h, unsigned char out[JM_VOLUME_HEAD_BYTES]);

/* Make volume h->number with its header, durable with its name. On failure no such volume is left,
 * or one without a record. */
int jm_volume_create(
    const char *dir, const struct jm_volume_head *h, int *fd_r, struct jm_err *err) JM_MUST_CHECK;

/* CORRUPT: short, no volume, checksum; CONFIG: newer version. */
int jm_volume_read_head(int fd, struct jm_volume_head *h_r, struct jm_err *err) JM_MUST_CHECK;

/* Read the record at offset, which must end at limit or before; checks header, metadata and the
 * record's digest, not the body. *r is owned by the caller then: jm_record_release(). CORRUPT,
 * CONFIG, TEMP. When the header at least was good, r->head is filled also on failure (else
 * r->head.seq is 0). */
int jm_volume_read(int fd, const unsigned char uuid[JM_UUID_BYTES], uint64_t volume,
    uint64_t offset, uint64_t limit, struct jm_record *r, struct jm_err *err) JM_MUST_CHECK;

/* Check the stored body of a record that was read against its checksum. CORRUPT, TEMP. */
int jm_volume_check_body(int fd, const struct jm_record *r, struct jm_err *err) JM_MUST_CHECK;

/* Where the stored body of r begins in its volume. */
static inline uint64_t jm_record_body_at(const struct jm_record *r)
{
	return r->offset + JM_RECORD_HEAD_BYTES + r->head.ext_bytes + r->head.meta_bytes;
}

/* The digest of the whole record. */
static inline const unsigned char *jm_record_sha256(const struct jm_record *r)
{
	return r->trailer + JM_RECORD_SHA256_AT;
}

/* Look for the next header with a good checksum in [offset, limit), over sectors that cannot be
 * read. True with *found_r and *h_r (seq 0: a newer version's). */
int jm_volume_find(int fd, const unsigned char uuid[JM_UUID_BYTES], uint64_t offset, uint64_t limit,
    bool *found, uint64_t *found_r, struct jm_record_head *h_r, struct jm_err *err) JM_MUST_CHECK;

void jm_record_release(struct jm_record *r);

#endif
