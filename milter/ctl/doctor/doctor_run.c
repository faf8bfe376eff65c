/* SPDX-License-Identifier: BSD-2-Clause */
/* Helpers of the groups: running an MTA's own tools, and what a user may do with a socket. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/certificate.h"
#include "common/base/clock.h"
#include "common/base/io.h"
#include "milter/ctl/doctor/doctor.h"

#define GROUPS_MAX 256
#define CERTIFICATE_MAX_BYTES (1024u * 1024)
#define DAY_MS (24 * 3600 * INT64_C(1000))

/* Read both pipes to their ends; what does not fit is dropped. */
static void collect(const int fds[2], struct jm_buf *const bufs[2])
{
	struct pollfd p[2] = { { fds[0], POLLIN, 0 }, { fds[1], POLLIN, 0 } };
	char chunk[4096];

	while (p[0].fd >= 0 || p[1].fd >= 0) {
		if (poll(p, 2, -1) < 0 && errno != EINTR)
			return;
		for (int i = 0; i < 2; i++) {
			ssize_t n;

			if (p[i].fd < 0 || !p[i].revents)
				continue;
			n = read(p[i].fd, chunk, sizeof chunk);
			if (n > 0 && bufs[i] && jm_buf_add(bufs[i], chunk, (size_t)n, NULL) != 0)
				continue; /* the program must still be able to end */
			if (n == 0 || (n < 0 && errno != EINTR))
				p[i].fd = -1;
		}
	}
}

static char *environment(void)
{
	static char path[4096];
	const char *given = getenv("PATH");

	snprintf(path, sizeof path, "PATH=%s:/usr/sbin:/sbin:/usr/bin:/bin", given ? given : "");
	return path;
}

static int spawn(const char *const *argv, const int out[2], const int complaint[2], pid_t *pid_r)
{
	char *env[] = { environment(), NULL };
	posix_spawn_file_actions_t a;
	int rc = posix_spawn_file_actions_init(&a);

	if (rc != 0)
		return rc;
	rc = posix_spawn_file_actions_addopen(&a, 0, "/dev/null", O_RDONLY, 0);
	if (rc == 0)
		rc = posix_spawn_file_actions_adddup2(&a, out[1], 1);
	if (rc == 0)
		rc = posix_spawn_file_actions_adddup2(&a, complaint[1], 2);
	if (rc == 0) {
		char path[4096];
		const char *folders[] = { "/usr/sbin", "/usr/bin", "/sbin", "/bin",
			"/usr/local/sbin", "/usr/lib/sm.bin" };

		rc = strchr(argv[0], '/')
		    ? posix_spawn(pid_r, argv[0], &a, NULL, (char *const *)(uintptr_t)argv, env)
		    : ENOENT;
		for (size_t i = 0; rc == ENOENT && !strchr(argv[0], '/') &&
		     i < sizeof folders / sizeof folders[0];
		     i++) {
			snprintf(path, sizeof path, "%s/%s", folders[i], argv[0]);
			rc = posix_spawn(
			    pid_r, path, &a, NULL, (char *const *)(uintptr_t)argv, env);
		}
	}
	(void)posix_spawn_file_actions_destroy(&a);
	return rc;
}

int jm_doctor_run(
    const char *const *argv, struct jm_buf *out, struct jm_buf *complaint, struct jm_err *err)
{
	int o[2] = { -1, -1 }, c[2] = { -1, -1 }, rc = -1, status = 0;
	pid_t pid = 0;

	if (pipe2(o, O_CLOEXEC) != 0 || pipe2(c, O_CLOEXEC) != 0) {
		(void)jm_err_sys(err, JM_E_TEMP, "cannot make a pipe");
		goto out;
	}
	errno = spawn(argv, o, c, &pid);
	if (errno != 0) {
		rc = errno == ENOENT ? 127 : jm_err_sys(err, JM_E_TEMP, "cannot run %s", argv[0]);
		goto out;
	}
	close(o[1]);
	close(c[1]);
	o[1] = c[1] = -1;
	collect((int[2]){ o[0], c[0] }, (struct jm_buf *[2]){ out, complaint });
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	rc = WIFEXITED(status) ? WEXITSTATUS(status) : 126;
out:
	for (int i = 0; i < 2; i++) {
		if (o[i] >= 0)
			close(o[i]);
		if (c[i] >= 0)
			close(c[i]);
	}
	return rc;
}

