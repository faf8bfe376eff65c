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
	char *dir;                         /* of the archive; owned, never changed */
	unsigned char uuid[JM_UUID_BYTES]; /* of the archive; set by the start, then never changed
					    */
	pthread_mutex_t lock;              /* guards the list */
	struct jm_volume *list;            /* ascending by number; owned */
	size_t n, cap;
};

/* Initialise *v for the archive in dir (copied), with an empty list. TEMP. */
int jm_volumes_init(struct jm_volumes *v, const char *dir, struct jm_err *err) JM_MUST_CHECK;
void jm_volumes_release(struct jm_volumes *v);

/* Add one after the last. TEMP without memory. */
int jm_volumes_add(
    struct jm_volumes *v, const struct jm_volume *volume, struct jm_err *err) JM_MUST_CHECK;

/* A copy of the list as it is now; the caller frees it. NULL: TEMP. */
struct jm_volume *jm_volumes_now(struct jm_volumes *v, size_t *n_r, struct jm_err *err);

/* How many there are. */
size_t jm_volumes_count(struct jm_volumes *v);

/* A copy of the last one. False: there is none. */
bool jm_volumes_last(struct jm_volumes *v, struct jm_volume *last_r);

/* The committer: the valid part of the last volume ends here now. */
void jm_volumes_grow(struct jm_volumes *v, uint64_t end);

/* The end of the valid part of volume number; 0: there is no such volume. */
uint64_t jm_volumes_end(struct jm_volumes *v, uint64_t number);

/* The number of the last record of volume number, as the header of the volume after it says;
 * without such a header, at_least. */
uint64_t jm_volumes_last_seq(struct jm_volumes *v, uint64_t number, uint64_t at_least);

/* The UUID as 32 hexadecimal digits. */
void jm_volumes_uuid_text(const struct jm_volumes *v, char text[2 * JM_UUID_BYTES + 1]);

#endif
