/* SPDX-License-Identifier: BSD-2-Clause */
/* Receiving a backup and restoring one. See receive.h. */
#include "common/upkeep/receive.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "common/base/io.h"
#include "common/json/value.h"
#include "common/volume/volume.h"

int jm_receive_into(struct jm_receiver *r, const char *dir, struct jm_err *err)
{
	r->mirror = (struct jm_mirror){ .dir = dir, .fd = -1 };
	return jm_mirror_prepare(&r->mirror, err);
}

int jm_receive_object(void *receiver, const json_t *o, struct jm_err *err)
{
	struct jm_receiver *r = receiver;
	const char *what = jm_json_str(o, "copy");

	if (jm_mirror_end(&r->mirror, err) != 0)
		return -1;
	if (what && strcmp(what, "end") == 0) {
		r->whole = true;
		r->seq = jm_json_u64(o, "seq");
		return 0;
	}
	if (!what || strcmp(what, "volume") != 0)
		return jm_err_set(err, JM_E_CORRUPT, "backup was answered with something else");
	return jm_mirror_begin(&r->mirror, jm_json_u64(o, "volume"), jm_json_u64(o, "offset"),
	    jm_json_u64(o, "bytes"), err);
}

static void count_bytes(void *receiver, size_t n)
{
	struct jm_receiver *r = receiver;

	r->bytes += n;
	if (r->progress)
		r->progress(r->ctx, r->bytes);
}

int jm_receive_bytes(void *receiver, const void *p, size_t n, struct jm_err *err)
{
	struct jm_receiver *r = receiver;

	if (jm_mirror_append(&r->mirror, p, n, err) != 0)
		return -1;
	count_bytes(r, n);
	return 0;
}

int jm_receive_finish(struct jm_receiver *r, struct jm_err *err)
{
	if (!r->whole)
		return jm_err_set(err, JM_E_TEMP, "the copy broke off");
	return jm_mirror_end(&r->mirror, err) != 0 ? -1 : jm_mirror_finish(&r->mirror, err);
}

void jm_receive_release(struct jm_receiver *r)
{
	jm_mirror_release(&r->mirror);
}

/* Lock the backup, so that no other process writes to it meanwhile. *fd_r: -1 without a lock. */
static int lock_backup(const char *from, int *fd_r, struct jm_err *err)
{
	char path[JM_VOLUME_PATH_BYTES];
	struct jm_err ignored;

	snprintf(path, sizeof path, "%s/lock", from);
	*fd_r = jm_io_open(path, O_RDONLY | O_NONBLOCK, 0, &ignored);
	return *fd_r < 0 || flock(*fd_r, LOCK_SH | LOCK_NB) == 0
	    ? 0
	    : jm_err_set(err, JM_E_TEMP, "the copy %s is in use by another process", from);
}

static int take_volumes(struct jm_receiver *r, const char *from, uint64_t n, struct jm_err *err)
{
	for (uint64_t i = 1; i <= n; i++)
		if (jm_mirror_take(&r->mirror, from, i, count_bytes, r, err) != 0)
			return err->kind == JM_E_NOTFOUND
			    ? jm_err_set(err, JM_E_CORRUPT,
				  "the copy %s lacks volume %" PRIu64 " of %" PRIu64
				  ": complete it (jmctl dump saves what can be read)",
				  from, i, n)
			    : -1;
	return 0;
}

int jm_receive_restore(struct jm_receiver *r, const char *dir, const char *from, struct jm_err *err)
{
	uint64_t n = jm_mirror_count(from);
	int lock = -1, rc = -1;

	r->mirror = (struct jm_mirror){ .dir = dir, .part = true, .fd = -1 };
	if (jm_mirror_count(dir) > 0)
		return jm_err_set(err, JM_E_USAGE,
		    "there is an archive in %s already; restore into a new folder", dir);
	if (n == 0)
		return jm_err_set(err, JM_E_NOTFOUND, "there is no archive in \"%s\"", from);
	if (lock_backup(from, &lock, err) == 0 && jm_mirror_prepare(&r->mirror, err) == 0 &&
	    take_volumes(r, from, n, err) == 0)
		rc = jm_mirror_finish(&r->mirror, err);
	if (lock >= 0)
		close(lock);
	return rc;
}