char *jm_doctor_socket(const char *socket, char *text, size_t text_bytes)
{
	const char *rest = strchr(socket, ':'), *at = strchr(socket, '@'), *host;

	if (!rest || strncmp(socket, "inet", 4) != 0) {
		snprintf(text, text_bytes, "unix:%s", rest ? rest + 1 : socket);
		return text;
	}
	host = at ? at + 1 : "";
	if (strcmp(host, "localhost") == 0 || !*host)
		host = "127.0.0.1";
	snprintf(text, text_bytes, "inet:%s:%.*s", host,
	    at ? (int)(at - rest - 1) : (int)strlen(rest + 1), rest + 1);
	return text;
}

/* The permission bit of one file for a user: want is 1 (search) or 2 (write). */
static bool allowed(
    const struct stat *st, uid_t uid, const gid_t *groups, int groups_n, mode_t want)
{
	if (uid == 0)
		return true;
	if (st->st_uid == uid)
		return (st->st_mode & (want << 6)) != 0;
	for (int i = 0; i < groups_n; i++)
		if (st->st_gid == groups[i])
			return (st->st_mode & (want << 3)) != 0;
	return (st->st_mode & want) != 0;
}

int jm_doctor_may_connect(const char *path, const char *user, char *what, size_t what_bytes)
{
	const struct passwd *pw = getpwnam(user);
	gid_t groups[GROUPS_MAX];
	int groups_n = GROUPS_MAX;
	char part[4096];
	struct stat st;

	if (!pw || getgrouplist(user, pw->pw_gid, groups, &groups_n) < 0)
		return -1;
	for (size_t n = 1; n <= strlen(path); n++) {
		bool last = path[n] == '\0';

		if (!last && path[n] != '/')
			continue;
		snprintf(part, sizeof part, "%.*s", (int)n, path);
		snprintf(what, what_bytes, "%s", part);
		if (stat(part, &st) != 0 ||
		    !allowed(&st, pw->pw_uid, groups, groups_n, last ? 2 : 1))
			return 0;
	}
	return 1;
}

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

void jm_doctor_certificate(
    struct jm_doctor *d, const char *group, const char *setting, const char *path)
{
	struct jm_certificate c;
	struct jm_err err = { JM_E_NONE, 0, "" };
	unsigned char *p = NULL;
	size_t n = 0;
	int64_t left_ms;
	char until[JM_CLOCK_TEXT_BYTES];

	if (jm_io_read_file(path, CERTIFICATE_MAX_BYTES, &p, &n, &err) != 0 ||
	    jm_certificate_read(jm_span_of(p, n), &c, &err) != 0) {
		jm_doctor_add(d, JM_DOCTOR_FAIL, group, "certificate-unreadable", setting,
		    "certificate %s: %s", path, err.text);
		free(p);
		return;
	}
	free(p);
	left_ms = c.until_ms - jm_clock_now_ms();
	jm_clock_format(c.until_ms, until);
	if (left_ms < 0 || c.from_ms > jm_clock_now_ms())
		jm_doctor_add(d, JM_DOCTOR_FAIL, group, "certificate-expired", setting,
		    "certificate %s holds until %.10s, not now: senders that check "
		    "it stop",
		    path, until);
	else if (left_ms < 21 * DAY_MS)
		jm_doctor_add(d, JM_DOCTOR_WARN, group, "certificate-expires", setting,
		    "certificate %s holds until %.10s only", path, until);
	else
		jm_doctor_add(d, JM_DOCTOR_OK, group, "certificate", NULL,
		    "certificate %s (%s) holds until %.10s", path, c.subject, until);
}
