/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One thread a session, for libmilter builds that would use a worker pool.
 *
 * Debian builds libmilter with _FFR_WORKERS_POOL. That pool hands several ready sessions to one idle worker and starts no
 * thread for the others; when a callback blocks, as an end of message that waits for the disk must, those sessions stand
 * still for seconds (facts: Postfix then answers 451 by its own time-out). libmilter calls the pool through two exported
 * functions, mi_pool_controller_init() and mi_start_session(); the definitions here take their place at link time, so that
 * each session gets a thread of its own, as in libmilter's other build. In that other build nobody calls them.
 *
 * mi_engine() handles what has arrived and returns MI_CONTINUE when the socket is silent; the descriptor to wait on is
 * libmilter's secret, so the accept() below, which libmilter's listener calls right before mi_start_session() in the same
 * thread, remembers it (and makes it close-on-exec).
 */
#include "milter/daemon/pool.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <libmilter/mfapi.h>

#include "common/base/log.h"

#define MI_CONTINUE 1			/* libmilter.h, internal */
#define SESSION_STACK_BYTES (512u * 1024u)
#define SESSION_IDLE_MS (2 * 3600 * 1000)	/* longer than any MTA keeps a silent session */

/* libmilter's own, not in its public header */
int mi_engine(SMFICTX *ctx);
void mi_clr_ctx(SMFICTX *ctx);
int mi_stop(void);

int mi_pool_controller_init(void);
int mi_start_session(SMFICTX *ctx);

static _Thread_local int accepted = -1;
static atomic_int listener = -1;

struct session {
	SMFICTX *ctx;
	int fd;
};

/* Take the place of libc's accept() in this program; libmilter's listener is its only caller. */
int accept(int fd, __SOCKADDR_ARG addr, socklen_t *restrict len)
{
	atomic_store(&listener, fd);
	accepted = accept4(fd, addr, len, SOCK_CLOEXEC);
	return accepted;
}

static void *serve(void *arg)
{
	struct session s = *(struct session *)arg;
	struct pollfd p = { .fd = s.fd, .events = POLLIN };
	int n;

	free(arg);
	while (mi_engine(s.ctx) == MI_CONTINUE) {
		do
			n = poll(&p, 1, SESSION_IDLE_MS);
		while (n < 0 && errno == EINTR);
		if (n == 0)
			(void)shutdown(s.fd, SHUT_RDWR);	/* mi_engine() then sees the end and calls xxfi_close */
	}
	mi_clr_ctx(s.ctx);
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
	*s = (struct session){ ctx, accepted };
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attr, SESSION_STACK_BYTES);
	rc = pthread_create(&id, &attr, serve, s);
	pthread_attr_destroy(&attr);
	if (rc == 0)
		return MI_SUCCESS;
	free(s);
	JM_LOG(JM_LOG_ERROR, "session-thread", { "error", JM_I(rc) });
	return MI_FAILURE;
}

bool jm_pool_stopping(void)
{
	return mi_stop() != 0;
}

/* A connection to ourselves: the listener looks at its stop flag after each one. Before the first accept() its descriptor is not
 * known; it then stops at its next look, within five seconds. */
void jm_pool_wake(void)
{
	struct sockaddr_storage addr;
	socklen_t len = sizeof addr;
	int fd = -1, l = atomic_load(&listener);

	if (l >= 0 && getsockname(l, (struct sockaddr *)&addr, &len) == 0)
		fd = socket(addr.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd >= 0) {
		(void)connect(fd, (struct sockaddr *)&addr, len);	/* whatever comes of it, it was a knock */
		close(fd);
	}
}
