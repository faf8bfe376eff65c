/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One thread per session, for builds of libmilter that would use a pool of workers.
 *
 * Debian builds libmilter with _FFR_WORKERS_POOL. That pool hands several ready sessions to one
 * idle worker and starts no thread for the others. When a callback blocks, as the end of a message
 * must until the disk has it, those sessions wait for seconds (measured: Postfix then answers 451
 * after its own time-out). libmilter calls the pool through two exported functions,
 * mi_pool_controller_init() and mi_start_session(). The definitions here replace them at link time,
 * so that each session gets a thread of its own, as in libmilter's other build, in which nobody
 * calls them.
 *
 * mi_engine() handles what has arrived and returns MI_CONTINUE when the socket is silent. libmilter
 * does not say which descriptor that is. So the accept() below, which libmilter's listener calls
 * right before mi_start_session() in the same thread, remembers it (and makes it close-on-exec).
 *
 * For each of the forty or more packets of a message libmilter makes five system calls (three
 * polls, two reads), which cost more processor time than all the work on the message. read() and
 * poll() below read ahead on a session's own socket, in its own thread, and do not ask the kernel
 * whether it is ready: a read waits for bytes and a write for room, and the time limits of the
 * socket end both. Everything else is passed on unchanged. Measured by make bench. The same read()
 * keeps packets from libmilter that it cannot bear (packets.h).
 *
 * The state here is static, because libmilter and libc call these functions without a context.
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
#include <sys/time.h>
#include <unistd.h>

#include <libmilter/mfapi.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "milter/daemon/packets.h"
#include "milter/daemon/protocol.h"

#define MI_CONTINUE 1 /* libmilter.h, internal */
#define SESSION_STACK_BYTES (512u * 1024u)
#define SESSION_IDLE_S (2 * 3600) /* longer than any MTA keeps a silent session */

/* Exported by libmilter, but not in its public header. */
int mi_engine(SMFICTX *ctx);
void mi_clr_ctx(SMFICTX *ctx);
int mi_stop(void);

int mi_pool_controller_init(void);
int mi_start_session(SMFICTX *ctx);

/* Ours, under the names of libc's functions. */
int pool_accept(int fd, struct sockaddr *addr, socklen_t *len) __asm__("accept");
int pool_poll(struct pollfd *p, nfds_t n, int timeout_ms) __asm__("poll");
ssize_t pool_read(int fd, void *p, size_t n) __asm__("read");

/* Descriptors kept for the archive, the control socket and mailboxes; at most a quarter of all. */
#define RESERVE_FDS 64u
#define REST_MS 100        /* after a connection that was turned away: no busy loop */
#define AHEAD_BYTES 16384u /* larger reads (chunks of a body) are not copied */

static _Thread_local int accepted = -1; /* of the listener: its last connection */
static _Thread_local bool listens;      /* this is the listener, the thread of jm_pool_serve() */
static atomic_int listener = -1;        /* the listening socket; -1: not known yet */
static atomic_ullong turned_away;       /* connections, since the start */

struct session {
	SMFICTX *ctx;
	int fd;
	struct jm_packets packets; /* of what was consumed */
	size_t at, have;           /* bytes of ahead that were consumed, and that were read */
	bool wrote;                /* since the last read */
	unsigned char ahead[AHEAD_BYTES];
};

static _Thread_local struct session *mine; /* of a session's thread; NULL in others */

/* True when fd is so high that only the reserve is left: the kernel gives the lowest free number.
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

/* Count a connection that cannot be served. Its MTA answers 4xx. */
static void turn_away(const char *cause)
{
	if (atomic_fetch_add(&turned_away, 1) == 0)
		JM_LOG(JM_LOG_ERROR, "connection-turned-away", { "error", JM_S(cause) });
	jm_clock_sleep_ms(REST_MS);
}

/*
 * Replaces libc's accept() in this program; libmilter's listener is its only caller. libmilter ends
 * the daemon after several failures in a row, but does not count connections that were aborted, so
 * every failure that may be temporary is reported as ECONNABORTED. New sessions never get the last
 * descriptors: those that exist, and jmctl, must be able to continue. A plain system call, because
 * libmilter closes the descriptor, which the thread sanitizer does not see.
 */
int pool_accept(int fd, struct sockaddr *addr, socklen_t *len)
{
	atomic_store(&listener, fd);
	accepted = (int)syscall(SYS_accept4, fd, addr, len, SOCK_CLOEXEC);
	if (accepted >= 0 && is_reserve(accepted)) {
		close(accepted);
		accepted = -1;
		errno = EMFILE;
	}
	if (accepted < 0 &&
	    (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)) {
		turn_away(errno == EMFILE
			? "too many open connections for the limit of open files; raise "
			  "LimitNOFILE, or let the MTA connect less often"
			: "the system is out of memory or files");
		errno = ECONNABORTED;
	}
	return accepted;
}

uint64_t jm_pool_turned_away(void)
{
	return atomic_load(&turned_away);
}

/* One read of a session's socket, which waits for bytes. 0: the end, also when the other side was
 * silent for too long. */
