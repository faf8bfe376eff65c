/* SPDX-License-Identifier: BSD-2-Clause */
/* Volume headers and file names. No file is opened here. */
#include "common/volume/volume.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/base/num.h"

static const unsigned char volume_magic[8] = { 0x8a, 'J', 'M', 'V', 'O', 'L', '\r', '\n' };

#define CRC_AT (JM_VOLUME_HEAD_BYTES - 4)

char *jm_volume_folder(const char *dir, char path[JM_VOLUME_PATH_BYTES])
{
	snprintf(path, JM_VOLUME_PATH_BYTES, "%s/volumes", dir);
	return path;
}

char *jm_volume_path(const char *dir, uint64_t number, char path[JM_VOLUME_PATH_BYTES])
{
	snprintf(path, JM_VOLUME_PATH_BYTES, "%s/volumes/%08" PRIu64 ".jmv", dir, number);
	return path;
}

void jm_volume_encode(const struct jm_volume_head *h, unsigned char out[JM_VOLUME_HEAD_BYTES])
{
	memset(out, 0, JM_VOLUME_HEAD_BYTES);
	memcpy(out, volume_magic, sizeof volume_magic);
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

int jm_volume_decode(
    const unsigned char in[JM_VOLUME_HEAD_BYTES], struct jm_volume_head *h_r, struct jm_err *err)
{
	if (memcmp(in, volume_magic, sizeof volume_magic) != 0)
		return jm_err_set(err, JM_E_CORRUPT, "this is no volume of an archive");
	if (jm_num_get_be32(in + CRC_AT) != jm_crc32c(0, in, CRC_AT))
		return jm_err_set(err, JM_E_CORRUPT, "the volume header's checksum does not fit");
	if (jm_num_get_be32(in + 8) != JM_FORMAT_VERSION ||
	    jm_num_get_be32(in + 12) != JM_VOLUME_HEAD_BYTES)
		return jm_err_set(err, JM_E_CONFIG,
		    "volume of format version %u, this program knows version %d: "
		    "use a newer program",
		    (unsigned)jm_num_get_be32(in + 8), JM_FORMAT_VERSION);
	memcpy(h_r->uuid, in + 16, JM_UUID_BYTES);
	h_r->number = jm_num_get_be64(in + 32);
	h_r->first_seq = jm_num_get_be64(in + 40);
	h_r->created_ms = (int64_t)jm_num_get_be64(in + 48);
	h_r->previous_end = jm_num_get_be64(in + 56);
	memcpy(h_r->previous_sha256, in + 64, JM_SHA256_BYTES);
	return 0;
}

bool jm_volume_name_number(const char *name, uint64_t *number_r)
{
	size_t n = strlen(name);
	char want[40];

	if (n < 12 || strcmp(name + n - 4, ".jmv") != 0 ||
	    jm_num_u64(jm_span_of(name, n - 4), 1, UINT64_MAX / 2, number_r) != 0)
		return false;
	snprintf(want, sizeof want, "%08" PRIu64 ".jmv", *number_r);
	return strcmp(name, want) == 0; /* each number has one name only */
}

void jm_volume_problem(struct jm_volume *v, const char *fmt, ...)
{
	va_list ap;

	if (v->problem[0] != '\0')
		return;
	va_start(ap, fmt);
	vsnprintf(v->problem, sizeof v->problem, fmt, ap);
	va_end(ap);
}
