/* SPDX-License-Identifier: BSD-2-Clause */
/* The threads of the control socket: accept, read one request with a time-out, answer it, close.
 * The protocol is in common/control/respond.c. See control.h. */
#include "milter/daemon/control.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/socket.h"
#include "common/base/step.h"
#include "common/control/respond.h"

#define REQUEST_MS 10000 /* for the whole request */
#define REFUSE_MS 200    /* for the refusal of a client: the accept thread must not wait for it */
#define ANSWER_MS 600000 /* for each frame: somebody may read the answer in a pager */

struct client {
	struct jm_control *control;
	pthread_t thread;
	/* The thread was started and is not joined yet; used by the accept thread, and after its
	 * end by jm_control_stop(). */
	bool joinable;
	atomic_bool done; /* set by the thread at its end */
	int fd; /* closed when the thread is joined, so that a stop may shut it down at any time */
	struct jm_peer peer;
};

struct jm_control {
	struct jm_archive *archive;
	jm_control_known *known;
	void *ctx;
	struct sockaddr_un address;
	dev_t dev;       /* of the socket file, so that only our own one is removed */
	ino_t ino;       /* 0: no socket file was made */
	int fd, wake_fd; /* wake_fd: written to at the stop */
	pthread_t thread;
	struct client clients[JM_CONTROL_CLIENTS];
};

static void log_served(
    const struct jm_peer *peer, const json_t *request, const struct jm_err *err, int64_t started_us)
{
	const char *verb = json_string_value(json_object_get(request, "verb"));
	char login[24] = "unknown";
	/* A client that follows asks every second, which would fill most of the log. */
	bool again = json_is_true(json_object_get(request, "follow")) ||
	    (verb && (strcmp(verb, "live") == 0 || strcmp(verb, "follow") == 0));

	if (peer->login >= 0)
		snprintf(login, sizeof login, "%" PRId64, peer->login);
	else if (peer->login == JM_PEER_NO_LOGIN)
		snprintf(login, sizeof login, "none");
	JM_LOG(err      ? JM_LOG_NOTICE
		: again ? JM_LOG_DEBUG
			: JM_LOG_INFO,
	    "control", { "verb", JM_S(verb) }, { "uid", JM_I(peer->uid) },
	    { "gid", JM_I(peer->gid) }, { "pid", JM_I(peer->pid) }, { "login", JM_S(login) },
	    { "ms", JM_I((jm_clock_mono_us() - started_us) / 1000) },
	    { "result", JM_S(err ? jm_err_kind_name(err->kind) : "ok") },
	    { "text", JM_S(err ? err->text : "") });
}

static void *serve_client(void *arg)
{
	struct client *c = arg;
	const struct jm_respond_to to = { c->fd, ANSWER_MS, c->peer };
	int64_t started_us = jm_clock_mono_us();
	json_t *request = NULL, *state = NULL;
	unsigned step = jm_step_begin("control");
	struct jm_err err, send_err;
	int rc;

	rc = jm_respond_read(c->fd, REQUEST_MS, &request, &err);
	if (rc == 0) {
		if (c->control->known)
			state = c->control->known(c->control->ctx, request, &c->peer);
		rc = jm_respond_answer(&to, c->control->archive, state, request, &err);
	}
	log_served(&c->peer, request, rc < 0 ? &err : NULL, started_us);
	/* When even this cannot be sent, the connection ends without an E frame, which the client
	 * reports. */
	if (jm_respond_end(c->fd, REQUEST_MS, rc < 0 ? &err : NULL, &send_err) != 0)
		JM_LOG(JM_LOG_DEBUG, "control-lost", { "text", JM_S(send_err.text) });
	json_decref(state);
	json_decref(request);
	shutdown(c->fd, SHUT_RDWR);
	jm_step_end(step);
	atomic_store(&c->done, true);
	return NULL;
}

static void join_client(struct client *c)
{
	if (!c->joinable)
		return;
	pthread_join(c->thread, NULL);
	close(c->fd);
	c->fd = -1;
	c->joinable = false;
}

/* Return a place for one more client, or NULL. */
static struct client *free_place(struct jm_control *k)
{
	size_t i;

	for (i = 0; i < JM_CONTROL_CLIENTS; i++) {
		if (k->clients[i].joinable && atomic_load(&k->clients[i].done))
			join_client(&k->clients[i]);
		if (!k->clients[i].joinable)
			return &k->clients[i];
	}
	return NULL;
}

static void refuse_client(int fd, const char *text)
{
	struct jm_err err, send_err;

	jm_err_set(&err, JM_E_TEMP, "%s", text);
	JM_LOG(JM_LOG_WARNING, "control-refused", { "text", JM_S(text) });
	if (jm_respond_end(fd, REFUSE_MS, &err, &send_err) != 0)
		JM_LOG(JM_LOG_DEBUG, "control-lost", { "text", JM_S(send_err.text) });
	close(fd);
}

static void welcome(struct jm_control *k, int fd)
{
	struct client *c = free_place(k);

	if (!c) {
		refuse_client(fd,
		    "the daemon is answering as many requests as it does at a time (8); try "
		    "again in a moment");
		return;
	}
	c->control = k;
	c->fd = fd;
	jm_peer_read(fd, &c->peer);
	atomic_store(&c->done, false);
	if (pthread_create(&c->thread, NULL, serve_client, c) != 0) {
		c->fd = -1;
		refuse_client(fd,
		    "the daemon could not start a thread for this request; try again in a moment");
		return;
	}
	c->joinable = true;
}

