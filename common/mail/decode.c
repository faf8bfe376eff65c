/* SPDX-License-Identifier: BSD-2-Clause */
/* Decoding base64 and quoted-printable. Character sets are charset.c's. See decode.h. */
#include "common/mail/decode.h"

static int base64_digit(unsigned char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

size_t jm_decode_base64(struct jm_span in, unsigned char *out)
{
	size_t n = 0, k;
	unsigned bits = 0, have = 0;

	for (k = 0; k < in.len; k++) {
		int d = base64_digit(in.p[k]);

		if (d < 0)
			continue;
		bits = (bits << 6 | (unsigned)d) & 0xffff;
		have += 6;
		if (have < 8)
			continue;
		have -= 8;
		if (out)
			out[n] = (unsigned char)(bits >> have);
		n++;
	}
	return n;
}

int jm_decode_hex(unsigned char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = jm_lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The length of the line end at k; 0: no line ends there. Any number of CR may precede the LF, as
 * some relays double them. */
static size_t soft_break(struct jm_span in, size_t k)
{
	size_t n = 0;

	while (k + n < in.len && in.p[k + n] == '\r')
		n++;
	return k + n < in.len && in.p[k + n] == '\n' ? n + 1 : 0;
}

size_t jm_decode_qp(struct jm_span in, unsigned char *out)
{
	size_t n = 0, k = 0, skip;
	int high, low;

	while (k < in.len) {
		unsigned char c = in.p[k++];

		if (c == '=') {
			if (k == in.len)
				break;
			skip = in.p[k] == '\r' || in.p[k] == '\n' ? soft_break(in, k) : 0;
			if (skip > 0) {
				k += skip;
				continue;
			}
			high = jm_decode_hex(in.p[k]);
			low = k + 1 < in.len ? jm_decode_hex(in.p[k + 1]) : -1;
			if (in.p[k] == '=') {
				k++;
			} else if (high >= 0 && low >= 0) {
				c = (unsigned char)(high << 4 | low);
				k += 2;
			}
		}
		if (out)
			out[n] = c;
		n++;
	}
	return n;
}

size_t jm_decode(enum jm_cte cte, struct jm_span in, unsigned char *out)
{
	if (cte == JM_CTE_BASE64)
		return jm_decode_base64(in, out);
	if (cte == JM_CTE_QP)
		return jm_decode_qp(in, out);
	if (out && in.len > 0)
		memcpy(out, in.p, in.len);
	return in.len;
}
