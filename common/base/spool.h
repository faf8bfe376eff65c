/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A spool: the bytes of one message while it is received. They are in memory up to 1 MiB, then in
 * an unlinked file (O_TMPFILE), so that memory stays flat and a crash leaves no file. All bytes so
 * far can be seen as one span: the memory, or a read-only mapping of the file. One thread at a time
 * for one spool.
 */
#ifndef JM_BASE_SPOOL_H
#define JM_BASE_SPOOL_H

#include <stdint.h>

#include "common/base/buf.h"

#define JM_SPOOL_MEMORY_BYTES (1024u * 1024u)

struct jm_spool {
	const char *dir;    /* borrowed: folder for the file; NULL: never a file */
	struct jm_buf mem;  /* all bytes while fd is -1, else those not yet written to the file */
	int fd;             /* owned; -1 while all bytes are in memory */
	uint64_t len;       /* bytes so far */
	uint64_t max_bytes; /* cap on len */
	void *map;          /* the mapping that jm_spool_view() made, or NULL */
	size_t map_len;
	struct jm_buf window; /* the bytes of the file from window_at on that jm_spool_get() read */
	uint64_t window_at;
};

/* Make *s empty, with a cap of max_bytes. dir is borrowed for the life of *s; with NULL all bytes
 * stay in memory. Nothing is allocated or opened. */
void jm_spool_init(struct jm_spool *s, const char *dir, uint64_t max_bytes);

/* Append n bytes from p. Returns 0, or -1 with err filled: LIMIT past the cap, TEMP for a full disk
 * or memory, or what jm_spool_open_unlinked() gives. After TEMP a part may have been appended:
 * reset the spool. */
int jm_spool_write(struct jm_spool *s, const void *p, size_t n, struct jm_err *err) JM_MUST_CHECK;

/* Make *bytes_r all bytes so far, valid until the next write, reset or release. Returns 0, or -1
 * with err filled (TEMP). */
int jm_spool_view(struct jm_spool *s, struct jm_span *bytes_r, struct jm_err *err) JM_MUST_CHECK;

/*
 * Make *bytes_r the n bytes from at on, valid until the next call for *s. They are read from the
 * file in small steps: unlike with a view, memory stays flat. Returns 0, or -1 with err filled
 * (TEMP; BUG when there are not so many bytes).
 */
int jm_spool_get(struct jm_spool *s, uint64_t at, size_t n, struct jm_span *bytes_r,
    struct jm_err *err) JM_MUST_CHECK;

/* Open a new unlinked file in dir for reading and writing. Returns the descriptor, owned by the
 * caller, or -1 with err filled: NOTFOUND, DENIED, TEMP; CONFIG when dir is too long. */
int jm_spool_open_unlinked(const char *dir, struct jm_err *err) JM_MUST_CHECK;

/* Drop the content and close the file; a small memory buffer is kept for the next message. */
void jm_spool_reset(struct jm_spool *s);

/* Free everything; *s is empty and may be used again. */
void jm_spool_release(struct jm_spool *s);

#endif
