/* SPDX-License-Identifier: BSD-2-Clause */
/* Files below a folder that others may change: nothing outside is read, written or replaced, and a
 * new file appears whole or not at all; also on a file system without O_TMPFILE. */
#undef _FORTIFY_SOURCE /* its openat() has the name of the one here */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/base/below.h"
#include "t/lib/tap.h"

static int do_open(const char *path, int flags, mode_t mode);
#include "t/lib/open.h"

static bool no_tmpfile;
static int top;

static int do_open(const char *path, int flags, mode_t mode)
{
	return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

/* As on a file system that cannot make files without names. */
int openat(int at, const char *path, int flags, ...)
{
	OPEN_MODE;
	if (no_tmpfile && (flags & O_TMPFILE) == O_TMPFILE) {
		errno = EOPNOTSUPP;
		return -1;
	}
	return (int)syscall(SYS_openat, at, path, flags, mode);
}

static void made(bool ok, const char *what)
{
	if (ok)
		return;
	printf("Bail out! cannot make %s\n", what);
	exit(1);
}

static void make_file(const char *name, const char *text)
{
	FILE *f = fopen(name, "w");

	made(f && fputs(text, f) >= 0 && fclose(f) == 0, name);
}

/* The file's content, "(none)" when it cannot be read. Static storage. */
static const char *content(const char *name)
{
	static char text[100];
	int fd = (int)syscall(SYS_openat, top, name, O_RDONLY, 0);
	ssize_t n = fd >= 0 ? read(fd, text, sizeof text - 1) : -1;

	if (fd >= 0)
		close(fd);
	text[n > 0 ? n : 0] = '\0';
	return n < 0 ? "(none)" : text;
}

/* Write a file; 0, or -1 with *err. keep: give it its name, else drop it. */
static int put(const char *name, const char *text, bool keep, bool replace, struct jm_err *err)
{
	struct jm_below f = { .open = false };
	FILE *stream;
	int rc = -1;

	if (jm_below_create(top, name, &f, err) != 0)
		return -1;
	stream = jm_below_write(&f, err);
	if (stream) {
		fputs(text, stream);
		rc = fclose(stream);
	}
	if (rc == 0 && keep)
		rc = jm_below_keep(&f, replace, err);
	jm_below_drop(&f);
	return rc;
}

/* The files with temporary names in a folder. */
static int count_temporary(const char *folder)
{
	DIR *d = opendir(folder);
	struct dirent *e;
	int n = 0;

	if (!d)
		return -1;
	while ((e = readdir(d)))
		n += strncmp(e->d_name, ".jm-", 4) == 0;
	closedir(d);
	return n;
}

/* Names of all else than plain files below the folder, and the errors. */
static const struct {
	const char *name, *text;
	enum jm_err_kind kind;
} traps[] = {
	{ "link", "link is a symbolic link", JM_E_USAGE },
	{ "dangling", "dangling is a symbolic link", JM_E_USAGE },
	{ "folder", "folder is a folder", JM_E_USAGE },
	{ "fifo", "fifo is a FIFO", JM_E_USAGE },
	{ "socket", "socket is a socket", JM_E_USAGE },
	{ "linked/secret", "linked/secret: linked is a symbolic link", JM_E_USAGE },
	{ "plain/x", "plain/x: Not a directory", JM_E_USAGE },
	{ "../out/secret", "../out/secret: not a path below a folder", JM_E_USAGE },
	{ "folder/../../out/secret", "folder/../../out/secret: not a path below a folder",
	    JM_E_USAGE },
	{ "/etc/passwd", "/etc/passwd: not a path below a folder", JM_E_USAGE },
	{ "folder//x", "folder//x: not a path below a folder", JM_E_USAGE },
	{ "missing", "missing: No such file or directory", JM_E_NOTFOUND },
	{ "none/x", "none/x: No such file or directory", JM_E_NOTFOUND },
};

static void make_traps(void)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX, .sun_path = "socket" };
	int s = socket(AF_UNIX, SOCK_STREAM, 0);

	made(mkdir("out", 0755) == 0 && mkdir("in", 0755) == 0, "folders");
	make_file("out/secret", "secret");
	top = (int)syscall(SYS_openat, AT_FDCWD, "in", O_RDONLY | O_DIRECTORY, 0);
	made(top >= 0 && chdir("in") == 0 && mkdir("folder", 0755) == 0, "the folder");
	make_file("plain", "plain");
	make_file("folder/file", "below");
	made(symlink("../out/secret", "link") == 0 && symlink("nothing", "dangling") == 0 &&
		symlink("../out", "linked") == 0 && mkfifo("fifo", 0600) == 0,
	    "links");
	made(s >= 0 && bind(s, (struct sockaddr *)&a, sizeof a) == 0, "a socket");
	close(s);
}

