/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A daemon keeps DIR/lock open and its settings in DIR/last-settings.xml: from the process one gets
 * to its archive, from there to its control socket. See instance.h.
 */
#include "milter/ctl/cli/instance.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/archive/archive.h"
#include "common/base/io.h"
#include "common/base/span.h"
#include "common/control/client.h"
#include "common/settings/default.h"
#include "common/settings/loader.h"

#define FILE_MAX_BYTES (4u << 20)
#define COMMAND_MAX_BYTES 65536
#define PROGRAM "journal-milter"
#define USUAL_ARCHIVE "/var/lib/journal-milter"

struct found {
	char *socket;
	int fd;
};

static bool try_socket(struct found *f, const char *path)
{
	struct jm_err ignored;

	if (jm_client_connect(path, &f->fd, &ignored) != 1)
		return false;
	f->socket = strdup(path);
	if (f->socket)
		return true;
	close(f->fd);
	return false;
}

/* The control socket of the daemon whose archive is dir. */
static bool try_archive(struct found *f, const char *dir)
{
	char path[PATH_MAX];
	struct jm_settings *kept = NULL;
	struct jm_err ignored;
	bool ok = false;

	if (snprintf(path, sizeof path, "%s/last-settings.xml", dir) < (int)sizeof path &&
	    jm_settings_load(path, &kept, NULL, &ignored) == 0)
		ok = try_socket(f, kept->control_socket);
	jm_settings_unref(&kept);
	return ok ||
	    (snprintf(path, sizeof path, "%s/control.sock", dir) < (int)sizeof path &&
		try_socket(f, path));
}

/* ---- by the process ---- */

/* path as an absolute path without links in its folders; the file itself need not exist. */
static bool canonical(const char *path, const char *from, char out[PATH_MAX])
{
	char whole[PATH_MAX], folder[PATH_MAX], *name;
	int n = path[0] == '/' ? snprintf(whole, sizeof whole, "%s", path)
			       : snprintf(whole, sizeof whole, "%s/%s", from, path);

	if (n >= (int)sizeof whole)
		return false;
	if (realpath(whole, out))
		return true;
	name = strrchr(whole, '/');
	*name = '\0';
	return realpath(*whole ? whole : "/", folder) &&
	    snprintf(out, PATH_MAX, "%s/%s", folder, name + 1) < PATH_MAX;
}

static bool read_link(long pid, const char *name, char out[PATH_MAX])
{
	char path[64];
	ssize_t n;

	snprintf(path, sizeof path, "/proc/%ld/%s", pid, name);
	n = readlink(path, out, PATH_MAX - 1);
	out[n > 0 ? n : 0] = '\0';
	return n > 0;
}

/* Is it a daemon, of a program that no stranger can have put there? */
static bool is_daemon(long pid)
{
	char path[64], program[PATH_MAX];
	const char *name;
	struct stat st;

	snprintf(path, sizeof path, "/proc/%ld/exe", pid);
	if (!read_link(pid, "exe", program) || stat(path, &st) != 0)
		return false;
	name = strrchr(program, '/');
	return name && strncmp(name + 1, PROGRAM, strlen(PROGRAM)) == 0 &&
	    (name[1 + strlen(PROGRAM)] == '\0' || name[1 + strlen(PROGRAM)] == ' ') &&
	    (st.st_uid == 0 || st.st_uid == geteuid()) && (st.st_mode & 022) == 0;
}

/* The value of -c in the command line; the installed file without it. */
static const char *option_c(const char *command, size_t n)
{
	const char *found = JM_SETTINGS_DEFAULT_FILE, *at = command + strlen(command) + 1;

	for (; at < command + n; at += strlen(at) + 1) {
		const char *c = at[0] == '-' && at[1] != '-' ? strchr(at, 'c') : NULL;

		if (!c)
			continue;
		if (c[1] != '\0')
			found = c + 1;
		else if (at + strlen(at) + 1 < command + n)
			found = at + strlen(at) + 1;
	}
	return found;
}

