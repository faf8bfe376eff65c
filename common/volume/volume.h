/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The format of a volume: its header, its name, and its entry in the list. A volume is a file
 * DIR/volumes/NNNNNNNN.jmv: a header of 128 bytes, then records one after the other (record.h).
 * common/archive/SCHEMA.md describes every byte. file.h opens and reads the files; volumes.h has
 * the list of all volumes. Pure functions, any thread.
 */
#ifndef JM_VOLUME_VOLUME_H
#define JM_VOLUME_VOLUME_H

#include <stdbool.h>
#include <stdint.h>

#include "common/volume/record.h"

#define JM_VOLUME_HEAD_BYTES 128
#define JM_VOLUME_UUID_AT 16            /* in the header */
#define JM_VOLUME_PREVIOUS_SHA256_AT 64 /* in the header */
#define JM_VOLUME_PATH_BYTES 4352

struct jm_volume_head {
	unsigned char uuid[JM_UUID_BYTES];
	uint64_t number; /* 1, 2, 3, ... */
	uint64_t first_seq;
	int64_t created_ms;
	uint64_t previous_end; /* valid bytes of the volume before; anything after them is void */
	/* digest of the last record before this volume; zeros in the first volume */
	unsigned char previous_sha256[JM_SHA256_BYTES];
};

/* One volume of the list. */
struct jm_volume {
	struct jm_volume_head head;
	uint64_t end; /* end of its valid part; grows only in the last volume */
	/* its header is lost: number and uuid are known, the rest is guessed from the records, and
	 * 0 where it cannot be guessed */
	bool headless;
	bool absent;       /* there is no such file; also headless */
	char problem[200]; /* its damage, for people; "": no damage is known */
};

/* Encode a header as it is in the file. */
void jm_volume_encode(const struct jm_volume_head *h, unsigned char out[JM_VOLUME_HEAD_BYTES]);

/* Decode a header. CORRUPT: it is not a volume's header, or its checksum is wrong. CONFIG: a newer
 * version. */
int jm_volume_decode(const unsigned char in[JM_VOLUME_HEAD_BYTES], struct jm_volume_head *h_r,
    struct jm_err *err) JM_MUST_CHECK;

/* Write DIR/volumes into path, and return path. Only for common/volume. */
char *jm_volume_folder(const char *dir, char path[JM_VOLUME_PATH_BYTES]);

/* Write DIR/volumes/NNNNNNNN.jmv into path, and return path. Outside common/volume only for the
 * text of an error. */
char *jm_volume_path(const char *dir, uint64_t number, char path[JM_VOLUME_PATH_BYTES]);

/* The number in the file name "NNNNNNNN.jmv" (eight digits or more). False: it is not the name of a
 * volume. */
bool jm_volume_name_number(const char *name, uint64_t *number_r);

/* Note a problem of v. Only the first is kept, since it says most. */
void jm_volume_problem(struct jm_volume *v, const char *fmt, ...) JM_PRINTF(2, 3);

#endif
