/* SPDX-License-Identifier: BSD-2-Clause */
/* The daemon's control socket: which clients get an answer, files that are in its place, too many
 * clients, bad clients, and its end. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/archive/archive.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/control/frame.h"
#include "milter/daemon/control.h"
#include "t/lib/tap.h"
#include "t/unit/control_archive.h"

static char path[300];

static int dial(void)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(to.sun_path, sizeof to.sun_path, "%s", path);
	if (connect(fd, (struct sockaddr *)&to, sizeof to) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

struct heard {
	unsigned objects, progress;
	size_t bytes;
	char kind[32], text[300], object[300]; /* of the E frame; kind "lost" without one */
};

static void hear(int fd, struct heard *h)
{
	struct jm_err err;
	struct jm_buf b;
	char type = 0;

	memset(h, 0, sizeof *h);
	snprintf(h->kind, sizeof h->kind, "lost");
	jm_buf_init(&b, JM_FRAME_MAX_BYTES);
	while (type != 'E' && jm_frame_read(fd, &type, &b, 60000, &err) == 0) {
		if (type == 'O') {
			h->objects++;
			snprintf(
			    h->object, sizeof h->object, "%.*s", (int)b.len, (const char *)b.p);
		} else if (type == 'P') {
			h->progress++;
		} else if (type == 'B') {
			h->bytes += b.len;
		} else if (type == 'E') {
			json_t *end = json_loadb((const char *)b.p, b.len, 0, NULL);

			snprintf(h->kind, sizeof h->kind, "%s",
			    json_string_value(json_object_get(end, "kind")));
			snprintf(h->text, sizeof h->text, "%s",
			    json_string_value(json_object_get(end, "text")));
			json_decref(end);
		}
	}
	jm_buf_release(&b);
}

static void ask(const char *request, struct heard *h)
{
	struct jm_err err;
	int fd = dial();

	if (fd < 0)
		abort();
	if (jm_frame_write(fd, 'Q', request, strlen(request), 1000, &err) < 0)
		/* a client that shall come back may get that answer before it asks */
		tap_diag("%s: %s", request, err.text);
	hear(fd, h);
	close(fd);
}

static json_t *state(void *ctx, const json_t *request, const struct jm_peer *peer)
{
	(void)request;
	if (peer->uid != getuid() || peer->gid != getgid() || peer->pid != getpid())
		return NULL;
	return json_pack("{s:s}", "settings", ctx);
}

static void put(int fd, char type, const void *p, size_t n)
{
	struct jm_err err;

	if (jm_frame_write(fd, type, p, n, 10000, &err) < 0)
		tap_diag("%s", err.text);
}

/* Messages in one frame, in two, in none; the end; and clients that break off or talk nonsense. */
static void test_import(struct jm_archive *a)
{
	static const char request[] = "{\"verb\":\"import\",\"service\":\"a@b\"}";
	static char large[300000];
	static const struct {
		char type;
		size_t n;
		const char *kind, *what;
	} ends[] = {
		{ 'O', 2, "usage", "a frame of another type" },
		{ 'E', 2, "usage", "an end inside a message" },
		{ 'B', sizeof large, "limit", "a frame that is too large" },
	};
	struct heard h;
	int fd = dial();

	put(fd, 'Q', request, strlen(request));
	put(fd, 'B', "one", 3);
	put(fd, 'B', "", 0);
	put(fd, 'B', large, 200000);
	put(fd, 'B', large, 100000);
	put(fd, 'B', "", 0);
	put(fd, 'B', "", 0);
	put(fd, 'E', "{}", 2);
	hear(fd, &h);
	close(fd);
	tap_ok(h.objects == 3 && h.kind[0] == '\0', "import: an object for each of three messages");
	tap_is_str(a->asked, "import a@b - 001 0", "the last of them empty");
	for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
		unsigned before = a->calls;

		fd = dial();
		put(fd, 'Q', request, strlen(request));
		put(fd, 'B', "part", 4);
		put(fd, ends[i].type, large, ends[i].n);
		hear(fd, &h);
		close(fd);
		tap_ok(strcmp(h.kind, ends[i].kind) == 0 && a->calls == before,
		    "%s: %s (%s), and nothing is stored", ends[i].what, h.kind, h.text);
	}
	fd = dial();
	put(fd, 'Q', request, strlen(request));
	put(fd, 'B', "part", 4);
	shutdown(fd, SHUT_WR);
	hear(fd, &h);
	close(fd);
	tap_ok(h.objects == 0 && strcmp(h.kind, "temporary") == 0,
	    "a client that breaks off inside a message: %s", h.text);
}

