/* SPDX-License-Identifier: BSD-2-Clause */
/* Doctor: what the settings mean, and the files and users that they name. See meaning.h. */
#include "milter/ctl/doctor/meaning.h"

#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/service/mta_table.h"
#include "milter/ctl/cli/data.h"
#include "milter/ctl/cli/endpoints.h"
#include "milter/ctl/doctor/cure.h"
#include "milter/ctl/doctor/postfix_rules.h"
#include "milter/ctl/doctor/socket_access.h"

#define AGE_LEAST_DAYS 3
#define RESERVE_LEAST_BYTES (UINT64_C(64) << 20)

static bool lets_in(const struct jm_ranges *r, const struct jm_cidr *c)
{
	for (size_t i = 0; i < r->n; i++)
		if (jm_cidr_contains(&r->v[i], c))
			return true;
	return false;
}

static void check_loopback(struct jm_doctor *d)
{
	struct jm_cidr loopback;
	bool in;

	if (jm_cidr_parse(jm_span_str("127.0.0.1"), &loopback, NULL) != 0)
		return;
	jm_doctor_check(d, "loopback-allowed", "127.0.0.1 may hand in no reports");
	in = lets_in(&d->settings->authorized_outbounds, &loopback);
	for (size_t i = 0; i < d->settings->services_n; i++)
		in = in || lets_in(&d->settings->services[i].source_ranges, &loopback);
	if (in)
		jm_doctor_add(d, JM_DOCTOR_WARN, "loopback-allowed",
		    "journal-milter.xml: take 127.0.0.1 out of the <range> elements",
		    "127.0.0.1 may send journal reports: every local user can, with Postfix' "
		    "sendmail command and non_smtpd_milters");
}

/* A service with only a part of Microsoft's ranges will refuse mail from the others some day. */
static void check_microsoft(struct jm_doctor *d)
{
	struct jm_endpoints e = { .v = NULL };
	unsigned char *p = NULL;
	size_t n = 0;

	if (jm_data_read(JM_ENDPOINTS_FILE, &p, &n, NULL) != 0 ||
	    jm_endpoints_parse(jm_span_of(p, n), &e, NULL) != 0)
		goto out;
	for (size_t k = 0; k < d->settings->services_n; k++) {
		const struct jm_service *s = &d->settings->services[k];
		const struct jm_ranges *all = &d->settings->authorized_outbounds;
		size_t known = 0;

		for (size_t i = 0; i < e.n; i++)
			known += jm_endpoints_cover(
				     s->source_ranges.v, s->source_ranges.n, &e.v[i]) ||
			    jm_endpoints_cover(all->v, all->n, &e.v[i]);
		jm_doctor_check(d, "ranges-incomplete",
		    "service %s lets in %zu of the %zu ranges of Microsoft 365", s->email_address,
		    known, e.n);
		if (known > 0 && known < e.n)
			jm_doctor_add(d, JM_DOCTOR_WARN, "ranges-incomplete",
			    "jmctl ranges list prints them",
			    "service %s lets in %zu of the %zu ranges of Microsoft 365 (as of %s)",
			    s->email_address, known, e.n, e.date);
	}
out:
	free(p);
	jm_endpoints_release(&e);
}

static bool has_ranges(const struct jm_settings *s)
{
	bool any = s->authorized_outbounds.n > 0;

	for (size_t i = 0; i < s->services_n; i++)
		any = any || s->services[i].source_ranges.n > 0 ||
		    s->services[i].transport == JM_TRANSPORT_POP3;
	return any;
}

/* A range as wide as a large part of the Internet: an IPv4 range of /8 that is not private, or an
 * IPv6 range of less than /24. */
static bool is_wide(const struct jm_cidr *c)
{
	bool four = c->bits >= 96 && c->addr[10] == 0xff && c->addr[11] == 0xff;

	if (!four)
		return c->bits < 24;
	return c->bits <= 104 && c->addr[12] != 10 && c->addr[12] != 127;
}

static void check_wide(struct jm_doctor *d, const struct jm_ranges *r, const char *of)
{
	char text[JM_CIDR_TEXT_BYTES];

	jm_doctor_check(d, "ranges-wide", "%s: %zu ranges of clients", of, r->n);
	for (size_t i = 0; i < r->n; i++)
		if (is_wide(&r->v[i]))
			jm_doctor_add(d, JM_DOCTOR_WARN, "ranges-wide",
			    "journal-milter.xml: the addresses of Exchange in <range>, no others",
			    "%s: %s may hand in journal reports: anybody there can plant mail in "
			    "the archive",
			    of, jm_cidr_format(&r->v[i], text));
}

