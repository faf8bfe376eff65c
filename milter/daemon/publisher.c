/* SPDX-License-Identifier: BSD-2-Clause */
#include "milter/daemon/publisher.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/io.h"
#include "common/base/log.h"
#include "common/publish/publish.h"
#include "milter/daemon/document.h"
#include "milter/daemon/notify.h"

#define TICK_MS 250
#define QUIET_S 5 /* between two words to the service manager while nothing is published */

static pthread_mutex_t rounds = PTHREAD_MUTEX_INITIALIZER; /* held during a round; by
							      jm_publisher_stop() for good */

struct publisher {
	struct jm_daemon *daemon;
	char dir[PATH_MAX]; /* that of the start: whoever reads there is not told of another one by
			       a reload */
	bool failing;
	char line[JM_DOCUMENT_LINE_BYTES]; /* last told */
};

int jm_publisher_folder(const struct jm_settings *s, char *path, struct jm_err *err)
{
	int n = s->publish_directory ? snprintf(path, PATH_MAX, "%s", s->publish_directory)
				     : snprintf(path, PATH_MAX, "%s/public", s->archive_directory);

	return n < PATH_MAX
	    ? 0
	    : jm_err_set(err, JM_E_CONFIG, "the path of the publish folder has %d bytes", n);
}

static void tell(struct publisher *p, const json_t *document)
{
	char line[JM_DOCUMENT_LINE_BYTES], text[sizeof line + 8];

	if (strcmp(jm_document_line(document, line), p->line) == 0)
		return;
	memcpy(p->line, line, sizeof line);
	snprintf(text, sizeof text, "STATUS=%s", line);
	jm_notify(text);
}

static int publish(struct publisher *p, const struct jm_settings *s, struct jm_err *err)
{
	json_t *document = NULL;
	int rc = 0;

	if (jm_document_make(p->daemon, s, &document, err) < 0)
		return -1;
	tell(p, document);
	if (s->publish_interval_s > 0)
		rc = jm_io_mkdirs(p->dir, 0755, err) < 0 ||
			jm_publish_write(p->dir, s->publish_mode, document, err) < 0
		    ? -1
		    : 0;
	json_decref(document);
	return rc;
}

/* Returns how long to wait for the next one. */
static int64_t one_round(struct publisher *p)
{
	struct jm_settings *s = jm_daemon_settings(p->daemon);
	int interval_s = s->publish_interval_s > 0 ? s->publish_interval_s : QUIET_S;
	struct jm_err err;
	int rc = 0;

	if (s->publish_interval_s > 0 || jm_notify_wanted())
		rc = publish(p, s, &err);
	if (rc < 0 && !p->failing)
		jm_daemon_note(p->daemon, "publish-failed", NULL, "daemon",
		    jm_err_kind_name(err.kind), err.text);
	else if (rc == 0 && p->failing)
		jm_daemon_note(
		    p->daemon, "publish-works", NULL, "daemon", "", "the state is published again");
	p->failing = rc < 0;
	jm_settings_unref(&s);
	return (int64_t)interval_s * 1000;
}

static void *run(void *arg)
{
	struct publisher *p = arg;
	int64_t next_us = 0;

	for (;;) {
		if (jm_clock_mono_us() >= next_us) {
			pthread_mutex_lock(&rounds);
			next_us = jm_clock_mono_us() + one_round(p) * 1000;
			pthread_mutex_unlock(&rounds);
		}
		jm_clock_sleep_ms(TICK_MS);
	}
	return NULL;
}

int jm_publisher_start(struct jm_daemon *d, const struct jm_settings *s, struct jm_err *err)
{
	static struct publisher p; /* lives as long as the process, as its thread does */
	pthread_t thread;

	p.daemon = d;
	if (jm_publisher_folder(s, p.dir, err) < 0)
		return -1;
	return pthread_create(&thread, NULL, run, &p) == 0
	    ? 0
	    : jm_err_set(err, JM_E_TEMP, "cannot start a thread");
}

void jm_publisher_stop(void)
{
	pthread_mutex_lock(&rounds);
}
