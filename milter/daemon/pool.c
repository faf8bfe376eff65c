/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One thread a session, for libmilter builds that would use a worker pool.
 *
 * Debian builds libmilter with _FFR_WORKERS_POOL. That pool hands several ready sessions to one
 * idle worker and starts no thread for the others; when a callback blocks, as an end of message
 * that waits for the disk must, those sessions stand still for seconds (facts: Postfix then answers
 * 451 by its own time-out). libmilter calls the pool through two exported functions,
 * mi_pool_controller_init() and mi_start_session(); the definitions here take their place at link
 * time, so that each session gets a thread of its own, as in libmilter's other build. In that other
 * build nobody calls them.
 *
 * mi_engine() handles what has arrived and returns MI_CONTINUE when the socket is silent; the
 * descriptor to wait on is libmilter's secret, so the accept() below, which libmilter's listener
 * calls right before mi_start_session() in the same thread, remembers it (and makes it
 * close-on-exec).
 *
 * libmilter asks the kernel five times for each of the forty or more packets of a message (three
 * polls, two reads), which costs more processor time than all that we do with it. read() and poll()
 * below look ahead on a session's own socket, in its own thread, and pass everything else on
 * unchanged. Measured by make bench.
 */
#include "milter/daemon/pool.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <libmilter/mfapi.h>

#include "common/base/clock.h"
#include "common/base/log.h"

#define MI_CONTINUE 1 /* libmilter.h, internal */
#define SESSION_STACK_BYTES (512u * 1024u)
#define SESSION_IDLE_MS (2 * 3600 * 1000) /* longer than any MTA keeps a silent session */

/* libmilter's own, not in its public header */
int mi_engine(SMFICTX *ctx);
void mi_clr_ctx(SMFICTX *ctx);
int mi_stop(void);

int mi_pool_controller_init(void);
int mi_start_session(SMFICTX *ctx);

/* ours, under libc's names */
int pool_accept(int fd, struct sockaddr *addr, socklen_t *len) __asm__("accept");
int pool_poll(struct pollfd *p, nfds_t n, int timeout_ms) __asm__("poll");
ssize_t pool_read(int fd, void *p, size_t n) __asm__("read");

#define RESERVE_FDS 64u    /* for the archive, the control socket and mailboxes; a quarter of few */
#define REST_MS 100        /* after a connection that could not be taken: no busy loop */
#define AHEAD_BYTES 16384u /* larger reads (body chunks) go straight to their place */

static _Thread_local int accepted = -1;
static _Thread_local bool listens; /* the thread of jm_pool_serve() */
static atomic_int listener = -1;
static atomic_ullong turned_away;

struct session {
	SMFICTX *ctx;
	int fd;
	size_t at, have; /* of ahead: consumed, and read */
	unsigned char ahead[AHEAD_BYTES];
};

static _Thread_local struct session *mine; /* of a session's thread */

/* Descriptors are numbered from the lowest free one: is one so high that only the reserve is left?
 */
static bool is_reserve(int fd)
{
	struct rlimit r;
	rlim_t keep;

	if (getrlimit(RLIMIT_NOFILE, &r) != 0 || r.rlim_cur == RLIM_INFINITY)
		return false;
	keep = r.rlim_cur / 4 < RESERVE_FDS ? r.rlim_cur / 4 : RESERVE_FDS;
	return (rlim_t)fd >= r.rlim_cur - keep;
}

/* A connection that cannot be served. Its MTA answers 4xx. */
static void turn_away(const char *why)
{
	if (atomic_fetch_add(&turned_away, 1) == 0)
		JM_LOG(JM_LOG_ERROR, "connection-turned-away", { "error", JM_S(why) });
	jm_clock_sleep_ms(REST_MS);
}

/*
 * Take the place of libc's accept() in this program; libmilter's listener is its only caller.
 * libmilter ends the daemon after some failures in a row, but not for connections that were
 * aborted, so every failure that may pass is told as one. New sessions never get the last
 * descriptors: those that are there already, and jmctl, must go on.
 */