static bool has_settings(long pid, const char *config)
{
	char path[64], from[PATH_MAX], file[PATH_MAX];
	char *command = calloc(1, COMMAND_MAX_BYTES + 1);
	bool same = false;
	size_t n = 0;
	FILE *f;

	snprintf(path, sizeof path, "/proc/%ld/cmdline", pid);
	f = fopen(path, "re");
	if (f && command)
		n = fread(command, 1, COMMAND_MAX_BYTES, f);
	if (n > 0 && read_link(pid, "cwd", from) && canonical(option_c(command, n), from, file))
		same = strcmp(file, config) == 0;
	if (f)
		fclose(f);
	free(command);
	return same;
}

/* Its archive is where it has the lock file open. */
static bool try_process(struct found *f, long pid)
{
	static const char lock[] = "/lock";
	char path[64], name[300], file[PATH_MAX];
	struct dirent *e;
	bool ok = false;
	DIR *d;

	snprintf(path, sizeof path, "/proc/%ld/fd", pid);
	d = opendir(path);
	while (d && !ok && (e = readdir(d)) != NULL) {
		size_t n;

		snprintf(name, sizeof name, "fd/%s", e->d_name);
		if (e->d_name[0] == '.' || !read_link(pid, name, file))
			continue;
		n = strlen(file);
		if (n <= strlen(lock) || strcmp(file + n - strlen(lock), lock) != 0)
			continue;
		file[n - strlen(lock)] = '\0';
		ok = try_archive(f, file);
	}
	if (d)
		closedir(d);
	return ok;
}

static bool try_processes(struct found *f, const char *config)
{
	char file[PATH_MAX], here[PATH_MAX];
	struct dirent *e;
	bool ok = false;
	DIR *d;

	if (!getcwd(here, sizeof here) || !canonical(config, here, file))
		return false;
	d = opendir("/proc");
	while (d && !ok && (e = readdir(d)) != NULL) {
		long pid = strtol(e->d_name, NULL, 10);

		ok = pid > 0 && is_daemon(pid) && has_settings(pid, file) && try_process(f, pid);
	}
	if (d)
		closedir(d);
	return ok;
}

/* ---- by the text of a file with errors ---- */

/* Write the text of the first element of that name after *at. Only absolute paths count. */
static bool element(const char *at, const char *name, char out[PATH_MAX])
{
	char begin[64];
	const char *text, *end;
	struct jm_span value;

	snprintf(begin, sizeof begin, "<%s>", name);
	text = at ? strstr(at, begin) : NULL;
	text = text ? text + strlen(begin) : NULL;
	end = text ? strchr(text, '<') : NULL;
	if (!end)
		return false;
	value = jm_span_trim(jm_span_of(text, (size_t)(end - text)));
	return value.len > 0 && value.p[0] == '/' &&
	    snprintf(out, PATH_MAX, "%.*s", (int)value.len, (const char *)value.p) < PATH_MAX;
}

static bool try_text(struct found *f, const char *config)
{
	unsigned char *text = NULL;
	char path[PATH_MAX];
	struct jm_err ignored;
	bool ok = false;
	size_t n;

	if (jm_io_read_file(config, FILE_MAX_BYTES, &text, &n, &ignored) != 0)
		return false;
	ok = (element((const char *)text, "control-socket", path) && try_socket(f, path)) ||
	    (element(strstr((const char *)text, "<archive"), "directory", path) &&
		try_archive(f, path));
	free(text);
	return ok;
}

int jm_instance_connect(const char *config, bool broken, char **socket_r, int *fd_r)
{
	struct found f = { NULL, -1 };

	if (!try_processes(&f, config) &&
	    !(broken &&
		(try_text(&f, config) ||
		    (strcmp(config, JM_SETTINGS_DEFAULT_FILE) == 0 &&
			try_archive(&f, USUAL_ARCHIVE)))))
		return 0;
	*socket_r = f.socket;
	*fd_r = f.fd;
	return 1;
}

/* A copy of an archive has the settings of the daemon of the original in it, but no lock. */
int jm_instance_of_archive(const char *dir, int *fd_r)
{
	struct found f = { NULL, -1 };

	if (!jm_archive_has_daemon(dir) || !try_archive(&f, dir))
		return 0;
	free(f.socket);
	*fd_r = f.fd;
	return 1;
}
