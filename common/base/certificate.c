/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading certificates with OpenSSL's X.509 functions. Whether a certificate is trusted is decided
 * by the code that connects (common/pop3), not here. */
#include "common/base/certificate.h"

#include <arpa/inet.h>
#include <limits.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <time.h>

static void put_name(const X509_NAME *name, char *out, size_t n)
{
	BIO *b = BIO_new(BIO_s_mem());
	int len;

	out[0] = '\0';
	if (!b)
		return;
	if (X509_NAME_print_ex(b, name, 0, XN_FLAG_RFC2253) >= 0) {
		len = BIO_read(b, out, (int)n - 1);
		out[len > 0 ? len : 0] = '\0';
	}
	BIO_free(b);
}

/* Append one alternative name; each byte that is not printable becomes '?'. A name that does not
 * fit is left out. */
static void add_name(char *out, size_t n, const unsigned char *p, size_t len)
{
	size_t at = strlen(out);

	if (at + len + 2 > n)
		return;
	if (at)
		out[at++] = ',';
	for (size_t i = 0; i < len; i++)
		out[at++] = (char)(p[i] > 0x20 && p[i] < 0x7f ? p[i] : '?');
	out[at] = '\0';
}

static void put_alternative_names(X509 *x, char *out, size_t n)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(x, NID_subject_alt_name, NULL, NULL);
	char text[INET6_ADDRSTRLEN];

	out[0] = '\0';
	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *g = sk_GENERAL_NAME_value(names, i);
		const ASN1_STRING *s = g->d.ia5;
		int len;

		if (g->type != GEN_DNS && g->type != GEN_IPADD)
			continue;
		len = ASN1_STRING_length(s);
		if (g->type == GEN_DNS)
			add_name(out, n, ASN1_STRING_get0_data(s), (size_t)len);
		else if ((len == 4 || len == 16) &&
		    inet_ntop(
			len == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(s), text, sizeof text))
			add_name(out, n, (const unsigned char *)text, strlen(text));
	}
	GENERAL_NAMES_free(names);
}

static int64_t time_ms(const ASN1_TIME *t)
{
	struct tm tm;

	if (!t || ASN1_TIME_to_tm(t, &tm) != 1)
		return 0;
	return (int64_t)timegm(&tm) * 1000;
}

static int put_digests(X509 *x, struct jm_certificate *c, struct jm_err *err)
{
	unsigned char digest[JM_SHA256_BYTES], *der = NULL;
	unsigned n = sizeof digest;
	int len, rc = -1;

	if (X509_digest(x, EVP_sha256(), digest, &n) != 1 || n != sizeof digest)
		return jm_err_set(err, JM_E_TEMP, "cannot compute a certificate's fingerprint");
	jm_sha256_hex(digest, c->fingerprint);
	len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x), &der);
	if (len <= 0)
		return jm_err_set(err, JM_E_CORRUPT, "cannot read a certificate's public key");
	if (jm_sha256_of(jm_span_of(der, (size_t)len), digest, err) == 0) {
		int at = snprintf(c->pin, sizeof c->pin, "sha256//");

		EVP_EncodeBlock((unsigned char *)c->pin + at, digest, sizeof digest);
		rc = 0;
	}
	OPENSSL_free(der);
	return rc;
}

int jm_certificate_read(struct jm_span pem, struct jm_certificate *c_r, struct jm_err *err)
{
	BIO *b = NULL;
	X509 *x = NULL;
	int rc = -1;

	*c_r = (struct jm_certificate){ 0 };
	if (pem.len > INT_MAX || !pem.p || !(b = BIO_new_mem_buf(pem.p, (int)pem.len)) ||
	    !(x = PEM_read_bio_X509(b, NULL, NULL, NULL))) {
		jm_err_set(err, JM_E_CORRUPT, "no readable certificate");
		goto out;
	}
	put_name(X509_get_subject_name(x), c_r->subject, sizeof c_r->subject);
	put_name(X509_get_issuer_name(x), c_r->issuer, sizeof c_r->issuer);
	put_alternative_names(x, c_r->names, sizeof c_r->names);
	c_r->self_signed = X509_NAME_cmp(X509_get_subject_name(x), X509_get_issuer_name(x)) == 0;
	c_r->from_ms = time_ms(X509_get0_notBefore(x));
	c_r->until_ms = time_ms(X509_get0_notAfter(x));
	rc = put_digests(x, c_r, err);
out:
	X509_free(x);
	BIO_free(b);
	return rc;
}

