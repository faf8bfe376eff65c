/* SPDX-License-Identifier: BSD-2-Clause */
/* Files that come with the program: templates and lists, installed in pkgdatadir, found in the
 * source tree by JM_DATADIR. */
#ifndef JM_MILTER_CTL_CLI_DATA_H
#define JM_MILTER_CTL_CLI_DATA_H

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/span.h"

/* A name in a template, @NAME@, and what it stands for. A table ends with a NULL name. */
struct jm_data_value {
	const char *name; /* capitals, digits, "_" */
	const char *text;
};

/* The path of a file that came with the program: name is its path in the source tree ("config/x").
 * Fills path (of path_bytes), which is returned; when the file is nowhere, the place where it
 * should be installed. */
char *jm_data_path(const char *name, char *path, size_t path_bytes);

/* Read such a file whole, at most 256 KiB; *p_r is the caller's to free. NOTFOUND, LIMIT, ... */
int jm_data_read(
    const char *name, unsigned char **p_r, size_t *n_r, struct jm_err *err) JM_MUST_CHECK;

/*
 * Append text with each @NAME@ replaced. A name that the table does not have is an error (BUG), so
 * no placeholder can ever be left over; "@" in front of anything else stays. LIMIT when out is
 * full.
 */
int jm_data_fill(struct jm_span text, const struct jm_data_value *values, struct jm_buf *out,
    struct jm_err *err) JM_MUST_CHECK;

#endif
