/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Walking a file or a folder of mail: each plain file below it is given to the caller, or is named
 * with the reason why it cannot be. Folders are walked in the order of names. Only the path that
 * the caller gives may be a link or lead through links; below it none is followed. One thread.
 */
#ifndef JM_MILTER_CTL_FILES_TREE_H
#define JM_MILTER_CTL_FILES_TREE_H

#include <stdbool.h>
#include <sys/stat.h>

#include "common/base/err.h"

struct jm_tree_file {
	const char *path;
	int fd;
	struct stat st;
	bool message;
};

struct jm_tree {
	bool open; /* open each file */

	/* Gets a plain file; fd, which the walk closes, reads it, or is -1 when !open. message: it
	 * is in cur or new of a Maildir. 0; -1 ends the walk. */
	int (*file)(void *ctx, const struct jm_tree_file *f, struct jm_err *err);
	/* Gets a path that is left out, and why. */
	void (*left_out)(void *ctx, const char *path, const char *reason);
	void *ctx;
};

/* Walk path, which is a plain file or a folder. 0, or -1: that of file, TEMP without memory. */
int jm_tree_walk(const struct jm_tree *w, const char *path, struct jm_err *err) JM_MUST_CHECK;

#endif