static void test_answers(struct jm_archive *a)
{
	struct heard h;

	a->objects = 4;
	a->export_bytes = 3000000;
	ask("{\"verb\":\"list\",\"limit\":4}", &h);
	tap_ok(h.objects == 4 && h.kind[0] == '\0', "list: four objects and a good end");
	tap_is_str(
	    a->asked, "list after 0 limit 4 0 0 - - - 0 0", "the archive was asked for them");
	ask("{\"verb\":\"status\"}", &h);
	tap_ok(strstr(h.object, "\"settings\":\"here\""), "status holds what the daemon knows");
	ask("{\"verb\":\"export\",\"id\":1}", &h);
	tap_ok(h.bytes == 3000000 && h.kind[0] == '\0', "export: all bytes, in several frames");
	ask("{\"verb\":\"verify\"}", &h);
	tap_ok(h.progress == 4 && h.objects == 5, "verify: progress frames too");
	a->fail = JM_E_NOTFOUND;
	ask("{\"verb\":\"show\",\"id\":5}", &h);
	tap_is_str(h.kind, jm_err_kind_name(JM_E_NOTFOUND), "an error comes as its kind");
	tap_is_str(h.text, "the archive fails as told", "and its text");
	a->fail = JM_E_NONE;
}

static void test_bad_clients(struct jm_archive *a)
{
	static const struct {
		const char *what, *request;
	} cases[] = {
		{ "no JSON", "{" },
		{ "an empty request", "" },
		{ "a key twice", "{\"verb\":\"list\",\"verb\":\"status\"}" },
		{ "an unknown verb", "{\"verb\":\"halt\"}" },
		{ "NUL in a name", "{\"verb\":\"list\\u0000\"}" },
	};
	unsigned char junk[70000] = { 'Q', 0, 1, 0x11, 0x6b };
	struct jm_err err;
	struct heard h;
	size_t i;
	int fd;

	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		ask(cases[i].request, &h);
		tap_ok(strcmp(h.kind, jm_err_kind_name(JM_E_USAGE)) == 0, "%s: %s", cases[i].what,
		    h.text);
	}
	fd = dial();
	tap_ok(jm_frame_write(fd, 'O', "{}", 2, 1000, &err) == 0, "a frame that is no request");
	hear(fd, &h);
	tap_is_str(h.kind, jm_err_kind_name(JM_E_USAGE), "is answered so");
	close(fd);
	fd = dial();
	tap_ok(send(fd, junk, 5, MSG_NOSIGNAL) == 5 &&
		send(fd, junk + 5, 69995, MSG_NOSIGNAL | MSG_DONTWAIT) > 0,
	    "a request past its cap");
	hear(fd, &h);
	tap_is_str(h.kind, jm_err_kind_name(JM_E_LIMIT), "is answered so");
	close(fd);
	close(dial());
	/* One who asks for much and goes away. */
	a->export_bytes = 50000000;
	fd = dial();
	tap_ok(jm_frame_write(fd, 'Q', "{\"verb\":\"export\",\"id\":1}", 24, 1000, &err) == 0,
	    "one asks for 50 MB and goes");
	close(fd);
	ask("{\"verb\":\"status\"}", &h);
	tap_ok(h.objects == 1, "after all of them the next client is served");
}

