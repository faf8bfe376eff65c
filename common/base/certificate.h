/* SPDX-License-Identifier: BSD-2-Clause */
/* The facts of an X.509 certificate that people need: owner, issuer, validity and fingerprints.
 * Nothing is verified here: neither a signature nor a date. */
#ifndef JM_BASE_CERTIFICATE_H
#define JM_BASE_CERTIFICATE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/digest.h"
#include "common/base/err.h"
#include "common/base/span.h"

#define JM_CERTIFICATE_PIN_BYTES 64 /* "sha256//", 44 digits of base64 and a NUL fit */

/* All texts end with a NUL and are cut when they are longer than their field. */
struct jm_certificate {
	char subject[256]; /* as RFC 2253 writes it, in ASCII */
	char issuer[256];
	/* DNS names and IP addresses of subjectAltName, separated by commas; may be "" */
	char names[512];
	bool self_signed;                      /* it is its own issuer */
	int64_t from_ms, until_ms;             /* validity, ms since 1970 UTC; 0: unreadable */
	char fingerprint[JM_SHA256_HEX_BYTES]; /* SHA-256 of the certificate */
	char pin[JM_CERTIFICATE_PIN_BYTES];    /* SHA-256 of its public key: "sha256//BASE64" */
};

/* Read the first certificate of PEM text into *c_r. Returns 0, or -1 with err filled: CORRUPT when
 * there is no readable certificate, TEMP when OpenSSL fails. Any thread. */
int jm_certificate_read(
    struct jm_span pem, struct jm_certificate *c_r, struct jm_err *err) JM_MUST_CHECK;

/* Why a certificate was not accepted. */
enum jm_certificate_fault {
	JM_CERTIFICATE_NAME, /* it is for another host; all else is well */
	JM_CERTIFICATE_EXPIRED,
	JM_CERTIFICATE_NOT_YET,
	JM_CERTIFICATE_SELF_SIGNED,
	JM_CERTIFICATE_UNKNOWN_CA,
	JM_CERTIFICATE_OTHER,
};

/* The meaning of OpenSSL's verify result (X509_V_...), when the certificate was not accepted. */
enum jm_certificate_fault jm_certificate_fault(long verify_result);

/* Does the first private key of PEM text belong to the first certificate of another? Returns 1 or
 * 0, or -1 with err filled: CORRUPT when one of them is not readable; a key with a passphrase is
 * not. Any thread. */
int jm_certificate_has_key(
    struct jm_span certificate, struct jm_span key, struct jm_err *err) JM_MUST_CHECK;

/* Is the certificate for this host name? Its alternative names count, "*" matches one label, and
 * without alternative names the common name of the subject. Any thread. */
bool jm_certificate_is_for(const struct jm_certificate *c, const char *host);

/* Return 0 when text has the form of a pin ("sha256//" and 32 bytes in base64), else -1. Any
 * thread. */
int jm_certificate_check_pin(struct jm_span text);

#endif
