/* SPDX-License-Identifier: BSD-2-Clause */
/* The rounds, and when there is one. The document is made by document.c, the files are written by
 * common/publish. See publisher.h. */
#include "milter/daemon/publisher.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/io.h"
#include "common/base/log.h"
#include "common/base/step.h"
#include "common/base/visible.h"
#include "common/publish/publish.h"
#include "milter/daemon/document.h"
#include "milter/daemon/notify.h"

#define TICK_MS 250
#define QUIET_S 5 /* between two messages to the service manager while publishing is off */

struct jm_publisher {
	struct jm_daemon *daemon;
	char dir[PATH_MAX];    /* of the start: readers of the folder do not learn of another one */
	pthread_mutex_t round; /* held during a round, and for good after the stop */
	/* The thread's own. */
	bool failing;
	char line[JM_DOCUMENT_LINE_BYTES]; /* the last that was sent to the service manager */
};

int jm_publisher_folder(const struct jm_settings *s, char *path, struct jm_err *err)
{
	int n = s->publish_directory ? snprintf(path, PATH_MAX, "%s", s->publish_directory)
				     : snprintf(path, PATH_MAX, "%s/public", s->archive_directory);

	return n < PATH_MAX
	    ? 0
	    : jm_err_set(err, JM_E_CONFIG, "the path of the publish folder has %d bytes", n);
}

static void notify_summary(struct jm_publisher *p, const json_t *document)
{
	char line[JM_DOCUMENT_LINE_BYTES], text[2 * sizeof line] = "STATUS=";

	if (strcmp(jm_document_line(document, line), p->line) == 0)
		return;
	memcpy(p->line, line, sizeof line);
	/* A line end in it would begin another assignment. */
	jm_visible_line(line, text + strlen(text), sizeof text - strlen(text));
	jm_notify(text);
}

static int publish_state(struct jm_publisher *p, const struct jm_settings *s, struct jm_err *err)
{
	json_t *document = NULL;
	int rc = 0;

	if (jm_document_make(p->daemon, s, &document, err) != 0)
		return -1;
	notify_summary(p, document);
	if (s->publish_interval_s > 0)
		rc = jm_io_mkdirs(p->dir, 0755, err) != 0 ||
			jm_publish_write(p->dir, s->publish_mode, document, err) != 0
		    ? -1
		    : 0;
	json_decref(document);
	return rc;
}

/* Returns how long to wait before the next one, in milliseconds. */
static int64_t one_round(struct jm_publisher *p)
{
	struct jm_settings *s = jm_daemon_settings(p->daemon);
	int interval_s = s->publish_interval_s > 0 ? s->publish_interval_s : QUIET_S;
	struct jm_err err = { .kind = JM_E_NONE };
	unsigned step = jm_step_begin("publisher");
	int rc = 0;

	if (s->publish_interval_s > 0 || jm_notify_wanted())
		rc = publish_state(p, s, &err);
	if (rc != 0 && !p->failing)
		jm_daemon_note(p->daemon, "publish-failed", NULL, "daemon",
		    jm_err_kind_name(err.kind), err.text);
	else if (rc == 0 && p->failing)
		jm_daemon_note(
		    p->daemon, "publish-works", NULL, "daemon", "", "the state is published again");
	p->failing = rc != 0;
	jm_step_end(step);
	jm_settings_unref(&s);
	return (int64_t)interval_s * 1000;
}

static void *run_publisher(void *arg)
{
	struct jm_publisher *p = arg;
	int64_t next_us = 0;

	for (;;) {
		if (jm_clock_mono_us() >= next_us) {
			pthread_mutex_lock(&p->round);
			next_us = jm_clock_mono_us() + one_round(p) * 1000;
			pthread_mutex_unlock(&p->round);
		}
		jm_clock_sleep_ms(TICK_MS);
	}
	return NULL;
}

int jm_publisher_start(
    struct jm_daemon *d, const struct jm_settings *s, struct jm_publisher **p_r, struct jm_err *err)
{
	struct jm_publisher *p = calloc(1, sizeof *p);
	pthread_t thread;

	if (!p)
		return jm_err_sys(err, JM_E_TEMP, "cannot publish");
	p->daemon = d;
	pthread_mutex_init(&p->round, NULL);
	if (jm_publisher_folder(s, p->dir, err) != 0)
		goto fail;
	if (pthread_create(&thread, NULL, run_publisher, p) != 0) {
		jm_err_set(err, JM_E_TEMP, "cannot start a thread");
		goto fail;
	}
	*p_r = p;
	return 0;
fail:
	pthread_mutex_destroy(&p->round);
	free(p);
	return -1;
}

void jm_publisher_stop(struct jm_publisher *p)
{
	if (!p)
		return;
	pthread_mutex_lock(&p->round); /* never given back: the thread waits for it */
}
