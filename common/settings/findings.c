/* SPDX-License-Identifier: BSD-2-Clause */
/* Collecting findings. They come from read_document.c, consistency.c, schema.c and loader.c. See
 * findings.h. */
#include "common/settings/findings.h"

#include <stdarg.h>
#include <stdio.h>

#include "common/base/num.h"

#define TEXT_BYTES 1200 /* fits all names that a section allows */

static void finding_add(struct jm_findings *f, int line, const char *kind, const char *text)
{
	int rc;

	if (!f->report || f->full || f->errors + f->warnings > JM_FINDINGS_MAX)
		return;
	if (line > 0)
		rc = jm_buf_printf(f->report, NULL, "%s:%d: %s%s\n", f->path, line, kind, text);
	else
		rc = jm_buf_printf(f->report, NULL, "%s: %s%s\n", f->path, kind, text);
	if (rc != 0)
		f->full = true;
}

void jm_findings_error(struct jm_findings *f, int line, const char *fmt, ...)
{
	char text[TEXT_BYTES];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	if (f->errors++ == 0) {
		if (line > 0)
			jm_err_set(f->err, JM_E_CONFIG, "%s:%d: %s", f->path, line, text);
		else
			jm_err_set(f->err, JM_E_CONFIG, "%s: %s", f->path, text);
	}
	finding_add(f, line, "", text);
}

void jm_findings_warning(struct jm_findings *f, int line, const char *fmt, ...)
{
	char text[TEXT_BYTES];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	f->warnings++;
	finding_add(f, line, "warning: ", text);
}

void jm_findings_end(struct jm_findings *f)
{
	unsigned more = f->errors + f->warnings - JM_FINDINGS_MAX;

	if (f->report && !f->full && f->errors + f->warnings > JM_FINDINGS_MAX &&
	    jm_buf_printf(f->report, NULL, "%s: %u more finding%s, not shown\n", f->path, more,
		jm_num_s(more)) != 0)
		f->full = true;
}
