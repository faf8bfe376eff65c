/* SPDX-License-Identifier: BSD-2-Clause */
/* Listing the volumes' folder and reading their headers. Each header is compared with the next. */
#include "common/volume/scan.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/volume/file.h"
#include "common/volume/salvage.h"

/* ---- the list of volumes ---- */

static int by_number(const void *x, const void *y)
{
	uint64_t a = ((const struct jm_volume *)x)->head.number,
		 b = ((const struct jm_volume *)y)->head.number;

	return a < b ? -1 : a > b;
}

int jm_scan_list(struct jm_volumes *v, struct jm_err *err)
{
	char path[JM_VOLUME_PATH_BYTES];
	struct dirent *e;
	DIR *d;
	int rc = 0;

	d = opendir(jm_volume_folder(v->dir, path));
	if (!d)
		return errno == ENOENT
		    ? 0
		    : jm_err_sys(err, JM_E_TEMP, "cannot read folder \"%s\"", path);
	while (rc == 0) {
		uint64_t number;

		errno = 0;
		if (!(e = readdir(d))) {
			/* Do not take an error for the end: an overlooked volume would be made
			 * again, and its records would be lost. */
			rc = errno == 0
			    ? 1
			    : jm_err_sys(err, JM_E_TEMP, "cannot read folder \"%s\"", path);
			break;
		}
		if (!jm_volume_name_number(e->d_name, &number))
			continue;
		rc = jm_volumes_add(v, &(struct jm_volume){ .head.number = number }, err);
	}
	closedir(d);
	if (v->n > 1)
		qsort(v->list, v->n, sizeof *v->list, by_number);
	return rc < 0 ? -1 : 0;
}

/* Read the header of volume i. Until the next header is read, the volume ends where its file ends.
 */
static int read_volume(struct jm_volumes *v, size_t i, struct jm_err *err)
{
	struct jm_volume *one = &v->list[i];
	uint64_t number = one->head.number;
	struct jm_volume_file f;
	char path[JM_VOLUME_PATH_BYTES];
	int rc;

	if (jm_volume_open_listed(v, number, &f, err) != 0)
		return -1;
	rc = jm_volume_size(&f, &one->end, err);
	if (rc == 0)
		rc = jm_volume_read_head(&f, &one->head, err);
	jm_volume_close(&f);
	if (rc == 0 && one->head.number != number)
		rc = jm_err_set(
		    err, JM_E_CORRUPT, "it says it is volume %" PRIu64, one->head.number);
	one->head.number = number;
	return rc == 0 ? 0 : jm_err_wrap(err, "%s", jm_volume_path(v->dir, number, path));
}

/* Set the end of the volume before volume i, as the header of volume i says. */
static void link_volume(struct jm_volumes *v, size_t i)
{
	struct jm_volume *one = &v->list[i], *before = one - 1;

	if (one->headless)
		return;
	if (!before->headless && one->head.first_seq < before->head.first_seq)
		jm_volume_problem(one,
		    "volume %" PRIu64 " begins with record %" PRIu64
		    ", but the one before it with %" PRIu64,
		    one->head.number, one->head.first_seq, before->head.first_seq);
	if (before->absent)
		return;
	if (one->head.previous_end > before->end)
		jm_volume_problem(before,
		    "volume %" PRIu64 " is shorter (%" PRIu64
		    " bytes) than the next one says (%" PRIu64 ")",
		    before->head.number, before->end, one->head.previous_end);
	else
		before->end = one->head.previous_end;
}

/* Remove the last volume: a crash interrupted its creation. */
static int remove_last(
    struct jm_volumes *v, jm_scan_changed *changed, void *ctx, struct jm_err *err)
{
	uint64_t number = v->list[v->n - 1].head.number;
	char text[200];

	snprintf(
	    text, sizeof text, "volume %" PRIu64 " had no header and no record: removed", number);
	if (jm_volume_remove(v, number, err) != 0)
		return -1;
	v->n--;
	return changed(ctx, text, err);
}

int jm_scan_headers(struct jm_volumes *v, const unsigned char *known, jm_scan_changed *changed,
    void *ctx, struct jm_err *err)
{
	bool headless = false;

	for (size_t i = 0; i < v->n; i++) {
		if (read_volume(v, i, err) == 0)
			continue;
		if (err->kind != JM_E_CORRUPT)
			return -1;
		if (i + 1 == v->n && v->list[i].end <= JM_VOLUME_HEAD_BYTES && err->sys != EIO)
			return remove_last(v, changed, ctx, err) != 0
			    ? -1
			    : jm_scan_headers(v, known, changed, ctx, err);
		v->list[i].headless = true;
		jm_volume_problem(&v->list[i], "%s", err->text);
	}
	if (v->n == 0)
		return 0;
	if (jm_salvage_absent(v, 0, err) != 0 || jm_salvage_uuid(v, known, err) != 0)
		return -1;
	for (size_t i = 0; i < v->n; i++) {
		headless |= v->list[i].headless;
		if (i > 0)
			link_volume(v, i);
	}
	for (size_t i = 0; i + 1 < v->n; i++)
		if (jm_salvage_name_lost(v, i, err) != 0)
			return -1;
	return headless ? jm_salvage_guess(v, err) : 0;
}
