/* SPDX-License-Identifier: BSD-2-Clause */
/* Addresses of sockets, and permissions on the way to one. See socket.h. */
#include "milter/ctl/doctor/socket.h"

#include <grp.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

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
