/* SPDX-License-Identifier: BSD-2-Clause */
/* Findings about a settings file, errors and warnings, one line each: "FILE:LINE: text" or
 * "FILE:LINE: warning: text". */
#ifndef JM_SETTINGS_FINDINGS_H
#define JM_SETTINGS_FINDINGS_H

#include <stdbool.h>

#include "common/base/buf.h"
#include "common/base/err.h"

/* This many findings get a line; the others are counted. */
#define JM_FINDINGS_MAX 100u

/* Set by the caller: path, report, err; the rest is zero at the start. One thread at a time. */
struct jm_findings {
	const char *path;          /* of the file; borrowed */
	struct jm_buf *report;     /* gets the lines; borrowed; may be NULL */
	struct jm_err *err;        /* gets the first error; borrowed */
	unsigned errors, warnings; /* how many so far */
	bool full;                 /* report has reached its cap */
};

/* Add an error in a line of the file; 0: in the file as a whole. The first one fills f->err
 * (CONFIG). */
void jm_findings_error(struct jm_findings *f, int line, const char *fmt, ...) JM_PRINTF(3, 4);

/* Add a warning in a line of the file; 0: in the file as a whole. */
void jm_findings_warning(struct jm_findings *f, int line, const char *fmt, ...) JM_PRINTF(3, 4);

/* Append a line with the number of findings that got none, if there are any. Call it once, last. */
void jm_findings_end(struct jm_findings *f);

#endif
