/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading certificates; the expected digests come from openssl(1). */
#include <string.h>

#include "common/base/certificate.h"
#include "common/base/clock.h"
#include "t/lib/tap.h"

static const char pem[] = "-----BEGIN CERTIFICATE-----\n"
			  "MIIB9zCCAZ2gAwIBAgIUWB46aDRohrTjbq7VVV+1bkXH2EYwCgYIKoZIzj0EAwIw\n"
			  "LTEZMBcGA1UEAwwQbWFpbC5leGFtcGxlLm5ldDEQMA4GA1UECgwHRXhhbXBsZTAe\n"
			  "Fw0yNjExMjIwMjM3MjdaFw0zNjExMTkwMjM3MjdaMC0xGTAXBgNVBAMMEG1haWwu\n"
			  "ZXhhbXBsZS5uZXQxEDAOBgNVBAoMB0V4YW1wbGUwWTATBgcqhkjOPQIBBggqhkjO\n"
			  "PQMBBwNCAARhVf150kkkpWIC0GobXOVPHftem4Pu5qJd+B6HtvOLgo04QbWTGo7U\n"
			  "VbNAC+XSnl8v2AsktPATB0Rsdlzs/ZW7o4GaMIGXMB0GA1UdDgQWBBQx7ASQYRMA\n"
			  "SH2g5xVwlB5887vKCzAfBgNVHSMEGDAWgBQx7ASQYRMASH2g5xVwlB5887vKCzAP\n"
			  "BgNVHRMBAf8EBTADAQH/MEQGA1UdEQQ9MDuCEG1haWwuZXhhbXBsZS5uZXSCD2Fs\n"
			  "dC5leGFtcGxlLm5ldIcEfwAAAYcQAAAAAAAAAAAAAAAAAAAAATAKBggqhkjOPQQD\n"
			  "AgNIADBFAiEA3/9BybsDpiO+L/PansTmoYrFfWZcmhOA69YsprJkWn0CIC1ef3sG\n"
			  "ppeF2dpYIljhF9YWif7laB5KIwKthPw37kAw\n"
			  "-----END CERTIFICATE-----\n";

int main(void)
{
	static const struct {
		const char *text;
		int rc;
	} pins[] = {
		{ "sha256//selWWGvPQ5mRbFoWZb0PcZ5GVta54yB6ECxyMrRRpNo=", 0 },
		{ "sha256//selWWGvPQ5mRbFoWZb0PcZ5GVta54yB6ECxyMrRRpNo", -1 },
		{ "sha256//selWWGvPQ5mRbFoWZb0PcZ5GVta54yB6ECxyMrRRp?o=", -1 },
		{ "sha256//selWWGvPQ5mRbFoWZb0PcZ5GVta54yB6ECxyMrRRpN==", -1 },
		{ "selWWGvPQ5mRbFoWZb0PcZ5GVta54yB6ECxyMrRRpNo=", -1 },
		{ "", -1 },
	};
	struct jm_certificate c;
	struct jm_err err = { JM_E_NONE, 0, "" };
	char text[JM_CLOCK_TEXT_BYTES];

	tap_is_int(jm_certificate_read(jm_span_str(pem), &c, &err), 0, "a certificate is read");
	tap_is_str(c.subject, "O=Example,CN=mail.example.net", "subject");
	tap_is_str(c.issuer, "O=Example,CN=mail.example.net", "issuer");
	tap_is_str(c.names, "mail.example.net,alt.example.net,127.0.0.1,::1", "alternative names");
	tap_is_str(jm_clock_format(c.from_ms, text), "2026-11-22T02:37:27.000Z", "valid from");
	tap_is_str(jm_clock_format(c.until_ms, text), "2036-11-19T02:37:27.000Z", "valid until");
	tap_is_str(c.fingerprint,
	    "033ed9e1eee7ec3dd6463b3f290c58e8ac0d47f2160d7f6ab58da82e5f035a58", "fingerprint");
	tap_is_str(c.pin, pins[0].text, "pin");
	for (size_t n = 0; n + 8 < sizeof pem; n += 7) {
		if (jm_certificate_read(jm_span_of(pem, n), &c, &err) == 0)
			break;
		if (n + 15 >= sizeof pem)
			tap_is_int(err.kind, JM_E_CORRUPT, "every beginning of it is refused");
	}
	for (size_t i = 0; i < sizeof pins / sizeof *pins; i++)
		tap_is_int(jm_certificate_check_pin(jm_span_str(pins[i].text)), pins[i].rc,
		    "pin \"%s\"", pins[i].text);
	return tap_done();
}
