/* SPDX-License-Identifier: BSD-2-Clause */
#include "milter/daemon/notify.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/num.h"

struct feeder {
	struct jm_archive *archive;
	int64_t period_us;
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

	if (!jm_notify_wanted())
		return;
	memcpy(to.sun_path, path, strlen(path));
	if (path[0] == '@')
		to.sun_path[0] = '\0'; /* abstract: the length ends the name */
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 ||
	    sendto(fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT, (struct sockaddr *)&to,
		(socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path))) < 0)
		JM_LOG(JM_LOG_DEBUG, "notify-failed", { "text", JM_S(text) });
	if (fd >= 0)
		close(fd);
}

static pthread_mutex_t feeding = PTHREAD_MUTEX_INITIALIZER; /* whoever asks the archive, or ends
							       that for good */

static void *feed(void *arg)
{
	const struct feeder *f = arg;
	bool hungry = false;

	for (;;) {
		bool stalled;

		pthread_mutex_lock(&feeding);
		stalled = jm_archive_stalled_us(f->archive) > f->period_us / 2;
		pthread_mutex_unlock(&feeding);
		if (!stalled)
			jm_notify("WATCHDOG=1");
		else if (!hungry)
			JM_LOG(JM_LOG_ERROR, "committer-stalled",
			    { "watchdog_s", JM_I(f->period_us / 1000000) });
		hungry = stalled;
		jm_clock_sleep_ms(f->period_us / 4000);
	}
	return NULL;
}

int jm_notify_watchdog(struct jm_daemon *d, struct jm_err *err)
{
	static struct feeder f; /* lives as long as the process, as its thread does */
	const char *usec = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
	uint64_t period_us = 0, whose = 0;
	pthread_t thread;

	if (!jm_notify_wanted() || !usec ||
	    jm_num_u64(jm_span_str(usec), 10000, INT32_MAX * UINT64_C(1000), &period_us) < 0)
		return 0;
	if (pid &&
	    (jm_num_u64(jm_span_str(pid), 1, INT32_MAX, &whose) < 0 || whose != (uint64_t)getpid()))
		return 0;
	f = (struct feeder){ .archive = d->archive, .period_us = (int64_t)period_us };
	return pthread_create(&thread, NULL, feed, &f) == 0
	    ? 0
	    : jm_err_set(err, JM_E_TEMP, "cannot start a thread");
}

void jm_notify_watchdog_stop(void)
{
	pthread_mutex_lock(&feeding); /* for good: the thread stands still there */
}
