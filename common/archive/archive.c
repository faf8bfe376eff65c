/* SPDX-License-Identifier: BSD-2-Clause */
/* Opening and closing an archive. */
#include "common/archive/archive.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/archive/applier.h"
#include "common/archive/compress.h"
#include "common/archive/recover.h"
#include "common/archive/second.h"
#include "common/archive/state.h"
#include "common/archive/writer.h"
#include "common/base/io.h"
#include "common/base/log.h"
#include "common/base/step.h"
#include "common/volume/apart.h"

/* Bodies larger than this, or than half a volume, are written beforehand (common/volume/apart.h).
 */
#define APART_BYTES (16u << 20)

static char *join_path(const char *dir, const char *name)
{
	size_t n = strlen(dir) + strlen(name) + 2;
	char *path = malloc(n);

	if (path)
		snprintf(path, n, "%s/%s", dir, name);
	return path;
}

static int init_sync(struct jm_archive *a, struct jm_err *err)
{
	pthread_rwlockattr_t rw;
	pthread_condattr_t cond;
	int rc = pthread_condattr_init(&cond) | pthread_condattr_setclock(&cond, CLOCK_MONOTONIC) |
	    pthread_rwlockattr_init(&rw) |
	    pthread_rwlockattr_setkind_np(&rw, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);

	rc |= pthread_mutex_init(&a->lock, NULL) | pthread_mutex_init(&a->change_lock, NULL) |
	    pthread_mutex_init(&a->pool_lock, NULL) | pthread_rwlock_init(&a->catalog_lock, &rw) |
	    pthread_cond_init(&a->work, &cond) | pthread_cond_init(&a->to_apply, &cond) |
	    pthread_cond_init(&a->applied_more, NULL);
	pthread_condattr_destroy(&cond);
	pthread_rwlockattr_destroy(&rw);
	return rc == 0 ? 0 : jm_err_set(err, JM_E_TEMP, "cannot make locks");
}

static int start_threads(struct jm_archive *a, struct jm_err *err)
{
	int rc;

	a->group = jm_writer_group_new();
	if (!a->group)
		return jm_err_sys(err, JM_E_TEMP, "committer");
	if ((rc = pthread_create(&a->committer, NULL, jm_writer_run, a)) != 0)
		return jm_err_set(err, JM_E_TEMP, "cannot start the committer: error %d", rc);
	a->committer_runs = true;
	if ((rc = pthread_create(&a->applier, NULL, jm_applier_run, a)) != 0)
		return jm_err_set(err, JM_E_TEMP, "cannot start the applier: error %d", rc);
	a->applier_runs = true;
	return 0;
}

static int open_archive(
    struct jm_archive *a, const struct jm_archive_options *o, struct jm_err *err)
{
	unsigned step;
	int rc;

	a->volume_size_bytes = o->volume_size_bytes ? o->volume_size_bytes : 1ull << 30;
	a->apart_bytes = a->volume_size_bytes / 2 < APART_BYTES ? a->volume_size_bytes / 2
								: APART_BYTES;
	a->compression_level = o->compression_level ? o->compression_level : 1;
	a->cache_bytes = o->cache_bytes ? o->cache_bytes : 32u << 20;
	a->disk_reserve_bytes = o->disk_reserve_bytes;
	a->verbatim = o->verbatim;
	a->rebuild = o->rebuild;
	a->pass_loss = o->pass_loss;
	a->known_end = o->known_end;
	a->damage = o->damage;
	a->replayed = o->replayed;
	a->damage_ctx = o->damage_ctx;
	if (o->must_exist && !jm_volumes_exist(o->dir))
		return errno == EACCES
		    ? jm_err_sys(err, JM_E_DENIED, "archive \"%s\"", o->dir)
		    : jm_err_set(err, JM_E_NOTFOUND, "there is no archive in \"%s\"", o->dir);
	if (jm_io_mkdirs(a->dir, 0700, err) != 0 || jm_lock_take(&a->lock_file, o, err) != 0 ||
	    jm_io_mkdirs(a->tmp_dir, 0700, err) != 0)
		return -1;
	jm_apart_sweep(a->tmp_dir);
	jm_second_sweep(a);
	step = jm_step_begin("reading the archive");
	rc = jm_recover_start(a, o->must_exist, err);
	jm_step_end(step);
	if (rc != 0)
		return -1;
	a->known_end = NULL;
	return start_threads(a, err);
}

