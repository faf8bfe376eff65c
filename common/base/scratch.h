/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Scratch: big buffers of known size for the time of one message (a decoded attachment). Small ones
 * are memory, large ones a mapping of an unlinked file whose room on the disk is taken beforehand,
 * so that a full disk is an error and not SIGBUS.
 */
#ifndef JM_BASE_SCRATCH_H
#define JM_BASE_SCRATCH_H

#include <stddef.h>

#include "common/base/err.h"

struct jm_scratch_piece;

struct jm_scratch {
	const char *dir;                 /* borrowed: folder for files */
	struct jm_scratch_piece *pieces; /* owned */
};

/* Make *s empty. dir is borrowed for the life of *s. */
void jm_scratch_init(struct jm_scratch *s, const char *dir);

/* n writable bytes that live until jm_scratch_release(); NULL with err filled (TEMP). ctx is a
 * struct jm_scratch: the signature is that of struct jm_unwrap_memory. One thread at a time for one
 * object. */
void *jm_scratch_alloc(void *ctx, size_t n, struct jm_err *err) JM_MUST_CHECK;

/* Give everything back; *s is empty and may be used again. */
void jm_scratch_release(struct jm_scratch *s);

#endif
