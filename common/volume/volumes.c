/* SPDX-License-Identifier: BSD-2-Clause */
/* The list of volumes and its lock. */
#include "common/volume/volumes.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/io.h"

int jm_volumes_init(struct jm_volumes *v, const char *dir, struct jm_err *err)
{
	memset(v, 0, sizeof *v);
	v->dir = strdup(dir);
	if (!v->dir)
		return jm_err_sys(err, JM_E_TEMP, "list of volumes");
	if (pthread_mutex_init(&v->lock, NULL) == 0)
		return 0;
	free(v->dir);
	v->dir = NULL;
	return jm_err_set(err, JM_E_TEMP, "cannot make locks");
}

void jm_volumes_release(struct jm_volumes *v)
{
	if (!v->dir)
		return;
	pthread_mutex_destroy(&v->lock);
	free(v->list);
	free(v->dir);
	memset(v, 0, sizeof *v);
}

static int volumes_reserve(struct jm_volumes *v)
{
	size_t cap = v->cap ? 2 * v->cap : 16;
	void *more = v->n < v->cap ? v->list : realloc(v->list, cap * sizeof *v->list);

	if (!more)
		return -1;
	v->cap = v->n < v->cap ? v->cap : cap;
	v->list = more;
	return 0;
}

int jm_volumes_make_folder(const struct jm_volumes *v, struct jm_err *err)
{
	char path[JM_VOLUME_PATH_BYTES];

	return jm_io_mkdirs(jm_volume_folder(v->dir, path), 0700, err) != 0
	    ? -1
	    : jm_io_sync_dir(v->dir, err);
}

bool jm_volumes_exist(const char *dir)
{
	char path[JM_VOLUME_PATH_BYTES];

	return access(jm_volume_folder(dir, path), F_OK) == 0;
}

int jm_volumes_add(struct jm_volumes *v, const struct jm_volume *volume, struct jm_err *err)
{
	int rc;

	pthread_mutex_lock(&v->lock);
	rc = volumes_reserve(v);
	if (rc == 0)
		v->list[v->n++] = *volume;
	pthread_mutex_unlock(&v->lock);
	return rc == 0 ? 0 : jm_err_sys(err, JM_E_TEMP, "list of volumes");
}

struct jm_volume *jm_volumes_now(struct jm_volumes *v, size_t *n_r, struct jm_err *err)
{
	struct jm_volume *list;

	pthread_mutex_lock(&v->lock);
	*n_r = v->n;
	list = calloc(*n_r + 1, sizeof *list);
	if (list && *n_r > 0)
		memcpy(list, v->list, *n_r * sizeof *list);
	pthread_mutex_unlock(&v->lock);
	if (!list)
		jm_err_sys(err, JM_E_TEMP, "list of volumes");
	return list;
}

bool jm_volumes_last(struct jm_volumes *v, struct jm_volume *last_r)
{
	bool some;

	pthread_mutex_lock(&v->lock);
	some = v->n > 0;
	if (some)
		*last_r = v->list[v->n - 1];
	pthread_mutex_unlock(&v->lock);
	return some;
}

void jm_volumes_grow(struct jm_volumes *v, uint64_t end)
{
	pthread_mutex_lock(&v->lock);
	v->list[v->n - 1].end = end;
	pthread_mutex_unlock(&v->lock);
}

uint64_t jm_volumes_end(struct jm_volumes *v, uint64_t number)
{
	uint64_t end = 0;

	pthread_mutex_lock(&v->lock);
	for (size_t i = v->n; i > 0 && end == 0; i--)
		if (v->list[i - 1].head.number == number)
			end = v->list[i - 1].end;
	pthread_mutex_unlock(&v->lock);
	return end;
}

uint64_t jm_volumes_last_seq(struct jm_volumes *v, uint64_t number, uint64_t at_least)
{
	uint64_t seq = at_least;

	pthread_mutex_lock(&v->lock);
	for (size_t i = 0; i < v->n; i++)
		if (v->list[i].head.number == number + 1 && v->list[i].head.first_seq > at_least)
			seq = v->list[i].head.first_seq - 1;
	pthread_mutex_unlock(&v->lock);
	return seq;
}

void jm_volumes_uuid_text(const struct jm_volumes *v, char text[2 * JM_UUID_BYTES + 1])
{
	jm_hex_write(v->uuid, JM_UUID_BYTES, text);
}
