/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The volumes of one archive: its folder, its UUID, and the list of volumes with their ends.
 *
 * After the start only the committer changes the list: it adds volumes and moves the end of the
 * last one. Every thread may read it. The lock here is the innermost of the archive's locks: no
 * other lock is taken while it is held.
 */
#ifndef JM_VOLUME_VOLUMES_H
#define JM_VOLUME_VOLUMES_H

#include <pthread.h>

#include "common/volume/volume.h"

struct jm_volumes {
	char *dir; /* of the archive; owned, never changed */
	/* of the archive; set by the start, then never changed */
	unsigned char uuid[JM_UUID_BYTES];
	pthread_mutex_t lock;   /* guards the list */
	struct jm_volume *list; /* ascending by number; owned */
	size_t n, cap;
};

/* Initialise *v for the archive in dir (copied), with an empty list. TEMP. */
int jm_volumes_init(struct jm_volumes *v, const char *dir, struct jm_err *err) JM_MUST_CHECK;

/* Free the list, the folder and the lock. Harmless when *v is all zeros. No other thread may use *v
 * any more. */
void jm_volumes_release(struct jm_volumes *v);

/* Make the folder of the volumes, durable with its name. TEMP, DENIED. Only the start. */
int jm_volumes_make_folder(const struct jm_volumes *v, struct jm_err *err) JM_MUST_CHECK;

/* Does the archive in dir have a folder of volumes? Any thread. */
bool jm_volumes_exist(const char *dir);

/* Add a volume (copied) at the end of the list. TEMP. Only the start and the committer. */
int jm_volumes_add(
    struct jm_volumes *v, const struct jm_volume *volume, struct jm_err *err) JM_MUST_CHECK;

/* A copy of the list as it is now, *n_r entries; the caller frees it. NULL with err (TEMP). Any
 * thread, as the functions below. */
struct jm_volume *jm_volumes_now(struct jm_volumes *v, size_t *n_r, struct jm_err *err);

/* Copy the last entry. False: there are no volumes. */
bool jm_volumes_last(struct jm_volumes *v, struct jm_volume *last_r);

/* Set the end of the valid part of the last volume. Only the start and the committer. */
void jm_volumes_grow(struct jm_volumes *v, uint64_t end);

/* The end of the valid part of volume number; 0: the list does not have it. */
uint64_t jm_volumes_end(struct jm_volumes *v, uint64_t number);

/* The number of the last record of volume number, from the header of the next volume; without that
 * header, at_least. */
uint64_t jm_volumes_last_seq(struct jm_volumes *v, uint64_t number, uint64_t at_least);

/* The UUID as 32 hexadecimal digits. */
void jm_volumes_uuid_text(const struct jm_volumes *v, char text[2 * JM_UUID_BYTES + 1]);

#endif
