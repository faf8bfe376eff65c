/* SPDX-License-Identifier: BSD-2-Clause */
/* Numbers from text and from bytes. See num.h. */
#include "common/base/num.h"

int jm_num_u64(struct jm_span text, uint64_t min, uint64_t max, uint64_t *value_r)
{
	uint64_t v = 0;
	size_t i;

	if (text.len == 0)
		return -1;
	for (i = 0; i < text.len; i++) {
		unsigned d = (unsigned)text.p[i] - '0';

		if (d > 9 || __builtin_mul_overflow(v, (uint64_t)10, &v) ||
		    __builtin_add_overflow(v, (uint64_t)d, &v))
			return -1;
	}
	if (v < min || v > max)
		return -1;
	*value_r = v;
	return 0;
}

void jm_num_put_be64(unsigned char *p, uint64_t v)
{
	jm_num_put_be32(p, (uint32_t)(v >> 32));
	jm_num_put_be32(p + 4, (uint32_t)v);
}

uint64_t jm_num_get_be64(const unsigned char *p)
{
	return (uint64_t)jm_num_get_be32(p) << 32 | jm_num_get_be32(p + 4);
}

void jm_num_put_be32(unsigned char *p, uint32_t v)
{
	p[0] = (unsigned char)(v >> 24);
	p[1] = (unsigned char)(v >> 16);
	p[2] = (unsigned char)(v >> 8);
	p[3] = (unsigned char)v;
}

uint32_t jm_num_get_be32(const unsigned char *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

uint32_t jm_num_get_le32(const unsigned char *p)
{
	return (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
}