/* The commands that give the users, groups and files that the settings name. */
static void check_accounts(struct jm_doctor *d)
{
	const char *user = d->settings->user, *group = d->settings->socket_group;
	char cure[JM_CURE_BYTES] = "";

	if (user) {
		jm_doctor_check(d, "no-user", "there is the user %s", user);
		jm_cure_more(cure, "useradd --system ");
		jm_cure_quote(cure, user);
		if (!getpwnam(user))
			jm_doctor_add(d, JM_DOCTOR_FAIL, "no-user", cure,
			    "there is no user %s, which <user> names: the daemon does not start",
			    user);
	}
	if (group) {
		cure[0] = '\0';
		jm_doctor_check(d, "no-group", "there is the group %s", group);
		jm_cure_more(cure, "groupadd --system ");
		jm_cure_quote(cure, group);
		if (!getgrnam(group))
			jm_doctor_add(d, JM_DOCTOR_FAIL, "no-group", cure,
			    "there is no group %s, which <socket-group> names: the daemon does not "
			    "start",
			    group);
	}
}

/* A file with a secret: it must be there, for the daemon's user and nobody else. */
static void check_secret(struct jm_doctor *d, const char *name, const char *path, const char *of)
{
	const char *user = d->settings->user;
	const struct passwd *pw = user ? getpwnam(user) : NULL;
	char cure[JM_CURE_BYTES] = "";
	struct stat st;

	jm_doctor_check(d, name, "%s: %s is there, and closed to others", of, path);
	if (stat(path, &st) != 0) {
		if (errno == EACCES) {
			jm_doctor_add(d, JM_DOCTOR_SKIP, name, NULL,
			    "%s: %s: only root may look at it", of, path);
			return;
		}
		jm_cure_more(
		    cure, "install -m 0640%s%s /dev/stdin ", pw ? " -g " : "", pw ? user : "");
		jm_cure_quote(cure, path);
		jm_doctor_add(d, JM_DOCTOR_FAIL, name, cure,
		    "%s: %s is not there: no login is possible", of, path);
		return;
	}
	jm_cure_more(cure, "chmod o-rwx ");
	jm_cure_quote(cure, path);
	if (st.st_mode & 07)
		jm_doctor_add(d, JM_DOCTOR_FAIL, name, cure,
		    "%s: %s has mode %04o: every local user can read or change it", of, path,
		    (unsigned)st.st_mode & 07777);
}

static void check_secrets(struct jm_doctor *d)
{
	const struct jm_settings *s = d->settings;
	char cure[JM_CURE_BYTES] = "chmod o-rwx ";
	bool password = false;
	struct stat st;

	for (size_t i = 0; i < s->services_n; i++) {
		password = password || s->services[i].pop3.password;
		if (s->services[i].pop3.password_file)
			check_secret(d, "password-file", s->services[i].pop3.password_file,
			    s->services[i].email_address);
	}
	jm_doctor_check(d, "settings-mode", "%s can be changed by root only", d->config);
	if (stat(d->config, &st) != 0)
		return;
	jm_cure_quote(cure, d->config);
	if (st.st_mode & 02)
		jm_doctor_add(d, JM_DOCTOR_FAIL, "settings-mode", cure,
		    "%s has mode %04o: every local user can change it", d->config,
		    (unsigned)st.st_mode & 07777);
	else if (password && (st.st_mode & 04))
		jm_doctor_add(d, JM_DOCTOR_FAIL, "settings-mode", cure,
		    "%s has mode %04o and a password: every local user can read it", d->config,
		    (unsigned)st.st_mode & 07777);
}

/* A file of known addresses, or a table whose file that is: without it mail for internal addresses
 * is set aside. A table that was not made yet has its text beside it. */
static void check_source(struct jm_doctor *d, const char *name, const char *file)
{
	const char *text = name[0] == '/' ? NULL : strchr(name, ':') + 1;
	char cure[JM_CURE_BYTES] = "";

	jm_doctor_check(d, "directory-source", "%s is there", name);
	if (access(file, F_OK) == 0 || errno != ENOENT)
		return;
	if (text && strcmp(text, file) != 0 && access(text, F_OK) == 0) {
		jm_cure_more(cure, "postmap ");
		jm_cure_quote(cure, name);
	} else {
		jm_cure_more(cure, "journal-milter.xml: the right path in <directory-sources>");
	}
	jm_doctor_add(d, JM_DOCTOR_FAIL, "directory-source", cure,
	    "%s is not there%s%s: its addresses count as unknown, and their mail is set aside",
	    name, text ? " as " : "", text ? file : "");
}

