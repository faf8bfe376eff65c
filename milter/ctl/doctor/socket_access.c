/* SPDX-License-Identifier: BSD-2-Clause */
/* Addresses of sockets, permissions on the way to one, and the users that reach one. See
 * socket_access.h. */
#include "milter/ctl/doctor/socket_access.h"

#include <grp.h>
#include <netdb.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "common/base/cidr.h"
#include "milter/ctl/doctor/cure.h"

#define GROUPS_MAX 256

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

/* Does a file grant a permission to a user? want: 1 (search) or 2 (write). */
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

/* May every user connect to the Unix socket at path? *mode_r: its permissions. */
static bool is_open(const char *path, mode_t *mode_r)
{
	char part[4096];
	struct stat st;

	for (size_t n = 1; n <= strlen(path); n++) {
		bool last = path[n] == '\0';

		if (!last && path[n] != '/')
			continue;
		snprintf(part, sizeof part, "%.*s", (int)n, path);
		if (stat(part, &st) != 0 || !(st.st_mode & (last ? S_IWOTH : S_IXOTH)))
			return false;
		*mode_r = st.st_mode & 0777;
	}
	return true;
}

static void check_unix(struct jm_doctor *d, const char *path)
{
	char cure[JM_CURE_BYTES] = "chmod o-rwx ";
	mode_t mode = 0;

	if (!is_open(path, &mode))
		return;
	jm_cure_quote(cure, path);
	if (d->settings->socket_mode & 07)
		jm_cure_more(cure,
		    "; and in journal-milter.xml <socket-mode>0660</socket-mode>, with the MTA's "
		    "group as <socket-group>");
	jm_doctor_add(d, JM_DOCTOR_WARN, "socket-open", cure,
	    "the milter's socket %s has mode %04o: every user of this machine can hand in messages "
	    "as any client",
	    path, (unsigned)mode);
}

static bool is_loopback(const struct sockaddr *sa)
{
	struct jm_cidr c, v4, v6;
	struct jm_err err;

	return jm_cidr_from_sockaddr(sa, &c) &&
	    jm_cidr_parse(jm_span_str("127.0.0.0/8"), &v4, &err) == 0 &&
	    jm_cidr_parse(jm_span_str("::1"), &v6, &err) == 0 &&
	    (jm_cidr_contains(&v4, &c) || jm_cidr_contains(&v6, &c));
}

/* Is every address of a host name loopback? A name that nobody knows is not. */
static bool all_loopback(const char *host)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *found = NULL;
	bool loopback = getaddrinfo(host, NULL, &hints, &found) == 0 && found;

	for (const struct addrinfo *a = found; a && loopback; a = a->ai_next)
		loopback = is_loopback(a->ai_addr);
	if (found)
		freeaddrinfo(found);
	return loopback;
}

/* text: "inet:HOST:PORT" of the socket. */
static void check_inet(struct jm_doctor *d, const char *text)
{
	const char *socket = d->settings->socket, *port = strrchr(text, ':') + 1;
	char cure[JM_CURE_BYTES] = "", edit[1100], host[512];
	bool v6 = strncmp(socket, "inet6", 5) == 0;

	snprintf(host, sizeof host, "%.*s", (int)(port - 1 - text - 5), text + 5);
	if (*host == '[') /* [::1] */
		snprintf(host, sizeof host, "%.*s", (int)strcspn(text + 6, "]"), text + 6);
	if (all_loopback(host)) {
		jm_doctor_add(d, JM_DOCTOR_NOTE, "socket-open",
		    "journal-milter.xml: <socket>unix:/run/journal-milter/milter.sock</socket>, "
		    "and the same in the MTA",
		    "%s: every user of this machine can connect and hand in messages as any "
		    "client; only a unix socket can be kept to the MTA",
		    text);
		return;
	}
	snprintf(edit, sizeof edit, "s|<socket>%s</socket>|<socket>%s:%s@%s</socket>|", socket,
	    v6 ? "inet6" : "inet", port, v6 ? "::1" : "127.0.0.1");
	jm_cure_more(cure, "sed -i ");
	jm_cure_quote(cure, edit);
	jm_cure_more(cure, " ");
	jm_cure_quote(cure, d->config);
	jm_cure_more(cure, " && systemctl restart journal-milter");
	jm_doctor_add(d, JM_DOCTOR_WARN, "socket-open", cure,
	    "%s: every machine that reaches this port can hand in messages as any client; if the "
	    "MTA is another machine, keep the port to its address with a firewall",
	    text);
}

void jm_doctor_reach(struct jm_doctor *d)
{
	char text[512];

	jm_doctor_socket(d->settings->socket, text, sizeof text);
	jm_doctor_check(d, "socket-open", "only the MTA reaches the socket %s", text);
	if (strncmp(text, "unix:", 5) == 0)
		check_unix(d, text + 5);
	else
		check_inet(d, text);
}
