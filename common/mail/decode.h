/* SPDX-License-Identifier: BSD-2-Clause */
/* Transfer encodings (RFC 2045 6.7 and 6.8, rule R6), decoded leniently: a decoding never fails and
 * never gives more bytes than its input has. Pure functions, any thread. */
#ifndef JM_MAIL_DECODE_H
#define JM_MAIL_DECODE_H

#include <stddef.h>

#include "common/base/span.h"

/* Transfer encodings. Records hold them by name. */
enum jm_cte { JM_CTE_IDENTITY, JM_CTE_BASE64, JM_CTE_QP };

/*
 * Decode base64. Octets outside of the alphabet ("=", too) are skipped; a single digit that is left
 * over at the end is dropped. out has room for in.len / 4 * 3 + 2 bytes, or is NULL to count only.
 * Returns the number of decoded bytes.
 */
size_t jm_decode_base64(struct jm_span in, unsigned char *out);

/*
 * Decode quoted-printable. "=" before a line end is a soft break; "==" is one "="; any other "="
 * without two hexadecimal digits stays as it is. White space at the end of a line stays. out has
 * room for in.len bytes, or is NULL to count only. Returns the number of decoded bytes.
 */
size_t jm_decode_qp(struct jm_span in, unsigned char *out);

/* Decode as cte says: base64 and quoted-printable as above; an identity is copied, and out has room
 * for in.len bytes. out NULL: count only. Returns the number of bytes. */
size_t jm_decode(enum jm_cte cte, struct jm_span in, unsigned char *out);

/* The value of a hexadecimal digit of either case, or -1. */
int jm_decode_hex(unsigned char c);

#endif
