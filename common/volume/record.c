/* SPDX-License-Identifier: BSD-2-Clause */
/* Record headers and trailers to and from bytes. */
#include "common/volume/record.h"

#include <string.h>

#include "common/base/num.h"

static const unsigned char record_magic[4] = { JM_RECORD_MAGIC, 'J', 'M', 'R' };

#define FLAGS_MUST_KNOW 0xffffu /* a reader that does not know one of these bits must not go on */
#define CRC_AT (JM_RECORD_HEAD_BYTES - 4)
#define BODY_CRC_AT JM_SHA256_BYTES /* in the trailer */

static uint32_t checksum(const unsigned char *p, const unsigned char *uuid)
{
	return jm_crc32c(jm_crc32c(0, uuid, JM_UUID_BYTES), p, CRC_AT);
}

void jm_record_encode(const struct jm_record_head *h, const unsigned char uuid[JM_UUID_BYTES],
    unsigned char out[JM_RECORD_HEAD_BYTES])
{
	memset(out, 0, JM_RECORD_HEAD_BYTES);
	memcpy(out, record_magic, sizeof record_magic);
	out[4] = JM_FORMAT_VERSION;
	out[5] = h->type;
	out[6] = h->coding;
	jm_num_put_be32(out + 8, h->flags);
	jm_num_put_be32(out + 12, h->ext_bytes);
	jm_num_put_be64(out + 16, h->seq);
	jm_num_put_be64(out + 24, (uint64_t)h->time_ms);
	jm_num_put_be64(out + 32, h->durable_seq);
	jm_num_put_be32(out + 40, h->meta_bytes);
	jm_num_put_be64(out + 48, h->body_bytes);
	jm_num_put_be64(out + 56, h->plain_bytes);
	jm_num_put_be32(out + CRC_AT, checksum(out, uuid));
}

int jm_record_decode(const unsigned char in[JM_RECORD_HEAD_BYTES],
    const unsigned char uuid[JM_UUID_BYTES], struct jm_record_head *h_r, struct jm_err *err)
{
	if (memcmp(in, record_magic, sizeof record_magic) != 0)
		return jm_err_set(err, JM_E_CORRUPT, "no record header here");
	if (jm_num_get_be32(in + CRC_AT) != checksum(in, uuid))
		return jm_err_set(err, JM_E_CORRUPT, "the record header's checksum does not fit");
	if (in[4] != JM_FORMAT_VERSION)
		return jm_err_set(err, JM_E_CONFIG,
		    "record of format version %u, this program knows version %d: "
		    "use a newer program",
		    in[4], JM_FORMAT_VERSION);
	*h_r = (struct jm_record_head){
		.type = in[5],
		.coding = in[6],
		.flags = jm_num_get_be32(in + 8),
		.ext_bytes = jm_num_get_be32(in + 12),
		.seq = jm_num_get_be64(in + 16),
		.time_ms = (int64_t)jm_num_get_be64(in + 24),
		.durable_seq = jm_num_get_be64(in + 32),
		.meta_bytes = jm_num_get_be32(in + 40),
		.body_bytes = jm_num_get_be64(in + 48),
		.plain_bytes = jm_num_get_be64(in + 56),
	};
	if (in[7] != 0 || h_r->coding > JM_CODING_PLAIN || (h_r->flags & FLAGS_MUST_KNOW) != 0)
		return jm_err_set(err, JM_E_CONFIG,
		    "record %llu needs something this program does not know "
		    "(coding %u, cipher %u, flags %x): "
		    "use a newer program",
		    (unsigned long long)h_r->seq, in[6], in[7], (unsigned)h_r->flags);
	if (h_r->meta_bytes > JM_RECORD_META_MAX || h_r->ext_bytes > JM_RECORD_META_MAX ||
	    h_r->body_bytes > UINT64_MAX / 4)
		return jm_err_set(err, JM_E_CORRUPT, "record %llu states impossible lengths",
		    (unsigned long long)h_r->seq);
	return 0;
}

int jm_record_trailer(const unsigned char head[JM_RECORD_HEAD_BYTES],
    const unsigned char meta_sha256[JM_SHA256_BYTES], uint32_t body_crc,
    unsigned char out[JM_RECORD_TRAILER_BYTES], struct jm_err *err)
{
	unsigned char parts[JM_RECORD_HEAD_BYTES + JM_RECORD_SHA256_AT];

	memset(out, 0, JM_RECORD_TRAILER_BYTES);
	memcpy(out, meta_sha256, JM_SHA256_BYTES);
	jm_num_put_be32(out + BODY_CRC_AT, body_crc);
	memcpy(parts, head, JM_RECORD_HEAD_BYTES);
	memcpy(parts + JM_RECORD_HEAD_BYTES, out, JM_RECORD_SHA256_AT);
	return jm_sha256_of(jm_span_of(parts, sizeof parts), out + JM_RECORD_SHA256_AT, err);
}

uint32_t jm_record_body_crc(const unsigned char trailer[JM_RECORD_TRAILER_BYTES])
{
	return jm_num_get_be32(trailer + BODY_CRC_AT);
}