/* Of this process: each client has one while it is served. */
static unsigned threads(void)
{
	DIR *d = opendir("/proc/self/task");
	unsigned n = 0;

	if (!d)
		abort();
	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

static void test_too_many(unsigned threads_alone)
{
	int fds[JM_CONTROL_CLIENTS], extra;
	struct heard h;
	size_t i;

	for (i = 0; i < 6000 && threads() > threads_alone; i++)
		jm_clock_sleep_ms(10); /* until those before are gone */
	for (i = 0; i < JM_CONTROL_CLIENTS; i++)
		fds[i] = dial();
	extra = dial();
	hear(extra, &h);
	tap_is_str(h.kind, jm_err_kind_name(JM_E_TEMP),
	    "the ninth client at a time is told to come back: %s", h.text);
	close(extra);
	close(fds[0]);
	/* that shows in a moment; a minute is for the slowest machine */
	for (i = 0; i < 600; i++) {
		ask("{\"verb\":\"status\"}", &h);
		if (h.objects == 1)
			break;
		jm_clock_sleep_ms(100);
	}
	tap_ok(h.objects == 1, "and is served when one has gone");
	for (i = 1; i < JM_CONTROL_CLIENTS; i++)
		close(fds[i]);
}

static void test_path(struct jm_archive *a)
{
	struct jm_control *c = NULL;
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	char other[340], longer[200];
	struct jm_err err;
	struct stat st;
	int fd;

	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	snprintf(at.sun_path, sizeof at.sun_path, "%s", path);
	if (bind(fd, (struct sockaddr *)&at, sizeof at) < 0 || listen(fd, 1) < 0)
		abort();
	tap_ok(jm_control_start(path, a, NULL, NULL, &c, &err) < 0 && err.kind == JM_E_DENIED,
	    "another listener is left alone: %s", err.text);
	close(fd);
	umask(0077);
	tap_ok(jm_control_start(path, a, NULL, NULL, &c, &err) == 0,
	    "a socket left by a dead process is replaced");
	tap_ok(lstat(path, &st) == 0 && (st.st_mode & 07777) == 0660,
	    "mode 0660 whatever the umask (%o)", st.st_mode & 07777);
	jm_control_stop(&c);
	tap_ok(!c && lstat(path, &st) < 0 && errno == ENOENT, "the socket is removed at the end");
	fd = open(path, O_CREAT | O_WRONLY, 0600);
	close(fd);
	tap_ok(jm_control_start(path, a, NULL, NULL, &c, &err) < 0 && err.kind == JM_E_TEMP &&
		lstat(path, &st) == 0,
	    "a plain file is left alone: %s", err.text);
	unlink(path);
	snprintf(other, sizeof other, "%s.other", path);
	if (symlink(other, path) < 0)
		abort();
	tap_ok(jm_control_start(path, a, NULL, NULL, &c, &err) < 0 && err.kind == JM_E_TEMP &&
		lstat(other, &st) < 0,
	    "a symbolic link is not followed");
	unlink(path);
	memset(longer, 'a', sizeof longer);
	longer[0] = '/';
	longer[sizeof longer - 1] = '\0';
	tap_ok(jm_control_start(longer, a, NULL, NULL, &c, &err) < 0 && err.kind == JM_E_CONFIG,
	    "a path that is too long: %.60s...", err.text);
	tap_ok(jm_control_start("/nonexistent/x", a, NULL, NULL, &c, &err) < 0 &&
		err.kind == JM_E_TEMP,
	    "no such folder: %s", err.text);
}

static void *ask_slowly(void *arg)
{
	ask("{\"verb\":\"export\",\"id\":1}", arg);
	return NULL;
}

/* Stop neither waits for a client that stalls nor leaks a thread. */
static void test_stop(struct jm_archive *a)
{
	struct jm_control *c = NULL;
	int64_t started_us;
	struct heard h;
	struct jm_err err;
	pthread_t thread;
	int silent, stuck;
	unsigned calls = atomic_load(&a->calls);

	a->export_bytes = 50000000;
	a->delay_ms = 200;
	tap_ok(jm_control_start(path, a, NULL, NULL, &c, &err) == 0, "start again");
	silent = dial();
	stuck = dial();
	tap_ok(jm_frame_write(stuck, 'Q', "{\"verb\":\"export\",\"id\":1}", 24, 1000, &err) == 0,
	    "a client that does not read its answer");
	if (pthread_create(&thread, NULL, ask_slowly, &h) != 0)
		abort();
	for (int i = 0; i < 6000 && atomic_load(&a->calls) < calls + 2; i++)
		jm_clock_sleep_ms(10); /* until both are being served */
	started_us = jm_clock_mono_us();
	jm_control_stop(&c);
	tap_ok(jm_clock_mono_us() - started_us < 9000000,
	    "stop takes no longer than the archive's call");
	pthread_join(thread, NULL);
	tap_is_str(h.kind, "lost",
	    "a client that was being served sees its answer end without an end frame");
	close(silent);
	close(stuck);
	jm_control_stop(&c);
}

int main(void)
{
	struct jm_archive a = { .objects = 0 };
	struct jm_control *c = NULL;
	char here[] = "here";
	unsigned threads_alone;
	struct jm_err err;

	jm_log_open("control_socket", true);
	jm_log_set_level(JM_LOG_ERROR);
	snprintf(path, sizeof path, "%s/control.sock", tap_folder());
	if (!tap_ok(jm_control_start(path, &a, state, here, &c, &err) == 0, "start")) {
		tap_diag("%s", err.text);
		return tap_done();
	}
	threads_alone = threads();
	test_answers(&a);
	test_import(&a);
	test_bad_clients(&a);
	test_too_many(threads_alone);
	jm_control_stop(&c);
	test_path(&a);
	test_stop(&a);
	return tap_done();
}
