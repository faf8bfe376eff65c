/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Large records. The depositor writes the body beforehand into a file of its own, DIR/tmp/N.apart,
 * and syncs it there piece by piece. The committer only adds the headers and the trailer and
 * renames the file, which becomes the next volume. So small messages wait for two small syncs, not
 * for the bytes of the large message.
 *
 * Before the rename the file does not count: a start removes it. After the rename it is whole and
 * synced.
 *
 * One thread at a time uses a struct jm_apart.
 */
#ifndef JM_VOLUME_APART_H
#define JM_VOLUME_APART_H

#include "common/volume/file.h"

/* Members are private to apart.c. {0} has no file. */
struct jm_apart {
	uint64_t id;         /* number in the file's name; 0: there is no file */
	int fd;              /* -1: the file has become a volume */
	const char *tmp_dir; /* borrowed */
	uint64_t body_at, body_bytes;
};

/* The parts of a record around its body, borrowed. */
struct jm_apart_record {
	struct jm_span head, meta, trailer;
};

static inline bool jm_apart_exists(const struct jm_apart *x)
{
	return x->id != 0;
}

/* Write the body of a record with meta_bytes of metadata into file number id (not 0) in tmp_dir,
 * and sync it. tmp_dir is borrowed as long as *x is used. The caller releases *x, also after an
 * error. TEMP. */
int jm_apart_write(struct jm_apart *x, const char *tmp_dir, uint64_t id, uint32_t meta_bytes,
    struct jm_span body, struct jm_err *err) JM_MUST_CHECK;

/* Make the file volume h->number, durable with its name. *f_r is the volume, open for writing; the
 * caller closes it. TEMP: the volume was not made. */
int jm_apart_adopt(struct jm_apart *x, const struct jm_volumes *v, const struct jm_volume_head *h,
    const struct jm_apart_record *r, struct jm_volume_file *f_r, struct jm_err *err) JM_MUST_CHECK;

/* Remove the file unless it became a volume. May be called twice. */
void jm_apart_release(struct jm_apart *x);

/* Remove the files that a crash left in tmp_dir. Only at the start. */
void jm_apart_sweep(const char *tmp_dir);

#endif