static ssize_t read_socket(struct session *s, void *p, size_t n)
{
	ssize_t got;

	s->wrote = false;
	do
		got = (ssize_t)syscall(SYS_read, s->fd, p, n);
	while (got < 0 && errno == EINTR);
	if (got >= 0 || (errno != EAGAIN && errno != EWOULDBLOCK))
		return got;
	shutdown(s->fd, SHUT_RDWR);
	return 0;
}

/* Wait for bytes to consume. At the end of the connection none come; whoever reads next finds the
 * end. */
static void fill_ahead(struct session *s)
{
	ssize_t got = read_socket(s, s->ahead, sizeof s->ahead);

	s->at = 0;
	s->have = got > 0 ? (size_t)got : 0;
}

/* Read from a session's own socket, in large pieces. */
static ssize_t read_ahead(struct session *s, void *p, size_t n)
{
	ssize_t got;

	if (s->at == s->have && n >= sizeof s->ahead)
		return read_socket(s, p, n);
	if (s->at == s->have) {
		s->at = s->have = 0;
		got = read_socket(s, s->ahead, sizeof s->ahead);
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

/* Replaces libc's read(). A session's thread reads ahead on its own socket, of which libmilter sees
 * the end instead of a packet that it cannot bear; everything else is the same. */
ssize_t pool_read(int fd, void *p, size_t n)
{
	struct session *s = mine;
	ssize_t got;

	if (!s || fd != s->fd)
		return (ssize_t)syscall(SYS_read, fd, p, n);
	got = read_ahead(s, p, n);
	if (got <= 0 || jm_packets_follow(&s->packets, p, (size_t)got))
		return got;
	jm_protocol_error(fd, "macros", "a name without a value");
	return 0;
}

int jm_pool_socket(void)
{
	return mine ? mine->fd : -1;
}

/*
 * Is a session's own socket ready? Without asking the kernel: a read waits for bytes itself, and so
 * does a write for room. A look without waiting finds what was read ahead only, which ends
 * mi_engine(), and serve_session() waits. A second write without a read between asks: libmilter
 * repeats a write that found no room in time, and gives up when poll() does.
 */
static bool is_ready(struct session *s, struct pollfd *p, int timeout_ms)
{
	if (p->events & POLLIN) {
		p->revents = timeout_ms != 0 || s->at < s->have ? POLLIN : 0;
		return true;
	}
	if (s->wrote)
		return false;
	s->wrote = true;
	p->revents = POLLOUT;
	return true;
}

/* Replaces libc's poll(). A session's thread does not wait here for its own socket; everything else
 * is the same. libmilter's listener waits here for its first connection, so the listening socket is
 * known before there is one. */
int pool_poll(struct pollfd *p, nfds_t n, int timeout_ms)
{
	struct session *s = mine;
	struct timespec t = { .tv_sec = timeout_ms / 1000,
		.tv_nsec = timeout_ms % 1000 * 1000000L };

	if (listens && n == 1)
		atomic_store(&listener, p->fd);
	if (s && n == 1 && p->fd == s->fd && is_ready(s, p, timeout_ms))
		return p->revents != 0;
	return ppoll(p, n, timeout_ms < 0 ? NULL : &t, NULL);
}

static void *serve_session(void *arg)
{
	struct session *s = mine = arg;

	while (mi_engine(s->ctx) == MI_CONTINUE)
		if (s->at == s->have)
			fill_ahead(s);
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
	static const struct timeval idle = { .tv_sec = SESSION_IDLE_S };
	struct session *s = malloc(sizeof *s);
	pthread_attr_t attr;
	pthread_t id;
	int rc;

	if (!s)
		return MI_FAILURE;
	s->ctx = ctx;
	s->fd = accepted;
	s->packets = (struct jm_packets){ .have = 0 };
	s->at = s->have = 0;
	s->wrote = false;
	(void)setsockopt(s->fd, SOL_SOCKET, SO_RCVTIMEO, &idle, sizeof idle);
	(void)setsockopt(s->fd, SOL_SOCKET, SO_SNDTIMEO, &idle, sizeof idle);
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attr, SESSION_STACK_BYTES);
	rc = pthread_create(&id, &attr, serve_session, s);
	pthread_attr_destroy(&attr);
	if (rc == 0)
		return MI_SUCCESS;
	free(s);
	turn_away("cannot start a thread for it: too many, or no memory");
	mi_clr_ctx(ctx);   /* closes the connection */
	return MI_SUCCESS; /* several failures would end the daemon */
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

/* Connect to ourselves: the listener checks its stop flag after each connection. When the listening
 * socket is not known yet, the listener stops at its next check, within five seconds. */
void jm_pool_wake(void)
{
	struct sockaddr_storage addr = { .ss_family = AF_UNSPEC };
	socklen_t len = sizeof addr;
	int fd = -1, l = atomic_load(&listener);

	if (l >= 0 && getsockname(l, (struct sockaddr *)&addr, &len) == 0)
		fd = socket(addr.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd >= 0) {
		(void)connect(fd, (struct sockaddr *)&addr, len); /* an attempt is enough */
		close(fd);
	}
}
