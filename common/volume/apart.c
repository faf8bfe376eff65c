/* SPDX-License-Identifier: BSD-2-Clause */
/* Bodies that are written before their record has a place. */
#include "common/volume/apart.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/base/io.h"
#include "common/base/log.h"

/* Written and synced at once. A small message may have to wait for one piece. */
#define PIECE_BYTES (4u << 20)
#define SUFFIX ".apart"

static char *apart_path(const struct jm_apart *x, char path[JM_VOLUME_PATH_BYTES])
{
	snprintf(path, JM_VOLUME_PATH_BYTES, "%s/%" PRIu64 SUFFIX, x->tmp_dir, x->id);
	return path;
}

int jm_apart_write(struct jm_apart *x, const char *tmp_dir, uint64_t id, uint32_t meta_bytes,
    struct jm_span body, struct jm_err *err)
{
	char path[JM_VOLUME_PATH_BYTES];

	*x = (struct jm_apart){ .id = id,
		.tmp_dir = tmp_dir,
		.body_bytes = body.len,
		.body_at = JM_VOLUME_HEAD_BYTES + JM_RECORD_HEAD_BYTES + (uint64_t)meta_bytes };
	x->fd = jm_io_open(apart_path(x, path), O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW, 0600, err);
	if (x->fd < 0)
		return -1;
	for (size_t done = 0; done < body.len;) {
		size_t n = body.len - done < PIECE_BYTES ? body.len - done : PIECE_BYTES;
		struct iovec v = { (void *)(uintptr_t)(body.p + done), n };

		/* After a failed sync the caller gives this file up. */
		if (jm_io_pwritev(x->fd, &v, 1, x->body_at + done, err) != 0 ||
		    jm_io_datasync(x->fd, err) != 0)
			return jm_err_wrap(err, "%s", path);
		done += n;
	}
	return 0;
}

static struct iovec apart_piece(struct jm_span s)
{
	return (struct iovec){ (void *)(uintptr_t)s.p, s.len };
}

int jm_apart_adopt(struct jm_apart *x, const struct jm_volumes *v, const struct jm_volume_head *h,
    const struct jm_apart_record *r, struct jm_volume_file *f_r, struct jm_err *err)
{
	unsigned char head[JM_VOLUME_HEAD_BYTES];
	char path[JM_VOLUME_PATH_BYTES], to[JM_VOLUME_PATH_BYTES], folder[JM_VOLUME_PATH_BYTES];
	struct iovec before[3] = { { head, sizeof head }, apart_piece(r->head),
		apart_piece(r->meta) };
	struct iovec after = apart_piece(r->trailer);

	jm_volume_encode(h, head);
	jm_volume_folder(v->dir, folder);
	if (jm_io_pwritev(x->fd, before, 3, 0, err) != 0 ||
	    jm_io_pwritev(x->fd, &after, 1, x->body_at + x->body_bytes, err) != 0 ||
	    jm_io_datasync(x->fd, err) != 0)
		return jm_err_wrap(err, "%s", apart_path(x, path));
	/* If a file has this name already, an earlier attempt left it, and nothing in it was ever
	 * acknowledged. */
	if (jm_io_rename(apart_path(x, path), jm_volume_path(v->dir, h->number, to), err) != 0)
		return -1;
	if (jm_io_sync_dir(folder, err) != 0) {
		/* If the file stays, it either holds a whole message that was not acknowledged, or
		 * the next attempt replaces it. */
		unlink(to);
		return -1;
	}
	*f_r = (struct jm_volume_file){ .fd = x->fd, .number = h->number, .uuid = v->uuid };
	x->fd = -1;
	return 0;
}

void jm_apart_release(struct jm_apart *x)
{
	char path[JM_VOLUME_PATH_BYTES];

	if (x->id == 0)
		return;
	if (x->fd >= 0) { /* it did not become a volume */
		close(x->fd);
		unlink(apart_path(x, path));
	}
	*x = (struct jm_apart){ .fd = -1 };
}

void jm_apart_sweep(const char *tmp_dir)
{
	DIR *d = opendir(tmp_dir);
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