static void *accept_clients(void *arg)
{
	struct jm_control *k = arg;
	struct pollfd p[2] = { { .fd = k->fd, .events = POLLIN },
		{ .fd = k->wake_fd, .events = POLLIN } };
	int fd;

	for (;;) {
		if (poll(p, 2, -1) < 0 && errno != EINTR) {
			JM_LOG(JM_LOG_ERROR, "control-poll-failed", { "errno", JM_I(errno) });
			jm_clock_sleep_ms(1000);
			continue;
		}
		if (p[1].revents)
			return NULL;
		if (!(p[0].revents & POLLIN))
			continue;
		fd = accept4(k->fd, NULL, NULL, SOCK_CLOEXEC);
		if (fd >= 0) {
			welcome(k, fd);
		} else if (errno != EINTR && errno != ECONNABORTED && errno != EAGAIN) {
			/* Most likely there is no descriptor left: the client waits in the backlog.
			 * Without a pause this would be a busy loop. */
			JM_LOG(JM_LOG_ERROR, "control-accept-failed", { "errno", JM_I(errno) });
			jm_clock_sleep_ms(200);
		}
	}
}

static int listen_on(struct jm_control *k, struct jm_err *err)
{
	const char *path = k->address.sun_path;
	struct stat st;

	if (jm_socket_clear("control socket", path, err) != 0) {
		if (err->kind == JM_E_CONFIG) /* a file in the way may be moved */
			err->kind = JM_E_TEMP;
		return -1;
	}
	k->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (k->fd < 0)
		return jm_err_sys(err, JM_E_TEMP, "control socket %s", path);
	/* Before bind(2), so that nobody else can connect in between; and once more below, because
	 * the umask takes bits away. */
	if (fchmod(k->fd, 0660) != 0)
		return jm_err_sys(err, JM_E_TEMP, "control socket %s: fchmod", path);
	if (bind(k->fd, (const struct sockaddr *)&k->address, sizeof k->address) != 0)
		return jm_err_sys(err,
		    errno == EACCES || errno == EPERM || errno == EROFS ? JM_E_DENIED : JM_E_TEMP,
		    "control socket %s", path);
	if (lstat(path, &st) != 0 || !S_ISSOCK(st.st_mode))
		return jm_err_set(
		    err, JM_E_TEMP, "control socket %s: vanished while it was made", path);
	k->dev = st.st_dev;
	k->ino = st.st_ino;
	if ((st.st_mode & 0777) != 0660 && fchmodat(AT_FDCWD, path, 0660, AT_SYMLINK_NOFOLLOW) != 0)
		JM_LOG(JM_LOG_WARNING, "control-mode", { "path", JM_S(path) },
		    { "errno", JM_I(errno) });
	if (listen(k->fd, 16) != 0)
		return jm_err_sys(err, JM_E_TEMP, "control socket %s: listen", path);
	return 0;
}

/* Close and remove what listen_on() made, and free k. */
static void control_free(struct jm_control *k)
{
	struct stat st;

	if (k->fd >= 0)
		close(k->fd);
	if (k->ino != 0 && lstat(k->address.sun_path, &st) == 0 && st.st_dev == k->dev &&
	    st.st_ino == k->ino)
		unlink(k->address.sun_path);
	if (k->wake_fd >= 0)
		close(k->wake_fd);
	free(k);
}

int jm_control_start(const char *path, struct jm_archive *a, jm_control_known *known, void *ctx,
    struct jm_control **c_r, struct jm_err *err)
{
	size_t path_n = strlen(path), i;
	struct jm_control *k = calloc(1, sizeof *k);
	sigset_t all, before;
	int failed;

	if (!k)
		return jm_err_set(err, JM_E_TEMP, "control socket: no memory");
	k->archive = a;
	k->known = known;
	k->ctx = ctx;
	k->fd = k->wake_fd = -1;
	for (i = 0; i < JM_CONTROL_CLIENTS; i++)
		k->clients[i].fd = -1;
	k->address.sun_family = AF_UNIX;
	if (path_n == 0 || path_n >= sizeof k->address.sun_path) {
		jm_err_set(err, JM_E_CONFIG,
		    "control socket %s: the path has %zu bytes, 1 to %zu are possible; set "
		    "control-socket to a shorter one",
		    path, path_n, sizeof k->address.sun_path - 1);
		goto fail;
	}
	memcpy(k->address.sun_path, path, path_n);
	if (listen_on(k, err) != 0)
		goto fail;
	k->wake_fd = eventfd(0, EFD_CLOEXEC);
	if (k->wake_fd < 0) {
		jm_err_sys(err, JM_E_TEMP, "control socket: eventfd");
		goto fail;
	}
	/* The threads inherit the mask: signals are handled by others. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	failed = pthread_create(&k->thread, NULL, accept_clients, k);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (failed) {
		jm_err_set(err, JM_E_TEMP, "control socket: cannot start a thread");
		goto fail;
	}
	*c_r = k;
	return 0;
fail:
	control_free(k);
	return -1;
}

void jm_control_stop(struct jm_control **c)
{
	struct jm_control *k = *c;
	size_t i;

	if (!k)
		return;
	*c = NULL;
	if (eventfd_write(k->wake_fd, 1) != 0)
		JM_LOG(JM_LOG_ERROR, "control-wake-failed", { "errno", JM_I(errno) });
	pthread_join(k->thread, NULL);
	for (i = 0; i < JM_CONTROL_CLIENTS; i++)
		if (k->clients[i].joinable)
			shutdown(k->clients[i].fd, SHUT_RDWR);
	for (i = 0; i < JM_CONTROL_CLIENTS; i++)
		join_client(&k->clients[i]);
	control_free(k);
}
