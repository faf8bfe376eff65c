/* SPDX-License-Identifier: BSD-2-Clause */
/* SHA-256 of one piece or of many, its hexadecimal text, random bytes, and CRC-32C. SHA-256 and the
 * random bytes are OpenSSL's, whose types do not appear in this header. */
#ifndef JM_BASE_DIGEST_H
#define JM_BASE_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"
#include "common/base/span.h"

#define JM_SHA256_BYTES 32
#define JM_SHA256_HEX_BYTES 65 /* with the NUL */

/* A digest in progress. One thread at a time for one object. */
struct jm_sha256 {
	void *ctx; /* EVP_MD_CTX, owned; NULL when not started or finished */
};

/* Compute the digest of s. Returns 0, or -1 with err filled (TEMP). Any thread. */
int jm_sha256_of(
    struct jm_span s, unsigned char digest_r[JM_SHA256_BYTES], struct jm_err *err) JM_MUST_CHECK;

/*
 * Compute a digest of several pieces: start, add any number of times, then finish or abandon. Each
 * returns 0, or -1 with err filled (TEMP). finish frees in any case; after a failed add the caller
 * calls abandon (or finish). After a failed start there is nothing to free.
 */
int jm_sha256_start(struct jm_sha256 *d, struct jm_err *err) JM_MUST_CHECK;
int jm_sha256_add(struct jm_sha256 *d, const void *p, size_t n, struct jm_err *err) JM_MUST_CHECK;
int jm_sha256_finish(
    struct jm_sha256 *d, unsigned char digest_r[JM_SHA256_BYTES], struct jm_err *err) JM_MUST_CHECK;

/* Free a started digest without its result; harmless on a finished one. */
void jm_sha256_abandon(struct jm_sha256 *d);

/* Write n bytes as 2 * n lower-case hexadecimal digits and a NUL. Returns hex_r. */
char *jm_hex_write(const unsigned char *bytes, size_t n, char *hex_r);

/* Read 2 * n hexadecimal digits of either case. Returns 0, or -1 with bytes_r untouched when text
 * is anything else. */
int jm_hex_read(struct jm_span text, unsigned char *bytes_r, size_t n);

/* Write digest as 64 lower-case hexadecimal digits and a NUL. Returns hex_r. */
char *jm_sha256_hex(const unsigned char digest[JM_SHA256_BYTES], char hex_r[JM_SHA256_HEX_BYTES]);

/* Read 64 hexadecimal digits of either case. Returns 0, or -1 with digest_r untouched when text is
 * anything else. */
int jm_sha256_unhex(struct jm_span text, unsigned char digest_r[JM_SHA256_BYTES]);

/* Fill p with n random bytes, fit for secrets. Returns 0, or -1 with err filled (TEMP). */
int jm_random_bytes(void *p, size_t n, struct jm_err *err) JM_MUST_CHECK;

/* The CRC-32C (Castagnoli) of n bytes, continued from crc; 0 for the first piece. */
uint32_t jm_crc32c(uint32_t crc, const void *p, size_t n);

#endif