static void check_directory(struct jm_doctor *d)
{
	const struct jm_settings *s = d->settings;
	char file[PATH_MAX];
	struct jm_err err;

	for (size_t i = 0; i < s->directory_files_n; i++)
		check_source(d, s->directory_files[i].name, s->directory_files[i].name);
	for (size_t i = 0; i < s->directory_maps_n; i++)
		if (jm_mta_table_path(s->directory_maps[i].name, file, sizeof file, &err) == 0)
			check_source(d, s->directory_maps[i].name, file);
}

/* Several services at one address: only the first would ever get mail. */
static void check_twice(struct jm_doctor *d)
{
	const struct jm_settings *s = d->settings;

	jm_doctor_check(
	    d, "address-twice", "%zu services, each with an address of its own", s->services_n);
	for (size_t i = 0; i < s->services_n; i++)
		for (size_t k = 0; k < i; k++)
			if (jm_span_eq_nocase(jm_span_str(s->services[i].email_address),
				jm_span_str(s->services[k].email_address)))
				jm_doctor_add(d, JM_DOCTOR_FAIL, "address-twice",
				    "journal-milter.xml: another <email-address> for one of them",
				    "two services have the address %s: one of them never gets mail",
				    s->services[i].email_address);
}

static void check_limits(struct jm_doctor *d)
{
	const struct jm_settings *s = d->settings;

	jm_doctor_check(d, "message-size", "max-message-size is %llu bytes",
	    (unsigned long long)s->max_message_bytes);
	if (s->max_message_bytes < JM_EXCHANGE_MAX_BYTES)
		jm_doctor_add(d, JM_DOCTOR_FAIL, "message-size",
		    "journal-milter.xml: <max-message-size>512M</max-message-size> in <archive>",
		    "max-message-size is %llu bytes: a larger report gets a 4xx until its sender "
		    "gives up; Exchange sends up to 150 MB",
		    (unsigned long long)s->max_message_bytes);
	jm_doctor_check(d, "disk-reserve", "disk-reserve is %llu bytes",
	    (unsigned long long)s->disk_reserve_bytes);
	if (s->disk_reserve_bytes < RESERVE_LEAST_BYTES)
		jm_doctor_add(d, JM_DOCTOR_WARN, "disk-reserve",
		    "journal-milter.xml: <disk-reserve>256M</disk-reserve> in <archive>",
		    "disk-reserve is %llu bytes: the disk can become so full that not even a "
		    "refusal can be noted",
		    (unsigned long long)s->disk_reserve_bytes);
	for (size_t i = 0; i < s->services_n; i++) {
		const struct jm_service *v = &s->services[i];

		jm_doctor_check(d, "maximum-age", "service %s: maximum-age is %d days",
		    v->email_address, v->maximum_age_days);
		if (v->maximum_age_days > 0 && v->maximum_age_days < AGE_LEAST_DAYS)
			jm_doctor_add(d, JM_DOCTOR_WARN, "maximum-age",
			    "journal-milter.xml: <maximum-age>30</maximum-age>",
			    "service %s: maximum-age is %d days: reports that waited at the sender "
			    "over a weekend are set aside",
			    v->email_address, v->maximum_age_days);
	}
}

static void check_services(struct jm_doctor *d)
{
	const struct jm_settings *s = d->settings;

	jm_doctor_check(d, "no-service", "there are %zu journal services", s->services_n);
	jm_doctor_check(d, "no-range", "somebody may hand in reports");
	if (s->services_n == 0)
		jm_doctor_add(d, JM_DOCTOR_FAIL, "no-service",
		    "journal-milter.xml: a <journal-service>", "there is no journal service");
	else if (!has_ranges(s))
		jm_doctor_add(d, JM_DOCTOR_FAIL, "no-range",
		    "journal-milter.xml: <authorized-outbounds>",
		    "no address may send: every report is refused");
	for (size_t i = 0; i < s->services_n; i++) {
		jm_doctor_check(
		    d, "service-disabled", "service %s is enabled", s->services[i].email_address);
		if (s->services[i].disabled)
			jm_doctor_add(d, JM_DOCTOR_WARN, "service-disabled",
			    "journal-milter.xml: <disabled>no</disabled>", "service %s is disabled",
			    s->services[i].email_address);
		if (s->services[i].source_ranges.n)
			check_wide(d, &s->services[i].source_ranges, s->services[i].email_address);
	}
	check_wide(d, &s->authorized_outbounds, "authorized-outbounds");
}

void jm_doctor_settings(struct jm_doctor *d)
{
	d->group = "settings";
	if (!d->settings)
		return;
	check_services(d);
	check_twice(d);
	check_limits(d);
	check_accounts(d);
	check_secrets(d);
	check_directory(d);
	check_loopback(d);
	check_microsoft(d);
	jm_doctor_reach(d);
}
