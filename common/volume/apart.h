/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Large records. The depositor writes the body beforehand into a file of its own, DIR/tmp/N.apart,
 * and syncs it there piece by piece. The committer only adds headers and trailer and renames the
 * file, which becomes the next volume. So small messages wait for two small syncs instead of for
 * the large message's bytes.
 *
 * Until the rename the file is nothing: a start removes it. Once renamed it is whole and synced.
 */
#ifndef JM_VOLUME_APART_H
#define JM_VOLUME_APART_H

#include "common/volume/file.h"

/* Members are private to apart.c. {0} is one without a file. */
struct jm_apart {
	uint64_t id;         /* number in the file's name; 0: there is no file */
	int fd;              /* -1: a volume by now */
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

/* Write and sync the body of a record with meta_bytes of metadata into file number id in tmp_dir
 * (borrowed as long as *x). Always release *x, also after an error. TEMP. */
int jm_apart_write(struct jm_apart *x, const char *tmp_dir, uint64_t id, uint32_t meta_bytes,
    struct jm_span body, struct jm_err *err) JM_MUST_CHECK;

/* Make it volume h->number, durable with its name, open for writing as *f_r. TEMP: there is no such
 * volume then. */
int jm_apart_adopt(struct jm_apart *x, const struct jm_volumes *v, const struct jm_volume_head *h,
    const struct jm_apart_record *r, struct jm_volume_file *f_r, struct jm_err *err) JM_MUST_CHECK;

/* Remove the file unless it became a volume. */
void jm_apart_release(struct jm_apart *x);

/* At the start: remove such files that a crash left in tmp_dir. */
void jm_apart_sweep(const char *tmp_dir);

#endif
