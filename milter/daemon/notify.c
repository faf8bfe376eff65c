/* SPDX-License-Identifier: BSD-2-Clause */
/* The datagram and the watchdog's thread. Which messages are sent is known to main.c and
 * publisher.c. See notify.h. */
#include "milter/daemon/notify.h"

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/archive/health.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/num.h"

struct jm_watchdog {
	struct jm_archive *archive;
	int64_t period_us;      /* of WATCHDOG_USEC */
	pthread_mutex_t asking; /* held while the archive is asked, and for good after the stop */
};

bool jm_notify_wanted(void)
{
	const char *path = getenv("NOTIFY_SOCKET");

	return path && (path[0] == '/' || path[0] == '@') &&
	    strlen(path) < sizeof(((struct sockaddr_un *)0)->sun_path);
}

void jm_notify(const char *text)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	const char *path = getenv("NOTIFY_SOCKET");
	int fd;

	if (!path || !jm_notify_wanted())
		return;
	memcpy(to.sun_path, path, strlen(path));
	if (path[0] == '@')
		to.sun_path[0] = '\0'; /* an abstract name is ended by its length */
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 ||
	    sendto(fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT, (struct sockaddr *)&to,
		(socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path))) < 0)
		JM_LOG(JM_LOG_DEBUG, "notify-failed", { "text", JM_S(text) });
	if (fd >= 0)
		close(fd);
}

static void *feed(void *arg)
{
	struct jm_watchdog *w = arg;
	bool hungry = false;

	for (;;) {
		bool stalled;

		pthread_mutex_lock(&w->asking);
		stalled = jm_archive_stalled_us(w->archive) > w->period_us / 2;
		pthread_mutex_unlock(&w->asking);
		if (!stalled)
			jm_notify("WATCHDOG=1");
		else if (!hungry)
			JM_LOG(JM_LOG_ERROR, "committer-stalled",
			    { "watchdog_s", JM_I(w->period_us / 1000000) });
		hungry = stalled;
		jm_clock_sleep_ms(w->period_us / 4000);
	}
	return NULL;
}

int jm_notify_watchdog(struct jm_archive *a, struct jm_watchdog **w_r, struct jm_err *err)
{
	struct jm_watchdog *w;
	const char *usec = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
	uint64_t period_us = 0, whose = 0;
	pthread_t thread;

	*w_r = NULL;
	if (!jm_notify_wanted() || !usec ||
	    jm_num_u64(jm_span_str(usec), 10000, INT32_MAX * UINT64_C(1000), &period_us) != 0)
		return 0;
	if (pid &&
	    (jm_num_u64(jm_span_str(pid), 1, INT32_MAX, &whose) != 0 ||
		whose != (uint64_t)getpid()))
		return 0;
	w = calloc(1, sizeof *w);
	if (!w)
		return jm_err_sys(err, JM_E_TEMP, "cannot feed the watchdog");
	w->archive = a;
	w->period_us = (int64_t)period_us;
	pthread_mutex_init(&w->asking, NULL);
	if (pthread_create(&thread, NULL, feed, w) != 0) {
		free(w);
		return jm_err_set(err, JM_E_TEMP, "cannot start a thread");
	}
	*w_r = w;
	return 0;
}

void jm_notify_watchdog_stop(struct jm_watchdog *w)
{
	if (!w)
		return;
	pthread_mutex_lock(&w->asking); /* never given back: the thread waits for it */
}
