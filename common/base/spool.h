/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A spool: the bytes of one message while it comes in. In memory up to a limit, then in an unlinked
 * file (O_TMPFILE), so that memory stays flat and nothing is left behind by a crash. The finished
 * bytes are seen through one span: the memory, or a read-only mapping of the file.
 */
#ifndef JM_BASE_SPOOL_H
#define JM_BASE_SPOOL_H

#include <stdint.h>

#include "common/base/buf.h"

#define JM_SPOOL_MEMORY_BYTES (1024u * 1024u)

struct jm_spool {
	const char *dir;    /* borrowed: folder for the file */
	struct jm_buf mem;  /* all bytes while fd is -1; then what is not written yet */
	int fd;             /* -1 while in memory */
	uint64_t len;       /* bytes so far */
	uint64_t max_bytes; /* cap on len */
	void *map;          /* what jm_spool_view() mapped */
	size_t map_len;
};

/* Make *s empty. dir: borrowed for the spool's life; NULL: never leave memory (then max_bytes is
 * also the memory's cap). */
void jm_spool_init(struct jm_spool *s, const char *dir, uint64_t max_bytes);

/* Append. LIMIT past the cap; TEMP on a full disk. */
int jm_spool_write(struct jm_spool *s, const void *p, size_t n, struct jm_err *err) JM_MUST_CHECK;

/* All bytes, valid until the next write, reset or release. TEMP. */
int jm_spool_view(struct jm_spool *s, struct jm_span *bytes_r, struct jm_err *err) JM_MUST_CHECK;

/* A new unlinked file in dir, open for reading and writing; the descriptor, or -1 (TEMP, DENIED,
 * ...). */
int jm_spool_open_unlinked(const char *dir, struct jm_err *err) JM_MUST_CHECK;

/* Forget the content; a small memory buffer is kept for the next message. */
void jm_spool_reset(struct jm_spool *s);

/* Free everything. */
void jm_spool_release(struct jm_spool *s);

#endif
