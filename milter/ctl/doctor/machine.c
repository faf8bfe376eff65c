/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Doctor: what the settings mean, the daemon's socket, the archive's folder, disk, clock, and the
 * names of the journal domains.
 */
#include "milter/ctl/doctor/machine.h"

#include <arpa/nameser.h>
#include <errno.h>
#include <netdb.h>
#include <pwd.h>
#include <resolv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "milter/ctl/cli/data.h"
#include "milter/ctl/cli/endpoints.h"
#include "milter/ctl/doctor/socket_access.h"

#define GIB (UINT64_C(1) << 30)
#define BUILT_MS INT64_C(1767225600000) /* 2026-01-01: an earlier time is wrong */
#define AHEAD_MS (5 * 60 * 1000)
#define EXCHANGE_MAX_BYTES 157286400 /* the largest message of Exchange */

/* Check that the daemon answers: nothing else matters when it does not. */
static void check_answers(struct jm_doctor *d)
{
	char text[512];
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *found = NULL;
	const char *colon;
	int fd = -1, rc = -1;

	d->group = "daemon";
	jm_doctor_socket(d->settings->socket, text, sizeof text);
	if (strncmp(text, "unix:", 5) == 0) {
		snprintf(un.sun_path, sizeof un.sun_path, "%s", text + 5);
		fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		rc = fd < 0 ? -1 : connect(fd, (const struct sockaddr *)&un, sizeof un);
	} else {
		char host[256];

		colon = strrchr(text, ':');
		snprintf(host, sizeof host, "%.*s", (int)(colon - text - 5), text + 5);
		errno = EHOSTUNREACH;
		if (getaddrinfo(host, colon + 1, &hints, &found) == 0) {
			fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
			rc = fd < 0 ? -1 : connect(fd, found->ai_addr, found->ai_addrlen);
			freeaddrinfo(found);
		}
	}
	if (rc != 0) {
		char cause[128];

		jm_doctor_add(d, JM_DOCTOR_FAIL, "daemon-silent", "start journal-milter",
		    "nobody answers at %s: %s; reports wait at the sender", text,
		    strerror_r(errno, cause, sizeof cause));
	}
	if (fd >= 0)
		close(fd);
}

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

void jm_doctor_settings(struct jm_doctor *d)
{
	d->group = "settings";
	if (!d->settings)
		return;
	if (d->settings->services_n == 0)
		jm_doctor_add(d, JM_DOCTOR_FAIL, "no-service",
		    "journal-milter.xml: a <journal-service>", "there is no journal service");
	else if (!has_ranges(d->settings))
		jm_doctor_add(d, JM_DOCTOR_FAIL, "no-range",
		    "journal-milter.xml: <authorized-outbounds>",
		    "no address may send: every report is refused");
	for (size_t i = 0; i < d->settings->services_n; i++)
		if (d->settings->services[i].disabled)
			jm_doctor_add(d, JM_DOCTOR_WARN, "service-disabled",
			    "journal-milter.xml: <disabled>no</disabled>", "service %s is disabled",
			    d->settings->services[i].email_address);
	if (d->settings->max_message_bytes < EXCHANGE_MAX_BYTES)
		jm_doctor_add(d, JM_DOCTOR_FAIL, "message-size",
		    "journal-milter.xml: <max-message-size>512M</max-message-size> in <archive>",
		    "max-message-size is %llu bytes: a larger report gets a 4xx until its sender "
		    "gives up; Exchange sends up to 150 MB",
		    (unsigned long long)d->settings->max_message_bytes);
	check_loopback(d);
	check_microsoft(d);
	check_answers(d);
}

static void check_disk(struct jm_doctor *d)
{
	struct statvfs fs;
	struct stat st;
	uint64_t left, whole;
	const char *folder = d->settings->archive_directory, *user = d->settings->user;
	const struct passwd *pw = user ? getpwnam(user) : NULL;

	if (user && !pw)
		jm_doctor_add(d, JM_DOCTOR_FAIL, "no-user",
		    "adduser --system --group, or <user> in journal-milter.xml",
		    "there is no user %s", user);
	if (stat(folder, &st) != 0 || statvfs(folder, &fs) != 0) {
		jm_doctor_add(d, JM_DOCTOR_FAIL, "no-archive",
		    "journal-milter.xml: <directory> in <archive>",
		    "the archive folder %s cannot be "
		    "looked at: %m",
		    folder);
		return;
	}
	if (pw && st.st_uid != pw->pw_uid)
		jm_doctor_add(d, JM_DOCTOR_FAIL, "archive-owner",
		    "chown -R, or <user> in journal-milter.xml",
		    "the archive folder %s does not belong to %s", folder, user);
	left = (uint64_t)fs.f_bavail * fs.f_frsize;
	whole = (uint64_t)fs.f_blocks * fs.f_frsize;
	if (left < GIB || left < d->settings->disk_reserve_bytes ||
	    (fs.f_files > 0 && fs.f_favail < 100))
		jm_doctor_add(d, JM_DOCTOR_FAIL, "disk-full",
		    "a larger disk; more volumes stay readable on another one, see <archive>",
		    "%s: %llu MB and %llu files are left; below <disk-reserve>, %llu MB, every "
		    "report gets a 451",
		    folder, (unsigned long long)(left >> 20), (unsigned long long)fs.f_favail,
		    (unsigned long long)(d->settings->disk_reserve_bytes >> 20));
	else if (left < 5 * GIB || left < whole / 20)
		jm_doctor_add(d, JM_DOCTOR_WARN, "disk-low", "a larger disk",
		    "%s: %llu MB of %llu MB are left", folder, (unsigned long long)(left >> 20),
		    (unsigned long long)(whole >> 20));
}

