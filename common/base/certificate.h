/* SPDX-License-Identifier: BSD-2-Clause */
/* What a person wants to know of an X.509 certificate: whose it is, who signed it, until when, and
 * its fingerprints. Trusts nothing. */
#ifndef JM_BASE_CERTIFICATE_H
#define JM_BASE_CERTIFICATE_H

#include <stdint.h>

#include "common/base/digest.h"
#include "common/base/err.h"
#include "common/base/span.h"

#define JM_CERTIFICATE_PIN_BYTES 64 /* "sha256//" + 44 of base64 + NUL */

struct jm_certificate {
	char subject[256]; /* RFC 2253 style, ASCII; cut when longer */
	char issuer[256];
	char names[512]; /* DNS names and addresses of subjectAltName, comma-separated; "" without
			  */
	int64_t from_ms, until_ms;             /* since 1970 UTC */
	char fingerprint[JM_SHA256_HEX_BYTES]; /* SHA-256 of the certificate */
	char pin[JM_CERTIFICATE_PIN_BYTES];    /* SHA-256 of its public key, "sha256//BASE64" */
};

/* Read the first certificate of PEM text. CORRUPT when there is none that can be read. Any thread.
 */
int jm_certificate_read(
    struct jm_span pem, struct jm_certificate *c_r, struct jm_err *err) JM_MUST_CHECK;

/* 0 when text has the form of a pin ("sha256//" and 32 bytes of base64), else -1. */
int jm_certificate_check_pin(struct jm_span text);

#endif