int jm_archive_open(
    const struct jm_archive_options *options, struct jm_archive **a_r, struct jm_err *err)
{
	struct jm_archive *a;

	*a_r = NULL;
	if (!options->dir || *options->dir == '\0' || strlen(options->dir) > 3900)
		return jm_err_set(err, JM_E_USAGE, "the archive's folder must be given");
	a = calloc(1, sizeof *a);
	if (!a)
		return jm_err_sys(err, JM_E_TEMP, "archive");
	a->tail.file.fd = -1;
	a->lock_file = (struct jm_lock){ .fd = -1, .starting_fd = -1, .percent = UINT_MAX };
	jm_tickets_init(&a->waiting);
	jm_tickets_init(&a->large);
	jm_tickets_init(&a->notes);
	jm_tickets_init(&a->durable);
	if (init_sync(a, err) != 0) {
		free(a);
		return -1;
	}
	a->dir = strdup(options->dir);
	a->catalog_dir = join_path(options->dir, "catalog");
	a->tmp_dir = join_path(options->dir, "tmp");
	if (jm_volumes_init(&a->volumes, options->dir, err) != 0)
		; /* err is set */
	else if (!a->dir || !a->catalog_dir || !a->tmp_dir)
		jm_err_sys(err, JM_E_TEMP, "archive");
	else if (open_archive(a, options, err) == 0) {
		*a_r = a;
		return 0;
	}
	jm_archive_close(&a);
	return -1;
}

void jm_archive_started(struct jm_archive *a)
{
	jm_lock_started(&a->lock_file);
}

bool jm_archive_is_wanted(const char *dir, struct jm_archive_user *user_r)
{
	return jm_lock_starting(dir, user_r);
}

bool jm_archive_has_daemon(const char *dir)
{
	return jm_lock_of_daemon(dir);
}

static void stop_threads(struct jm_archive *a)
{
	pthread_mutex_lock(&a->lock);
	a->stopping = true;
	if (!a->committer_runs)
		a->committer_gone = true;
	pthread_cond_broadcast(&a->work);
	pthread_cond_broadcast(&a->to_apply);
	pthread_cond_broadcast(&a->applied_more);
	pthread_mutex_unlock(&a->lock);
	if (a->committer_runs)
		pthread_join(a->committer, NULL);
	if (a->applier_runs)
		pthread_join(a->applier, NULL);
}

static void drop_all(struct jm_tickets *q)
{
	struct jm_ticket *t;

	while ((t = jm_tickets_take(q)) != NULL)
		jm_ticket_drop(t);
}

void jm_archive_close(struct jm_archive **ap)
{
	struct jm_archive *a = *ap;
	struct jm_err err;
	unsigned step;

	if (!a)
		return;
	*ap = NULL;
	stop_threads(a);
	drop_all(&a->durable);
	drop_all(&a->notes);
	step = jm_step_begin("closing the catalog");
	/* If this fails, the next start replays. */
	if (a->catalog && jm_catalog_checkpoint(a->catalog, 0, &err) != 0)
		JM_LOG(JM_LOG_WARNING, "checkpoint", { "error", JM_S(err.text) });
	jm_catalog_close(&a->catalog);
	jm_step_end(step);
	jm_compress_drain(a);
	jm_volume_close(&a->tail.file);
	jm_lock_release(&a->lock_file);
	pthread_mutex_destroy(&a->lock);
	pthread_mutex_destroy(&a->change_lock);
	pthread_mutex_destroy(&a->pool_lock);
	pthread_rwlock_destroy(&a->catalog_lock);
	pthread_cond_destroy(&a->work);
	pthread_cond_destroy(&a->to_apply);
	pthread_cond_destroy(&a->applied_more);
	free(a->group);
	jm_volumes_release(&a->volumes);
	free(a->dir);
	free(a->catalog_dir);
	free(a->tmp_dir);
	free(a);
}

struct jm_volumes *jm_archive_volumes(struct jm_archive *a)
{
	return &a->volumes;
}

const char *jm_archive_dir(const struct jm_archive *a)
{
	return a->dir;
}

const char *jm_archive_tmp_dir(const struct jm_archive *a)
{
	return a->tmp_dir;
}

bool jm_archive_is_verbatim(const struct jm_archive *a)
{
	return a->verbatim;
}
