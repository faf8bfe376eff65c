/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Files that come with the program: templates and lists. They are installed in pkgdatadir; with
 * JM_DATADIR in the environment they are read from that source tree. One thread.
 */
#ifndef JM_MILTER_CTL_CLI_DATA_H
#define JM_MILTER_CTL_CLI_DATA_H

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/span.h"

/* A placeholder of a template, @NAME@, and its text. A table ends with a NULL name. */
struct jm_data_value {
	const char *name; /* capitals, digits, "_" */
	const char *text;
};

/*
 * Write the path of a file of the program into path, which is returned. name: its path in the
 * source tree ("config/x"). When the file does not exist, the path where it should be installed.
 */
char *jm_data_path(const char *name, char *path, size_t path_bytes);

/*
 * Read a file of the program, of at most 256 KiB. 0 with *p_r, which the caller frees, and its
 * length *n_r; or -1 with the kinds of jm_io_read_file(): NOTFOUND, LIMIT, ...
 */
int jm_data_read(
    const char *name, unsigned char **p_r, size_t *n_r, struct jm_err *err) JM_MUST_CHECK;

/*
 * Append text to out with each @NAME@ replaced. A name that the table lacks is an error (BUG), so
 * that no placeholder is left over. An "@" that begins no placeholder stays. LIMIT when out is
 * full, TEMP.
 */
int jm_data_fill(struct jm_span text, const struct jm_data_value *values, struct jm_buf *out,
    struct jm_err *err) JM_MUST_CHECK;

#endif
