/* SPDX-License-Identifier: BSD-2-Clause */
/* Doctor: requirements of TLS and logins, and checks of a certificate. See tls.h. */
#include "milter/ctl/doctor/tls.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/base/certificate.h"
#include "common/base/clock.h"
#include "common/base/io.h"
#include "milter/ctl/cli/data.h"
#include "milter/ctl/cli/endpoints.h"
#include "milter/ctl/doctor/cure.h"

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

bool jm_doctor_is_checked(const struct jm_doctor *d)
{
	struct jm_endpoints e = { .v = NULL };
	unsigned char *p = NULL;
	bool microsoft = false;
	size_t n = 0;

	if (d->settings && jm_data_read(JM_ENDPOINTS_FILE, &p, &n, NULL) == 0 &&
	    jm_endpoints_parse(jm_span_of(p, n), &e, NULL) == 0)
		for (size_t i = 0; i < e.n; i++) {
			const struct jm_ranges *r = &d->settings->authorized_outbounds;

			microsoft = microsoft || jm_endpoints_cover(r->v, r->n, &e.v[i]);
			for (size_t k = 0; k < d->settings->services_n; k++) {
				r = &d->settings->services[k].source_ranges;
				microsoft = microsoft || jm_endpoints_cover(r->v, r->n, &e.v[i]);
			}
		}
	free(p);
	jm_endpoints_release(&e);
	return microsoft || jm_doctor_wants(d).tls || d->smart_hosts.n;
}

static void check_dates(
    struct jm_doctor *d, const struct jm_doctor_certificate *f, const struct jm_certificate *c)
{
	int64_t left_ms = c->until_ms - jm_clock_now_ms();
	char until[JM_CLOCK_TEXT_BYTES];

	jm_clock_format(c->until_ms, until);
	jm_doctor_check(d, "certificate-expired", "certificate %s (%s) is good until %.10s",
	    f->path, c->subject, until);
	jm_doctor_check(
	    d, "certificate-expires", "certificate %s is good for 21 days more", f->path);
	if (left_ms < 0 || c->from_ms > jm_clock_now_ms())
		jm_doctor_add(d, JM_DOCTOR_FAIL, "certificate-expired", f->change,
		    "certificate %s is good until %.10s, not now: senders that check "
		    "it stop",
		    f->path, until);
	else if (left_ms < 21 * DAY_MS)
		jm_doctor_add(d, JM_DOCTOR_WARN, "certificate-expires", f->change,
		    "certificate %s is good until %.10s only", f->path, until);
}

/* The name that a certificate lacks, or NULL. It must have all smart hosts; when none is known, the
 * MTA's name or a journal domain. */
static const char *missing_name(const struct jm_doctor *d, const struct jm_certificate *c)
{
	for (size_t i = 0; i < d->smart_hosts.n; i++)
		if (!jm_certificate_is_for(c, d->smart_hosts.v[i]))
			return d->smart_hosts.v[i];
	if (d->smart_hosts.n || (d->host && jm_certificate_is_for(c, d->host)))
		return NULL;
	for (size_t i = 0; d->settings && d->settings->journal_domains[i]; i++)
		if (jm_certificate_is_for(c, d->settings->journal_domains[i]))
			return NULL;
	return d->host ? d->host : "this machine";
}

/* Senders that check it take only a certificate for the name that they know, of an issuer that they
 * trust. Debian's own certificate fails both, and nobody chose it. */
static void check_trust(
    struct jm_doctor *d, const struct jm_doctor_certificate *f, const struct jm_certificate *c)
{
	const char *missing = missing_name(d, c);
	bool debian = strstr(f->path, "snakeoil") != NULL;
	enum jm_doctor_level level = jm_doctor_is_checked(d) ? JM_DOCTOR_FAIL
	    : debian                                         ? JM_DOCTOR_NOTE
							     : JM_DOCTOR_WARN;

	jm_doctor_check(
	    d, "certificate-name", "certificate %s is for the name of this machine", f->path);
	if (missing)
		jm_doctor_add(d, level, "certificate-name", f->change,
		    "certificate %s is for %s, and not for %s: a sender that checks it, as "
		    "Microsoft 365 does, hands in no report",
		    f->path, c->names[0] ? c->names : c->subject, missing);
	jm_doctor_check(
	    d, "certificate-self-signed", "certificate %s has an issuer: %s", f->path, c->issuer);
	if (c->self_signed || debian)
		jm_doctor_add(d, level, "certificate-self-signed", f->change,
		    "certificate %s was issued by itself (%s): a sender that checks it, as "
		    "Microsoft 365 does, hands in no report",
		    f->path, c->issuer);
}

static void check_key(
    struct jm_doctor *d, const struct jm_doctor_certificate *f, struct jm_span certificate)
{
	const char *path = f->key ? f->key : f->path;
	char cure[JM_CURE_BYTES] = "chmod go-rwx ";
	struct jm_err err = { JM_E_NONE, 0, "" };
	unsigned char *p = NULL;
	struct stat st;
	size_t n = 0;
	int rc = -1;

	jm_doctor_check(d, "certificate-key", "key %s belongs to certificate %s", path, f->path);
	if (jm_io_read_file(path, CERTIFICATE_MAX_BYTES, &p, &n, &err) == 0)
		rc = jm_certificate_has_key(certificate, jm_span_of(p, n), &err);
	free(p);
	if (rc < 0 && err.kind == JM_E_DENIED)
		jm_doctor_add(d, JM_DOCTOR_SKIP, "certificate-key", NULL,
		    "key %s: only root may read it", path);
	else if (rc < 0)
		jm_doctor_add(d, JM_DOCTOR_FAIL, "certificate-key", f->change,
		    "key %s: %s: TLS is not offered, or fails", path, err.text);
	else if (rc == 0)
		jm_doctor_add(d, JM_DOCTOR_FAIL, "certificate-key", f->change,
		    "key %s does not belong to certificate %s: TLS fails", path, f->path);
	jm_doctor_check(d, "key-readable", "key %s is closed to others", path);
	jm_cure_quote(cure, path);
	if (stat(path, &st) == 0 && (st.st_mode & 06))
		jm_doctor_add(d, JM_DOCTOR_FAIL, "key-readable", cure,
		    "key %s has mode %04o: every local user can read or change it", path,
		    (unsigned)st.st_mode & 07777);
}

void jm_doctor_certificate(struct jm_doctor *d, const struct jm_doctor_certificate *f)
{
	struct jm_certificate c;
	struct jm_err err = { JM_E_NONE, 0, "" };
	unsigned char *p = NULL;
	size_t n = 0;

	jm_doctor_check(d, "certificate-unreadable", "certificate %s", f->path);
	if (jm_io_read_file(f->path, CERTIFICATE_MAX_BYTES, &p, &n, &err) != 0 ||
	    jm_certificate_read(jm_span_of(p, n), &c, &err) != 0) {
		jm_doctor_add(d, err.kind == JM_E_DENIED ? JM_DOCTOR_SKIP : JM_DOCTOR_FAIL,
		    "certificate-unreadable", err.kind == JM_E_DENIED ? NULL : f->change,
		    "certificate %s: %s", f->path, err.text);
	} else {
		check_dates(d, f, &c);
		check_trust(d, f, &c);
		if (!f->key || *f->key)
			check_key(d, f, jm_span_of(p, n));
	}
	free(p);
}
