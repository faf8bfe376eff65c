/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Loading journal-milter.xml: read, parse, check, validate, all or nothing. The result and the
 * functions on it are in settings.h.
 */
#ifndef JM_SETTINGS_LOADER_H
#define JM_SETTINGS_LOADER_H

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/settings/settings.h"

/*
 * Load and check the file at path.
 *
 * On success *s_r gets one reference, owned by the caller (jm_settings_unref()). On failure *s_r is
 * NULL, and err has the first finding: NOTFOUND or DENIED when the file cannot be opened, CONFIG
 * when its content is wrong, TEMP for lack of memory or an I/O error, BUG when the table or the
 * schema of this program is wrong.
 *
 * report (may be NULL) gets a line for every finding, "FILE:LINE: element: what is wrong; what is
 * allowed; did you mean ...". Warnings ("FILE:LINE: warning: ...") are appended on success, too.
 * Nothing is read but the file itself: no network, no entities, no document type. Any thread, but
 * only one load at a time.
 */
int jm_settings_load(const char *path, struct jm_settings **s_r, struct jm_buf *report,
    struct jm_err *err) JM_MUST_CHECK;

#endif
