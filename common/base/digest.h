/* SPDX-License-Identifier: BSD-2-Clause */
/* SHA-256 (OpenSSL EVP) over one piece or many, hexadecimal text, and CRC-32C. Only this and
 * certificate.c include openssl/ */
#ifndef JM_BASE_DIGEST_H
#define JM_BASE_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"
#include "common/base/span.h"

#define JM_SHA256_BYTES 32
#define JM_SHA256_HEX_BYTES 65 /* with the NUL */

struct jm_sha256 {
	void *ctx; /* EVP_MD_CTX, owned */
};

/* One piece. TEMP without memory. */
int jm_sha256_of(
    struct jm_span s, unsigned char digest_r[JM_SHA256_BYTES], struct jm_err *err) JM_MUST_CHECK;

/* Several pieces: start, add..., finish; finish (also after a failed add) frees. */
int jm_sha256_start(struct jm_sha256 *d, struct jm_err *err) JM_MUST_CHECK;
int jm_sha256_add(struct jm_sha256 *d, const void *p, size_t n, struct jm_err *err) JM_MUST_CHECK;
int jm_sha256_finish(
    struct jm_sha256 *d, unsigned char digest_r[JM_SHA256_BYTES], struct jm_err *err) JM_MUST_CHECK;

/* Free a started digest without finishing it; harmless on a finished one. */
void jm_sha256_abandon(struct jm_sha256 *d);

/* 64 lower-case hexadecimal digits and a NUL; returns hex_r. */
char *jm_sha256_hex(const unsigned char digest[JM_SHA256_BYTES], char hex_r[JM_SHA256_HEX_BYTES]);

/* The reverse. 0, or -1 when text is not exactly 64 hexadecimal digits. */
int jm_sha256_unhex(struct jm_span text, unsigned char digest_r[JM_SHA256_BYTES]);

/* n random bytes from the system. TEMP. */
int jm_random_bytes(void *p, size_t n, struct jm_err *err) JM_MUST_CHECK;

/* CRC-32C (Castagnoli) of n bytes, continuing from crc (0 at the start). */
uint32_t jm_crc32c(uint32_t crc, const void *p, size_t n);

#endif
