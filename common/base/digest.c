/* SPDX-License-Identifier: BSD-2-Clause */
/* SHA-256, random bytes, CRC-32C. See digest.h. */
#include "common/base/digest.h"

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <string.h>

static pthread_once_t md_once = PTHREAD_ONCE_INIT;
/* Fetched once: OpenSSL's implicit fetch costs more than hashing a line of text. */
static EVP_MD *md;

static void md_fetch(void)
{
	md = EVP_MD_fetch(NULL, "SHA256", NULL);
}

int jm_sha256_start(struct jm_sha256 *d, struct jm_err *err)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	d->ctx = NULL;
	pthread_once(&md_once, md_fetch);
	if (!ctx || !md || EVP_DigestInit_ex(ctx, md, NULL) != 1) {
		EVP_MD_CTX_free(ctx);
		return jm_err_set(err, JM_E_TEMP, "cannot start SHA-256");
	}
	d->ctx = ctx;
	return 0;
}

int jm_sha256_add(struct jm_sha256 *d, const void *p, size_t n, struct jm_err *err)
{
	if (n && EVP_DigestUpdate(d->ctx, p, n) != 1)
		return jm_err_set(err, JM_E_TEMP, "cannot continue SHA-256");
	return 0;
}

int jm_sha256_finish(
    struct jm_sha256 *d, unsigned char digest_r[JM_SHA256_BYTES], struct jm_err *err)
{
	int ok = EVP_DigestFinal_ex(d->ctx, digest_r, NULL);

	jm_sha256_abandon(d);
	return ok == 1 ? 0 : jm_err_set(err, JM_E_TEMP, "cannot finish SHA-256");
}

void jm_sha256_abandon(struct jm_sha256 *d)
{
	EVP_MD_CTX_free(d->ctx);
	d->ctx = NULL;
}

int jm_sha256_of(struct jm_span s, unsigned char digest_r[JM_SHA256_BYTES], struct jm_err *err)
{
	struct jm_sha256 d;

	if (jm_sha256_start(&d, err) != 0)
		return -1;
	if (jm_sha256_add(&d, s.p, s.len, err) != 0) {
		jm_sha256_abandon(&d);
		return -1;
	}
	return jm_sha256_finish(&d, digest_r, err);
}

char *jm_hex_write(const unsigned char *bytes, size_t n, char *hex_r)
{
	static const char hex[] = "0123456789abcdef";

	for (size_t i = 0; i < n; i++) {
		hex_r[2 * i] = hex[bytes[i] >> 4];
		hex_r[2 * i + 1] = hex[bytes[i] & 15];
	}
	hex_r[2 * n] = 0;
	return hex_r;
}

char *jm_sha256_hex(const unsigned char digest[JM_SHA256_BYTES], char hex_r[JM_SHA256_HEX_BYTES])
{
	return jm_hex_write(digest, JM_SHA256_BYTES, hex_r);
}

static int nibble(unsigned char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = jm_lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int jm_hex_read(struct jm_span text, unsigned char *bytes_r, size_t n)
{
	if (text.len != 2 * n)
		return -1;
	for (size_t i = 0; i < text.len; i++)
		if (nibble(text.p[i]) < 0)
			return -1;
	for (size_t i = 0; i < n; i++)
		bytes_r[i] = (unsigned char)(nibble(text.p[2 * i]) << 4 |
		    nibble(text.p[2 * i + 1]));
	return 0;
}

int jm_sha256_unhex(struct jm_span text, unsigned char digest_r[JM_SHA256_BYTES])
{
	return jm_hex_read(text, digest_r, JM_SHA256_BYTES);
}

int jm_random_bytes(void *p, size_t n, struct jm_err *err)
{
	if (n > INT32_MAX || RAND_bytes(p, (int)n) != 1)
		return jm_err_set(err, JM_E_TEMP, "no random bytes");
	return 0;
}

/* ---- CRC-32C: by the processor's instruction if it has one, else by a table ---- */

static uint32_t crc_table[256];
static pthread_once_t crc_once = PTHREAD_ONCE_INIT;

static void crc_fill(void)
{
	uint32_t i, k, c;

	for (i = 0; i < 256; i++) {
		for (c = i, k = 0; k < 8; k++)
			c = c & 1 ? c >> 1 ^ 0x82f63b78u : c >> 1;
		crc_table[i] = c;
	}
}

static uint32_t crc_portable(uint32_t crc, const unsigned char *p, size_t n)
{
	pthread_once(&crc_once, crc_fill);
	while (n--)
		crc = crc >> 8 ^ crc_table[(crc ^ *p++) & 0xff];
	return crc;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) static uint32_t crc_sse42(
    uint32_t crc, const unsigned char *p, size_t n)
{
	uint64_t c = crc, v;

	for (; n >= 8; n -= 8, p += 8) {
		memcpy(&v, p, 8);
		c = __builtin_ia32_crc32di(c, v);
	}
	crc = (uint32_t)c;
	while (n--)
		crc = __builtin_ia32_crc32qi(crc, *p++);
	return crc;
}
#endif

uint32_t jm_crc32c(uint32_t crc, const void *p, size_t n)
{
#if defined(__x86_64__)
	if (__builtin_cpu_supports("sse4.2"))
		return ~crc_sse42(~crc, p, n);
#endif
	return ~crc_portable(~crc, p, n);
}
