/* SPDX-License-Identifier: BSD-2-Clause */
/* Scratch memory. The unlinked files come from spool.c. See scratch.h. */
#include "common/base/scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/base/io.h"
#include "common/base/spool.h"

struct jm_scratch_piece {
	struct jm_scratch_piece *next;
	void *p;
	size_t map_len; /* 0: p is memory of malloc(), not a mapping */
};

void jm_scratch_init(struct jm_scratch *s, const char *dir)
{
	*s = (struct jm_scratch){ .dir = dir };
}

static void *map_file(const char *dir, size_t n, struct jm_err *err)
{
	int fd = jm_spool_open_unlinked(dir, err), rc;
	void *p = MAP_FAILED;

	if (fd < 0)
		return NULL;
	rc = posix_fallocate(fd, 0, (off_t)n);
	if (rc == 0)
		p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	else
		errno = rc;
	if (p == MAP_FAILED) {
		jm_err_sys(err, JM_E_TEMP, "cannot take %zu bytes of scratch in \"%s\"", n, dir);
		p = NULL;
	}
	close(fd);
	return p;
}

void *jm_scratch_alloc(void *ctx, size_t n, struct jm_err *err)
{
	struct jm_scratch *s = ctx;
	struct jm_scratch_piece *piece = calloc(1, sizeof *piece);

	if (!piece) {
		jm_err_set(err, JM_E_TEMP, "out of memory");
		return NULL;
	}
	if (n <= JM_SPOOL_MEMORY_BYTES) {
		piece->p = malloc(n ? n : 1);
		if (!piece->p)
			jm_err_set(err, JM_E_TEMP, "out of memory for %zu bytes", n);
	} else {
		piece->p = map_file(s->dir, n, err);
		piece->map_len = n;
	}
	if (!piece->p) {
		free(piece);
		return NULL;
	}
	piece->next = s->pieces;
	s->pieces = piece;
	return piece->p;
}

void jm_scratch_release(struct jm_scratch *s)
{
	while (s->pieces) {
		struct jm_scratch_piece *piece = s->pieces;

		s->pieces = piece->next;
		if (piece->map_len)
			munmap(piece->p, piece->map_len);
		else
			free(piece->p);
		free(piece);
	}
}
