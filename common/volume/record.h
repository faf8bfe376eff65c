/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One record of a volume: its fixed header and its trailer, byte by byte as in SCHEMA.md. No files
 * here; those are volume.h.
 *
 * The digest of a record is over its header and the digest of its metadata, which name the SHA-256
 * of what the body holds. So the received bytes are hashed once, and a record can be checked
 * without its body. What is stored of the body has a checksum against bit rot and torn writes.
 */
#ifndef JM_VOLUME_RECORD_H
#define JM_VOLUME_RECORD_H

#include <stdint.h>

#include "common/base/digest.h"
#include "common/base/err.h"

#define JM_FORMAT_VERSION 1
#define JM_UUID_BYTES 16
#define JM_RECORD_MAGIC 0x8a /* the first byte of every record */
#define JM_RECORD_HEAD_BYTES 80
#define JM_RECORD_TRAILER_BYTES 80
#define JM_RECORD_SHA256_AT 48 /* in the trailer: the digest of the record */
#define JM_RECORD_META_MAX (64u * 1024u * 1024u)

enum jm_record_type {
	JM_RECORD_REPORT = 1,
	JM_RECORD_EVENT = 2,
	JM_RECORD_SEAL = 3,
	JM_RECORD_FORGET = 4,
	JM_RECORD_CHANGE = 8,
	JM_RECORD_TALLY = 9
};
enum jm_coding { JM_CODING_NONE = 0, JM_CODING_ZSTD = 1, JM_CODING_PLAIN = 2 };

struct jm_record_head {
	unsigned char type;   /* enum jm_record_type */
	unsigned char coding; /* enum jm_coding */
	uint32_t flags;
	uint32_t ext_bytes; /* between header and metadata; version 1 writes none */
	uint64_t seq;
	int64_t time_ms;
	uint64_t durable_seq; /* what was acknowledged when this was written */
	uint32_t meta_bytes;
	uint64_t body_bytes;  /* as stored */
	uint64_t plain_bytes; /* decoded */
};

/* Where a record is. */
struct jm_place {
	uint64_t volume, offset; /* number of the volume; bytes from its start */
};

/* Something that cannot be read, or is missing. */
struct jm_damage {
	uint64_t seq; /* of the record; 0: not known */
	struct jm_place at;
	const char *problem; /* for people */
};

/* The header as it stands in the file. The checksum is keyed with the archive's UUID, so that no
 * mail can carry a valid one. */
void jm_record_encode(const struct jm_record_head *h, const unsigned char uuid[JM_UUID_BYTES],
    unsigned char out[JM_RECORD_HEAD_BYTES]);

/* The reverse. CORRUPT: no header of this archive; CONFIG: a newer version, or something in it that
 * we must not ignore. */
int jm_record_decode(const unsigned char in[JM_RECORD_HEAD_BYTES],
    const unsigned char uuid[JM_UUID_BYTES], struct jm_record_head *h_r,
    struct jm_err *err) JM_MUST_CHECK;

/* The trailer from the encoded header, the digest of (extension + metadata) and the checksum of the
 * stored body. TEMP. */
int jm_record_trailer(const unsigned char head[JM_RECORD_HEAD_BYTES],
    const unsigned char meta_sha256[JM_SHA256_BYTES], uint32_t body_crc,
    unsigned char out[JM_RECORD_TRAILER_BYTES], struct jm_err *err) JM_MUST_CHECK;

/* The checksum of the stored body that a trailer has: CRC-32C, start 0. */
uint32_t jm_record_body_crc(const unsigned char trailer[JM_RECORD_TRAILER_BYTES]);

/* What the whole record takes in its volume. */
static inline uint64_t jm_record_bytes(const struct jm_record_head *h)
{
	return JM_RECORD_HEAD_BYTES + (uint64_t)h->ext_bytes + h->meta_bytes + h->body_bytes +
	    JM_RECORD_TRAILER_BYTES;
}

#endif
