/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Plain files below a folder that other users may be able to change meanwhile. The folder itself is
 * opened by the caller, who may have reached it through links. Below it no link is followed, not
 * even in the place of a folder, and nothing but plain files is read or replaced. A new file gets
 * its name when it is whole: others see all of it or nothing, and no name can be guessed before.
 *
 * name: a path relative to the folder top, without "..". Functions return 0, or -1 with err filled
 * and errno in err->sys; USAGE for anything that is not a plain file or not a folder. Any thread.
 */
#ifndef JM_BASE_BELOW_H
#define JM_BASE_BELOW_H

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>

#include "common/base/err.h"

/* A new file without its name. */
struct jm_below {
	bool open;  /* false: no file, as in a struct of zeros */
	int fd;     /* reads and writes it */
	int folder; /* that it will be in */
	char name[NAME_MAX + 1];
	char temporary[NAME_MAX + 1]; /* empty while it has no name at all */
};

/* The kind of a file that is not plain, for people: "a symbolic link". Static storage. */
const char *jm_below_kind(mode_t mode);

/* Open a plain file for reading; it does not wait for anything. Returns the descriptor, owned by
 * the caller, with *st_r (may be NULL) filled, or -1: NOTFOUND, DENIED, USAGE, TEMP. */
int jm_below_open(int top, const char *name, struct stat *st_r, struct jm_err *err) JM_MUST_CHECK;

/* The same as a stream. NULL on error. */
FILE *jm_below_read(int top, const char *name, struct jm_err *err) JM_MUST_CHECK;

/* Open a folder, and make it with mode 0700 where it is missing, when make. Returns the descriptor,
 * owned by the caller, or -1: NOTFOUND, DENIED, USAGE, TEMP. */
int jm_below_folder(int top, const char *name, bool make, struct jm_err *err) JM_MUST_CHECK;

/* Begin a new file, mode 0600; folders above it are made. The caller keeps or drops *f. DENIED,
 * USAGE, TEMP. */
int jm_below_create(
    int top, const char *name, struct jm_below *f, struct jm_err *err) JM_MUST_CHECK;

/* A stream that writes to the file; closing it leaves *f as it is. NULL on error: TEMP. */
FILE *jm_below_write(const struct jm_below *f, struct jm_err *err) JM_MUST_CHECK;

/* Give the file its name, and close it. replace: in the place of a plain file of that name; without
 * it this file is an error, USAGE with EEXIST in err->sys. DENIED, TEMP. After an error it is
 * still open. */
int jm_below_keep(struct jm_below *f, bool replace, struct jm_err *err) JM_MUST_CHECK;

/* Close the file without a name: it is gone. No effect after jm_below_keep(). */
void jm_below_drop(struct jm_below *f);

#endif