static void test_read(void)
{
	struct jm_err err;
	struct stat st;
	char text[20] = "";
	FILE *f = jm_below_read(top, "folder/file", &err);
	int fd = jm_below_open(top, "plain", &st, &err);

	tap_ok(f && fgets(text, sizeof text, f) && strcmp(text, "below") == 0, "a file is read");
	tap_ok(fd >= 0 && st.st_size == 5 && S_ISREG(st.st_mode), "another, with its status");
	close(fd);
	if (f)
		fclose(f);
	for (size_t i = 0; i < sizeof traps / sizeof *traps; i++) {
		fd = jm_below_open(top, traps[i].name, NULL, &err);
		tap_ok(fd < 0, "%s is not opened", traps[i].name);
		tap_is_int(err.kind, traps[i].kind, "%s: the kind of the error", traps[i].name);
		tap_is_str(err.text, traps[i].text, "%s: its text", traps[i].name);
		tap_ok(!jm_below_read(top, traps[i].name, &err), "%s: no stream", traps[i].name);
	}
	tap_ok(jm_below_open(top, "link", NULL, NULL) < 0, "the error may be unwanted");
}

static void test_folder(void)
{
	struct jm_err err;
	int fd = jm_below_folder(top, "folder", false, &err), made;

	tap_ok(fd >= 0, "a folder is opened");
	close(fd);
	tap_ok(jm_below_folder(top, "new", false, &err) < 0 && err.kind == JM_E_NOTFOUND,
	    "a missing one is not");
	made = jm_below_folder(top, "new/deep", true, &err);
	tap_ok(made >= 0, "it is made, and the one above it");
	close(made);
	tap_ok(jm_below_folder(top, "linked", true, &err) < 0, "a link to a folder is not opened");
	tap_is_str(err.text, "linked: linked is a symbolic link", "it is named");
	tap_ok(jm_below_folder(top, "plain", true, &err) < 0 && err.kind == JM_E_USAGE,
	    "a file is no folder");
	tap_ok(jm_below_folder(top, "..", true, &err) < 0 && err.kind == JM_E_USAGE,
	    "the folder above is not opened");
}

static void test_write(const char *how)
{
	static const char *const refused[] = { "link", "dangling", "folder", "fifo", "socket" };
	struct jm_err err;
	char name[32];

	snprintf(name, sizeof name, "%s/a/file", how);
	tap_is_int(put(name, "one", true, false, &err), 0, "%s: a file in new folders", how);
	tap_is_str(content(name), "one", "%s: it has what was written", how);
	tap_is_int(put(name, "two", true, false, &err), -1, "%s: it is not replaced unasked", how);
	tap_ok(err.kind == JM_E_USAGE && err.sys == EEXIST, "%s: the error says so", how);
	tap_is_str(content(name), "one", "%s: it is as before", how);
	tap_is_int(put(name, "three", true, true, &err), 0, "%s: it is replaced when asked", how);
	tap_is_str(content(name), "three", "%s: it has the new content", how);
	tap_is_int(put(name, "four", false, true, &err), 0, "%s: a file that is dropped", how);
	tap_is_str(content(name), "three", "%s: replaces nothing", how);
	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
		tap_is_int(put(refused[i], "bad", true, true, &err), -1, "%s: %s is not replaced",
		    how, refused[i]);
		tap_is_int(err.kind, JM_E_USAGE, "%s: %s: the kind of the error", how, refused[i]);
	}
	tap_is_int(put("linked/secret", "bad", true, true, &err), -1, "%s: nor behind a link", how);
	tap_is_int(put("../out/secret", "bad", true, true, &err), -1, "%s: nor above", how);
	tap_is_int(put("folder/", "bad", true, true, &err), -1, "%s: nor without a name", how);
	tap_is_str(content("../out/secret"), "secret", "%s: what is outside is as before", how);
	snprintf(name, sizeof name, "%s/a", how);
	tap_is_int(
	    count_temporary(".") + count_temporary(name), 0, "%s: no temporary file is left", how);
}

int main(void)
{
	if (chdir(tap_folder()) != 0)
		return 1;
	make_traps();
	test_read();
	test_folder();
	test_write("whole");
	no_tmpfile = true;
	test_write("named");
	close(top);
	return chdir("/") != 0 || tap_done();
}