/* The status page and node_exporter run as other users. */
static void check_publish(struct jm_doctor *d)
{
	const struct jm_settings *s = d->settings;
	struct stat st;

	if (s->publish_interval_s == 0 || !s->publish_directory)
		return;
	if (stat(s->publish_directory, &st) != 0)
		jm_doctor_add(d, JM_DOCTOR_WARN, "publish-folder",
		    "systemd-tmpfiles --create, or <directory> in <publish>",
		    "the publish folder %s cannot be looked at: %m", s->publish_directory);
	else if ((st.st_mode & 05) != 05)
		jm_doctor_add(d, JM_DOCTOR_WARN, "publish-folder", "chmod 0755 on that folder",
		    "the publish folder %s is closed to others: "
		    "journal-milter-web and node_exporter cannot read the published state",
		    s->publish_directory);
}

/* When the archive was last written to, by this machine's clock; 0: unknown. */
static int64_t last_written_ms(const char *folder)
{
	static const char *const names[] = { "volumes", "catalog", "lock" };
	int64_t last_ms = 0;
	char path[4096];
	struct stat st;

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		snprintf(path, sizeof path, "%s/%s", folder, names[i]);
		if (stat(path, &st) == 0 && (int64_t)st.st_mtime * 1000 > last_ms)
			last_ms = (int64_t)st.st_mtime * 1000;
	}
	return last_ms;
}

static void check_clock(struct jm_doctor *d)
{
	int64_t now = jm_clock_now_ms();
	struct timex t = { .modes = 0 };
	struct stat st;
	char text[JM_CLOCK_TEXT_BYTES];

	jm_clock_format(now, text);
	if (now < BUILT_MS)
		jm_doctor_add(d, JM_DOCTOR_FAIL, "clock-wrong", "set the clock; install chrony",
		    "the clock says %s: no report of today would "
		    "pass the test of its age",
		    text);
	else if (stat(d->config, &st) == 0 && (int64_t)st.st_mtime * 1000 > now + AHEAD_MS)
		jm_doctor_add(d, JM_DOCTOR_FAIL, "clock-wrong", "set the clock; install chrony",
		    "the clock says %s, and %s was written "
		    "later: the clock is behind, or was ahead",
		    text, d->config);
	else if (last_written_ms(d->settings->archive_directory) > now + AHEAD_MS)
		jm_doctor_add(d, JM_DOCTOR_FAIL, "clock-wrong", "set the clock; install chrony",
		    "the clock says %s, and the archive was written "
		    "later: the clock is behind, or was ahead, and then reports were judged by a "
		    "wrong age",
		    text);
	if (adjtimex(&t) >= 0 && (t.status & STA_UNSYNC))
		jm_doctor_add(d, JM_DOCTOR_OK, "clock-free", NULL,
		    "the kernel's clock is not steered; where this is no virtual machine whose "
		    "host does it, install chrony");
}

void jm_doctor_machine(struct jm_doctor *d)
{
	d->group = "machine";
	if (!d->settings)
		return;
	check_disk(d);
	check_publish(d);
	check_clock(d);
}

/*
 * Exchange needs only the name of its smart host; the journal domain's own name is the default of
 * jmctl setup.
 */
void jm_doctor_dns(struct jm_doctor *d)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *found;

	d->group = "dns";
	if (!d->settings)
		return;
	for (size_t i = 0; d->settings->journal_domains[i]; i++) {
		const char *name = d->settings->journal_domains[i];
		unsigned char answer[4096];
		int rc = getaddrinfo(name, "25", &hints, &found);

		if (rc == 0)
			freeaddrinfo(found);
		else if (res_query(name, ns_c_in, ns_t_mx, answer, (int)sizeof answer) < 0)
			jm_doctor_add(d, JM_DOCTOR_WARN, "no-address",
			    "an A or AAAA record, unless Exchange uses another smart host",
			    "%s has neither an address nor an MX record: %s", name,
			    gai_strerror(rc));
	}
}
