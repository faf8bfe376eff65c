/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The volume files of a copy: a folder that gets the volumes of an archive, byte for byte, from a
 * backup or for a restore. It is an archive of its own once all bytes are there. Nothing here looks
 * into a record; jm_archive_verify() does that afterwards.
 */
#ifndef JM_VOLUME_MIRROR_H
#define JM_VOLUME_MIRROR_H

#include "common/volume/volume.h"

/* One volume is written at a time. Set dir, and part where it applies; fd starts as -1. */
struct jm_mirror {
	const char *dir; /* of the copy; borrowed */
	/* The files are in DIR/volumes.part until jm_mirror_finish(), so that an interrupted copy
	 * leaves no archive. */
	bool part;
	uint64_t files; /* volumes that were begun */
	/* Private to mirror.c. */
	bool prepared;   /* the folder is open */
	int folder;      /* the folder that has the files */
	int fd;          /* of the volume that is being written; -1: none */
	uint64_t offset; /* where its next byte goes */
	uint64_t left;   /* bytes of it that have yet to come */
};

/* The number of volume files in DIR/volumes; 0 also when it cannot be read. */
uint64_t jm_mirror_count(const char *dir);

/* Did an interrupted restore leave a folder in DIR? Writes its path into path. */
bool jm_mirror_is_unfinished(const char *dir, char path[JM_VOLUME_PATH_BYTES]);

/* The bytes of the volumes 1, 2, 3, ... of DIR, up to the first that is not there. */
uint64_t jm_mirror_bytes(const char *dir);

/* Make the folders. With part, also remove the volumes that an interrupted copy left there. USAGE:
 * the name is too long, or what should be a folder is a link. DENIED: a file cannot be removed.
 * TEMP. */
int jm_mirror_prepare(struct jm_mirror *m, struct jm_err *err) JM_MUST_CHECK;

/* Begin to write bytes of volume number at offset. Bytes after offset are from an interrupted copy;
 * they are cut off. CORRUPT: the file is shorter than offset. USAGE: it is no plain file, or has
 * another name, too. TEMP, DENIED. */
int jm_mirror_begin(struct jm_mirror *m, uint64_t number, uint64_t offset, uint64_t bytes,
    struct jm_err *err) JM_MUST_CHECK;

/* Write the next n of these bytes. CORRUPT: more than was announced. TEMP. */
int jm_mirror_append(
    struct jm_mirror *m, const void *p, size_t n, struct jm_err *err) JM_MUST_CHECK;

/* End the volume that was begun and make its bytes durable; harmless when no volume was begun.
 * TEMP: also when bytes have not come. */
int jm_mirror_end(struct jm_mirror *m, struct jm_err *err) JM_MUST_CHECK;

/* Close the file and the folder; harmless at any time. */
void jm_mirror_release(struct jm_mirror *m);

/* Write volume number, all of it, from the archive in folder from, which nobody may change
 * meanwhile. on_bytes(ctx, n) is called after every n bytes. NOTFOUND: from has no such volume; the
 * text has its path. CORRUPT: it cannot be read. TEMP, DENIED. */
int jm_mirror_take(struct jm_mirror *m, const char *from, uint64_t number,
    void (*on_bytes)(void *ctx, size_t n), void *ctx, struct jm_err *err) JM_MUST_CHECK;

/* Make the names of all files durable. With part: give the folder and its files to the owner of
 * DIR when root made them, and rename it to DIR/volumes. TEMP; DENIED: no such right. */
int jm_mirror_finish(const struct jm_mirror *m, struct jm_err *err) JM_MUST_CHECK;

#endif
