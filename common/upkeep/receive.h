/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The receiving half of a backup, and a restore: volumes of an archive are written into the folder
 * of another one. copy.h is the sending half. The new volumes are not read here: open the archive
 * and call jm_archive_verify() afterwards.
 */
#ifndef JM_UPKEEP_RECEIVE_H
#define JM_UPKEEP_RECEIVE_H

#include "common/archive/archive.h"
#include "common/volume/mirror.h"

/* Zero it, set the folder with jm_receive_into(), and progress if it is of interest. */
struct jm_receiver {
	void (*progress)(void *ctx, uint64_t bytes); /* may be NULL; bytes: so far */
	void *ctx;
	/* Results. */
	uint64_t bytes, seq;     /* seq: of the last record */
	bool whole;              /* the end of the copy came */
	struct jm_mirror mirror; /* files: the volumes that came; the rest is private */
};

/* Prepare r to bring the copy in dir (borrowed) up to date; its folders are made. Release it with
 * jm_receive_release(), also after an error. USAGE: dir is too long. TEMP, DENIED. */
int jm_receive_into(struct jm_receiver *r, const char *dir, struct jm_err *err) JM_MUST_CHECK;

/* Take an object and bytes as jm_archive_copy() makes them; receiver is the struct jm_receiver.
 * CORRUPT: they do not fit together or into the copy. TEMP. */
int jm_receive_object(void *receiver, const json_t *o, struct jm_err *err) JM_MUST_CHECK;
int jm_receive_bytes(void *receiver, const void *p, size_t n, struct jm_err *err) JM_MUST_CHECK;

/* After the last: everything is durable. TEMP: the end did not come. */
int jm_receive_finish(struct jm_receiver *r, struct jm_err *err) JM_MUST_CHECK;

/* Make the volumes of a new archive in dir (borrowed) from those of the backup in folder from,
 * which may be on a disk that cannot be written. An interrupted restore leaves no archive and may
 * be run again. USAGE: dir has an archive already. NOTFOUND: there is no archive in from. CORRUPT:
 * from lacks a volume. DENIED: another process uses from. TEMP. */
int jm_receive_restore(
    struct jm_receiver *r, const char *dir, const char *from, struct jm_err *err) JM_MUST_CHECK;

/* Close what an error left open; harmless at any time after the start. */
void jm_receive_release(struct jm_receiver *r);

#endif
