/* SPDX-License-Identifier: BSD-2-Clause */
/* The second catalog's folder: DIR/tmp/verify-catalog. */
#include "common/archive/second.h"

#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "common/archive/state.h"

static char *second_folder(const struct jm_archive *a, char path[JM_VOLUME_PATH_BYTES])
{
	snprintf(path, JM_VOLUME_PATH_BYTES, "%s/verify-catalog", a->tmp_dir);
	return path;
}

int jm_second_take(struct jm_archive *a, struct jm_err *err)
{
	return atomic_exchange(&a->verifying, true)
	    ? jm_err_set(err, JM_E_TEMP,
		  "another verification of this archive runs; begin again when it has ended")
	    : 0;
}

void jm_second_give_back(struct jm_archive *a)
{
	atomic_store(&a->verifying, false);
}

int jm_second_open(struct jm_archive *a, struct jm_catalog **c_r, struct jm_err *err)
{
	char path[JM_VOLUME_PATH_BYTES];

	return jm_catalog_open(second_folder(a, path), a->cache_bytes, c_r, err);
}

bool jm_second_has_room(const struct jm_archive *a, uint64_t more_bytes)
{
	uint64_t reserve = a->disk_reserve_bytes + a->disk_reserve_bytes / 16;
	char path[JM_VOLUME_PATH_BYTES];
	struct statvfs fs;
	struct stat st;

	snprintf(path, sizeof path, "%s/catalog.db", a->catalog_dir);
	if (stat(path, &st) != 0 || statvfs(a->dir, &fs) != 0)
		return true;
	return (uint64_t)fs.f_bavail * fs.f_frsize > reserve + (uint64_t)st.st_size + more_bytes;
}

void jm_second_sweep(const struct jm_archive *a)
{
	char path[JM_VOLUME_PATH_BYTES];

	jm_catalog_wipe(second_folder(a, path));
	rmdir(path);
}
