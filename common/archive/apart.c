/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Large records: the depositor writes the body beforehand into a file of its own and syncs it
 * there, piece by piece; the committer only puts the headers before it and the trailer behind it,
 * and makes the file the next volume by its name. So small messages wait for two small syncs and
 * not for the large one's bytes.
 *
 * Until the rename the file is nothing: a start removes it. When it has its name, it is whole and
 * synced.
 */
#include "common/archive/store.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/io.h"
#include "common/base/log.h"

#define PIECE_BYTES \
	(4u << 20) /* written and synced at once: a small message's sync may have to wait for so \
		      much */
#define SUFFIX ".apart"

static uint64_t body_at(const struct jm_ticket *t)
{
	return JM_VOLUME_HEAD_BYTES + JM_RECORD_HEAD_BYTES + (uint64_t)t->head.meta_bytes;
}

static char *path_of(
    const struct jm_archive *a, const struct jm_ticket *t, char path[JM_VOLUME_PATH_BYTES])
{
	snprintf(path, JM_VOLUME_PATH_BYTES, "%s/%" PRIu64 SUFFIX, a->tmp_dir, t->apart);
	return path;
}

int jm_apart_write(struct jm_archive *a, struct jm_ticket *t, struct jm_err *err)
{
	char path[JM_VOLUME_PATH_BYTES];
	uint64_t at = body_at(t);

	t->apart = atomic_fetch_add(&a->aparts, 1) + 1;
	t->apart_fd = jm_io_open(path_of(a, t, path), O_RDWR | O_CREAT | O_TRUNC, 0600, err);
	if (t->apart_fd < 0)
		return -1;
	for (size_t done = 0; done < t->body.len;) {
		size_t n = t->body.len - done < PIECE_BYTES ? t->body.len - done : PIECE_BYTES;
		struct iovec v = { (void *)(uintptr_t)(t->body.p + done), n };

		if (jm_io_pwritev(t->apart_fd, &v, 1, at + done, err) < 0 ||
		    jm_io_datasync(t->apart_fd, err) < 0)
			return jm_err_wrap(err, "%s", path); /* a sync that failed: this file is
								given up */
		done += n;
	}
	return 0;
}

int jm_apart_adopt(
    struct jm_archive *a, struct jm_ticket *t, const struct jm_volume_head *h, struct jm_err *err)
{
	unsigned char head[JM_VOLUME_HEAD_BYTES];
	char path[JM_VOLUME_PATH_BYTES], to[JM_VOLUME_PATH_BYTES], folder[JM_VOLUME_PATH_BYTES];
	struct iovec before[3] = { { head, sizeof head }, { t->head_bytes, sizeof t->head_bytes },
		{ t->meta_text, t->head.meta_bytes } };
	struct iovec behind = { t->trailer, sizeof t->trailer };

	jm_volume_encode(h, head);
	snprintf(folder, sizeof folder, "%s/volumes", a->dir);
	if (jm_io_pwritev(t->apart_fd, before, 3, 0, err) < 0 ||
	    jm_io_pwritev(t->apart_fd, &behind, 1, body_at(t) + t->body.len, err) < 0 ||
	    jm_io_datasync(t->apart_fd, err) < 0)
		return jm_err_wrap(err, "%s", path_of(a, t, path));
	/* What stands under this name already is the rest of an earlier try; nothing in it was ever
	 * acknowledged. */
	if (jm_io_rename(path_of(a, t, path), jm_volume_path(a->dir, h->number, to), err) < 0)
		return -1;
	if (jm_io_sync_dir(folder, err) == 0)
		return 0;
	unlink(to); /* if it stays, it holds a message that was not acknowledged, whole; or the next
		       try takes its name */
	return -1;
}

void jm_apart_release(const struct jm_archive *a, struct jm_ticket *t)
{
	char path[JM_VOLUME_PATH_BYTES];

	if (t->apart == 0)
		return;
	if (t->apart_fd >= 0) { /* not adopted */
		close(t->apart_fd);
		unlink(path_of(a, t, path));
	}
	t->apart = 0;
	t->apart_fd = -1;
}

void jm_apart_sweep(const struct jm_archive *a)
{
	DIR *d = opendir(a->tmp_dir);
	struct dirent *e;

	if (!d)
		return;
	while ((e = readdir(d)) != NULL) {
		size_t n = strlen(e->d_name);

		if (n > strlen(SUFFIX) && strcmp(e->d_name + n - strlen(SUFFIX), SUFFIX) == 0 &&
		    unlinkat(dirfd(d), e->d_name, 0) == 0)
			JM_LOG(JM_LOG_NOTICE, "unfinished-removed", { "file", JM_S(e->d_name) });
	}
	closedir(d);
}
