/* SPDX-License-Identifier: BSD-2-Clause */
/* The file and the moment of its writing. Comparing settings is in reload.c. See kept.h. */
#include "milter/daemon/kept.h"

#include <limits.h>
#include <stdio.h>

#include "common/archive/note.h"
#include "common/base/io.h"
#include "common/base/log.h"
#include "common/settings/loader.h"
#include "common/settings/snapshot.h"

#define NAME "last-settings.xml"
#define TEXT_BYTES (4u << 20) /* as large a file as jm_settings_load() reads */
#define REPORT_BYTES 4096u

static int kept_path(const struct jm_daemon *d, char path[PATH_MAX], struct jm_err *err)
{
	return snprintf(path, PATH_MAX, "%s/" NAME, d->archive_dir) < PATH_MAX
	    ? 0
	    : jm_err_set(err, JM_E_LIMIT, "the path of the archive is too long");
}

int jm_kept_load(struct jm_daemon *d, const struct jm_settings *now, struct jm_settings **old_r,
    struct jm_err *err)
{
	char path[PATH_MAX];
	struct jm_buf report;
	int rc;

	jm_buf_init(&report, REPORT_BYTES);
	rc = kept_path(d, path, err) != 0 || jm_settings_load(path, old_r, &report, err) != 0 ||
		jm_settings_unmask(*old_r, now, err) != 0
	    ? -1
	    : 0;
	jm_buf_release(&report);
	return rc;
}

void jm_kept_later(struct jm_daemon *d, struct jm_settings *s)
{
	uint64_t done;

	jm_settings_unref(&d->to_keep);
	d->to_keep = jm_settings_ref(s);
	jm_archive_notes(d->archive, &d->to_keep_after, &done);
}

void jm_kept_end(struct jm_daemon *d)
{
	char path[PATH_MAX];
	struct jm_buf b;
	struct jm_err err;

	if (!d->to_keep)
		return;
	jm_buf_init(&b, TEXT_BYTES);
	if (kept_path(d, path, &err) != 0 || jm_settings_text(d->to_keep, &b, &err) != 0 ||
	    jm_io_publish(path, b.p, b.len, 0600, &err) != 0)
		JM_LOG(JM_LOG_WARNING, "settings-not-kept", { "error", JM_S(err.text) });
	jm_buf_release(&b);
	jm_settings_unref(&d->to_keep);
}

void jm_kept_tick(struct jm_daemon *d)
{
	uint64_t put, done = 0;

	if (!d->to_keep)
		return;
	jm_archive_notes(d->archive, &put, &done);
	if (done >= d->to_keep_after)
		jm_kept_end(d);
}
