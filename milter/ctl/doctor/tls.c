/* SPDX-License-Identifier: BSD-2-Clause */
/* Requirements of TLS and logins, and checks of a certificate. See tls.h. */
#include "milter/ctl/doctor/tls.h"

#include <stdlib.h>

#include "common/base/certificate.h"
#include "common/base/clock.h"
#include "common/base/io.h"

#define CERTIFICATE_MAX_BYTES (1024u * 1024)
#define DAY_MS (24 * 3600 * INT64_C(1000))

struct jm_doctor_wants jm_doctor_wants(const struct jm_doctor *d)
{
	struct jm_doctor_wants w = { .tls = false };

	for (size_t i = 0; d->settings && i < d->settings->services_n; i++) {
		const struct jm_service *s = &d->settings->services[i];

		if (s->disabled || s->transport != JM_TRANSPORT_SMTP)
			continue;
		w.tls = w.tls || s->encrypted;
		w.client_certificate = w.client_certificate ||
		    (s->encrypted && s->encryption_mode == JM_ENCRYPTION_STRICT);
		w.login = w.login || s->use_smtp_authentication;
	}
	return w;
}

void jm_doctor_certificate(struct jm_doctor *d, const char *setting, const char *path)
{
	struct jm_certificate c;
	struct jm_err err = { JM_E_NONE, 0, "" };
	unsigned char *p = NULL;
	size_t n = 0;
	int64_t left_ms;
	char until[JM_CLOCK_TEXT_BYTES];

	if (jm_io_read_file(path, CERTIFICATE_MAX_BYTES, &p, &n, &err) != 0 ||
	    jm_certificate_read(jm_span_of(p, n), &c, &err) != 0) {
		jm_doctor_add(d, JM_DOCTOR_FAIL, "certificate-unreadable", setting,
		    "certificate %s: %s", path, err.text);
		free(p);
		return;
	}
	free(p);
	left_ms = c.until_ms - jm_clock_now_ms();
	jm_clock_format(c.until_ms, until);
	if (left_ms < 0 || c.from_ms > jm_clock_now_ms())
		jm_doctor_add(d, JM_DOCTOR_FAIL, "certificate-expired", setting,
		    "certificate %s holds until %.10s, not now: senders that check "
		    "it stop",
		    path, until);
	else if (left_ms < 21 * DAY_MS)
		jm_doctor_add(d, JM_DOCTOR_WARN, "certificate-expires", setting,
		    "certificate %s holds until %.10s only", path, until);
	else
		jm_doctor_add(d, JM_DOCTOR_OK, "certificate", NULL,
		    "certificate %s (%s) holds until %.10s", path, c.subject, until);
}