enum jm_certificate_fault jm_certificate_fault(long verify_result)
{
	switch (verify_result) {
	case X509_V_OK: /* libcurl compares the names, before it asks OpenSSL for the result */
	case X509_V_ERR_UNSPECIFIED:
	case X509_V_ERR_HOSTNAME_MISMATCH:
	case X509_V_ERR_IP_ADDRESS_MISMATCH:
		return JM_CERTIFICATE_NAME;
	case X509_V_ERR_CERT_HAS_EXPIRED:
		return JM_CERTIFICATE_EXPIRED;
	case X509_V_ERR_CERT_NOT_YET_VALID:
		return JM_CERTIFICATE_NOT_YET;
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
		return JM_CERTIFICATE_SELF_SIGNED;
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
	case X509_V_ERR_CERT_UNTRUSTED:
		return JM_CERTIFICATE_UNKNOWN_CA;
	default:
		return JM_CERTIFICATE_OTHER;
	}
}

/* Never asks a person for a passphrase. */
static int no_passphrase(char *buf, int size, int writing, void *ctx)
{
	(void)buf, (void)size, (void)writing, (void)ctx;
	return -1;
}

int jm_certificate_has_key(struct jm_span certificate, struct jm_span key, struct jm_err *err)
{
	BIO *b = NULL, *k = NULL;
	X509 *x = NULL;
	EVP_PKEY *pkey = NULL;
	int rc = -1;

	if (certificate.len > INT_MAX || key.len > INT_MAX || !certificate.p || !key.p ||
	    !(b = BIO_new_mem_buf(certificate.p, (int)certificate.len)) ||
	    !(k = BIO_new_mem_buf(key.p, (int)key.len)) ||
	    !(x = PEM_read_bio_X509(b, NULL, NULL, NULL)))
		jm_err_set(err, JM_E_CORRUPT, "no readable certificate");
	else if (!(pkey = PEM_read_bio_PrivateKey(k, NULL, no_passphrase, NULL)))
		jm_err_set(err, JM_E_CORRUPT, "no readable private key without a passphrase");
	else
		rc = X509_check_private_key(x, pkey) == 1;
	EVP_PKEY_free(pkey);
	X509_free(x);
	BIO_free(k);
	BIO_free(b);
	return rc;
}

static bool is_name_for(struct jm_span name, struct jm_span host)
{
	size_t dot = jm_span_index(host, '.');

	if (jm_span_eq_nocase(name, host))
		return true;
	return name.len > 2 && name.p[0] == '*' && name.p[1] == '.' && dot < host.len &&
	    jm_span_eq_nocase(jm_span_sub(name, 1, name.len), jm_span_sub(host, dot, host.len));
}

bool jm_certificate_is_for(const struct jm_certificate *c, const char *host)
{
	struct jm_span rest = jm_span_str(c->names), name = jm_span_str(c->subject);
	size_t n;

	while (rest.len) {
		n = jm_span_index(rest, ',');
		if (is_name_for(jm_span_sub(rest, 0, n), jm_span_str(host)))
			return true;
		rest = jm_span_sub(rest, n + 1, rest.len);
	}
	/* RFC 2253 writes the common name first: "CN=host,O=...". */
	return !c->names[0] && jm_span_starts_nocase(name, jm_span_str("CN=")) &&
	    is_name_for(jm_span_sub(name, 3, jm_span_index(name, ',') - 3), jm_span_str(host));
}

int jm_certificate_check_pin(struct jm_span text)
{
	unsigned char out[48];
	struct jm_span s = jm_span_sub(text, 8, text.len);

	if (text.len != 8 + 44 || memcmp(text.p, "sha256//", 8) != 0 || s.p[43] != '=' ||
	    s.p[42] == '=')
		return -1;
	return EVP_DecodeBlock(out, s.p, 44) == 33 ? 0 : -1;
}