int pool_accept(int fd, struct sockaddr *addr, socklen_t *len)
{
	atomic_store(&listener, fd);
	accepted = accept4(fd, addr, len, SOCK_CLOEXEC);
	if (accepted >= 0 && is_reserve(accepted)) {
		close(accepted);
		accepted = -1;
		errno = EMFILE;
	}
	if (accepted < 0 &&
	    (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)) {
		turn_away(errno == EMFILE
			? "too many open connections for the limit of open files; raise LimitNOFILE, or let the MTA connect less often"
			: "the system is out of memory or files");
		errno = ECONNABORTED;
	}
	return accepted;
}

uint64_t jm_pool_turned_away(void)
{
	return atomic_load(&turned_away);
}

/* Take the place of libc's read(): the same, but a session's thread reads its own socket in large
 * pieces. */
ssize_t pool_read(int fd, void *p, size_t n)
{
	struct session *s = mine;
	ssize_t got;

	if (!s || fd != s->fd || (s->at == s->have && n >= sizeof s->ahead))
		return (ssize_t)syscall(SYS_read, fd, p, n);
	if (s->at == s->have) {
		s->at = s->have = 0;
		got = (ssize_t)syscall(SYS_read, fd, s->ahead, sizeof s->ahead);
		if (got <= 0)
			return got;
		s->have = (size_t)got;
	}
	if (n > s->have - s->at)
		n = s->have - s->at;
	memcpy(p, s->ahead + s->at, n);
	s->at += n;
	return (ssize_t)n;
}

/* Take the place of libc's poll(): the same, but what a session's thread has read ahead is there to
 * be read. libmilter's listener waits here for connections, so its descriptor is known before the
 * first one. */
int pool_poll(struct pollfd *p, nfds_t n, int timeout_ms)
{
	const struct session *s = mine;
	struct timespec t = { .tv_sec = timeout_ms / 1000,
		.tv_nsec = timeout_ms % 1000 * 1000000L };

	if (listens && n == 1)
		atomic_store(&listener, p->fd);
	if (s && n == 1 && p->fd == s->fd && s->at < s->have && p->events & POLLIN) {
		p->revents = POLLIN;
		return 1;
	}
	return ppoll(p, n, timeout_ms < 0 ? NULL : &t, NULL);
}

static void *serve(void *arg)
{
	struct session *s = mine = arg;
	struct pollfd p = { .fd = s->fd, .events = POLLIN };
	int n;

	while (mi_engine(s->ctx) == MI_CONTINUE) {
		do
			n = pool_poll(&p, 1, SESSION_IDLE_MS);
		while (n < 0 && errno == EINTR);
		if (n == 0)
			(void)shutdown(s->fd, SHUT_RDWR); /* mi_engine() then sees the end and calls
							     xxfi_close */
	}
	mi_clr_ctx(s->ctx);
	mine = NULL;
	free(s);
	return NULL;
}

int mi_pool_controller_init(void)
{
	return MI_SUCCESS;
}

int mi_start_session(SMFICTX *ctx)
{
	struct session *s = malloc(sizeof *s);
	pthread_attr_t attr;
	pthread_t id;
	int rc;

	if (!s)
		return MI_FAILURE;
	s->ctx = ctx;
	s->fd = accepted;
	s->at = s->have = 0;
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attr, SESSION_STACK_BYTES);
	rc = pthread_create(&id, &attr, serve, s);
	pthread_attr_destroy(&attr);
	if (rc == 0)
		return MI_SUCCESS;
	free(s);
	turn_away("cannot start a thread for it: too many, or no memory");
	mi_clr_ctx(ctx); /* closes the connection; a failure would end the daemon after some more */
	return MI_SUCCESS;
}

int jm_pool_serve(void)
{
	int rc;

	listens = true;
	rc = smfi_main();
	listens = false;
	return rc == MI_SUCCESS ? 0 : -1;
}

bool jm_pool_stopping(void)
{
	return mi_stop() != 0;
}

/* A connection to ourselves: the listener looks at its stop flag after each one. Where its
 * descriptor is not known yet, it stops at its next look, within five seconds. */
void jm_pool_wake(void)
{
	struct sockaddr_storage addr;
	socklen_t len = sizeof addr;
	int fd = -1, l = atomic_load(&listener);

	if (l >= 0 && getsockname(l, (struct sockaddr *)&addr, &len) == 0)
		fd = socket(addr.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd >= 0) {
		(void)connect(fd, (struct sockaddr *)&addr, len); /* whatever comes of it, it was a
								     knock */
		close(fd);
	}
}
