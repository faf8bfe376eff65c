/* SPDX-License-Identifier: BSD-2-Clause */
#include "milter/daemon/kept.h"

#include <limits.h>
#include <stdio.h>

#include "common/base/io.h"
#include "common/base/log.h"
#include "common/settings/loader.h"
#include "common/settings/snapshot.h"

#define NAME "last-settings.xml"
#define TEXT_BYTES (4u << 20) /* as many as the loader reads */
#define REPORT_BYTES 4096u

static struct jm_settings *waiting; /* to be kept; under refreshing */
static uint64_t waiting_for;        /* so many events must be through */

static int path_of(const struct jm_daemon *d, char path[PATH_MAX], struct jm_err *err)
{
	return snprintf(path, PATH_MAX, "%s/" NAME, d->archive_dir) < PATH_MAX
	    ? 0
	    : jm_err_set(err, JM_E_LIMIT, "the path of the archive is too long");
}

void jm_kept_compare(struct jm_daemon *d)
{
	struct jm_settings *now = jm_daemon_settings(d), *old = NULL;
	char path[PATH_MAX], text[JM_ERR_TEXT_BYTES + 100];
	struct jm_buf report;
	struct jm_err err;

	jm_buf_init(&report, REPORT_BYTES);
	if (path_of(d, path, &err) == 0 && jm_settings_load(path, &old, &report, &err) == 0 &&
	    jm_settings_unmask(old, now, &err) == 0) {
		jm_daemon_note_changes(d, old, now, "daemon",
		    "the settings file was changed while no daemon ran; what differs is told one by one");
	} else if (err.kind != JM_E_NOTFOUND) {
		snprintf(text, sizeof text,
		    "changes of the settings while no daemon ran are not told: %s", err.text);
		jm_daemon_note(d, "settings-not-compared", NULL, "daemon", NULL, text);
	}
	jm_kept_later(d, now);
	jm_buf_release(&report);
	jm_settings_unref(&old);
	jm_settings_unref(&now);
}

void jm_kept_later(struct jm_daemon *d, struct jm_settings *s)
{
	uint64_t done;

	jm_settings_unref(&waiting);
	waiting = jm_settings_ref(s);
	jm_archive_notes(d->archive, &waiting_for, &done);
}

void jm_kept_end(struct jm_daemon *d)
{
	char path[PATH_MAX];
	struct jm_buf b;
	struct jm_err err;

	if (!waiting)
		return;
	jm_buf_init(&b, TEXT_BYTES);
	if (path_of(d, path, &err) != 0 || jm_settings_text(waiting, &b, &err) != 0 ||
	    jm_io_publish(path, b.p, b.len, 0600, &err) != 0)
		JM_LOG(JM_LOG_WARNING, "settings-not-kept", { "error", JM_S(err.text) });
	jm_buf_release(&b);
	jm_settings_unref(&waiting);
}

void jm_kept_tick(struct jm_daemon *d)
{
	uint64_t put, done = 0;

	if (!waiting)
		return;
	jm_archive_notes(d->archive, &put, &done);
	if (done >= waiting_for)
		jm_kept_end(d);
}
