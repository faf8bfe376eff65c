/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The form of a volume: its header, its name, and what is known about one. A volume is a file
 * DIR/volumes/NNNNNNNN.jmv: a header of 128 bytes, then records one after the other (record.h).
 * Every byte is described in common/archive/SCHEMA.md. Files are opened and read in file.h; the
 * list of all volumes is in volumes.h.
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
	unsigned char previous_sha256[JM_SHA256_BYTES]; /* digest of the last record before this
							   volume; zeros in the first volume */
};

/* One volume of the list. */
struct jm_volume {
	struct jm_volume_head head;
	uint64_t end;  /* end of its valid part; grows only in the last volume */
	bool headless; /* its header is lost: number and uuid are known, the rest is guessed from
			  records, 0 where it cannot be */
	bool absent;   /* there is no such file; also headless */
	char problem[200]; /* "": no damage is known; else what is wrong with it */
};

/* Encode a header as it is in the file. */
void jm_volume_encode(const struct jm_volume_head *h, unsigned char out[JM_VOLUME_HEAD_BYTES]);

/* Decode a header. CORRUPT: no volume, wrong checksum. CONFIG: a newer version. */
int jm_volume_decode(const unsigned char in[JM_VOLUME_HEAD_BYTES], struct jm_volume_head *h_r,
    struct jm_err *err) JM_MUST_CHECK;

/* The path DIR/volumes/NNNNNNNN.jmv; returns path. Only for common/volume. */
char *jm_volume_path(const char *dir, uint64_t number, char path[JM_VOLUME_PATH_BYTES]);

/* The number in the file name "NNNNNNNN.jmv" (eight digits or more). False: no volume's name. */
bool jm_volume_name_number(const char *name, uint64_t *number_r);

/* Note what is wrong with v; only the first problem is kept, since it says most. */
void jm_volume_problem(struct jm_volume *v, const char *fmt, ...) JM_PRINTF(2, 3);

#endif
