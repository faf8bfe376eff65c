/* SPDX-License-Identifier: BSD-2-Clause */
/* Transfer decodings (RFC 2045 6.7, 6.8; rule R6), lenient: they never fail, and never give more
 * bytes than they got. */
#ifndef JM_MAIL_DECODE_H
#define JM_MAIL_DECODE_H

#include <stddef.h>

#include "common/base/span.h"

/*
 * Decode base64; octets outside the alphabet (also "=") are skipped, a single digit left over at
 * the end is dropped. out: room for in.len / 4 * 3 + 2 bytes, or NULL to count only. Returns the
 * number of bytes.
 */
size_t jm_decode_base64(struct jm_span in, unsigned char *out);

/*
 * Decode quoted-printable. "=" before a line end is a soft break; "=" that begins no valid pair
 * stays; "==" is one "=". White space at the end of a line stays. out: room for in.len bytes, or
 * NULL to count only. Returns the number of bytes.
 */
size_t jm_decode_qp(struct jm_span in, unsigned char *out);

/* The value of a hexadecimal digit, or -1. */
int jm_decode_hex(unsigned char c);

#endif
