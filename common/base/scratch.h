/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Scratch memory: large buffers of a known size that live as long as one message is worked on (a
 * decoded attachment, say). Small ones are memory, large ones mappings of an unlinked file. The
 * file's room on the disk is allocated beforehand, so that a full disk is an error, not SIGBUS.
 */
#ifndef JM_BASE_SCRATCH_H
#define JM_BASE_SCRATCH_H

#include <stddef.h>

#include "common/base/err.h"

struct jm_scratch_piece;

struct jm_scratch {
	const char *dir;                 /* borrowed: folder for the files */
	struct jm_scratch_piece *pieces; /* owned */
};

/* Make *s empty. dir is borrowed for the life of *s. */
void jm_scratch_init(struct jm_scratch *s, const char *dir);

/*
 * Return n writable bytes that live until jm_scratch_release(); NULL with err filled: TEMP, or what
 * jm_spool_open_unlinked() gives. ctx is a struct jm_scratch; the signature is that of alloc in
 * struct jm_unwrap_memory. One thread at a time for one struct jm_scratch.
 */
void *jm_scratch_alloc(void *ctx, size_t n, struct jm_err *err) JM_MUST_CHECK;

/* Free everything that was handed out; *s is empty and may be used again. */
void jm_scratch_release(struct jm_scratch *s);

#endif
