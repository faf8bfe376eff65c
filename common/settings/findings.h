/* SPDX-License-Identifier: BSD-2-Clause */
/* What is found wrong with a file: one line each, "FILE:LINE: text" or "FILE:LINE: warning: text".
 */
#ifndef JM_SETTINGS_FINDINGS_H
#define JM_SETTINGS_FINDINGS_H

#include <stdbool.h>

#include "common/base/buf.h"
#include "common/base/err.h"

/* So many are told; the rest is counted. */
#define JM_FINDINGS_MAX 100u

struct jm_findings {
	const char *path;      /* borrowed */
	struct jm_buf *report; /* borrowed; may be NULL */
	struct jm_err *err;    /* borrowed; gets the first error */
	unsigned errors, warnings;
	bool full; /* report took no more */
};

/* Note an error at a line (0: the whole file). Its kind is CONFIG. */
void jm_findings_error(struct jm_findings *f, int line, const char *fmt, ...) JM_PRINTF(3, 4);

/* Note a warning. */
void jm_findings_warning(struct jm_findings *f, int line, const char *fmt, ...) JM_PRINTF(3, 4);

/* Say how many were not told, if any. */
void jm_findings_end(struct jm_findings *f);

#endif
