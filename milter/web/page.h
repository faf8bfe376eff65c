/* SPDX-License-Identifier: BSD-2-Clause */
/* The status page. Its style sheet is in style.h; how it is sent is in serve.h. */
#ifndef JM_WEB_PAGE_H
#define JM_WEB_PAGE_H

#include "common/base/buf.h"
#include "milter/web/published.h"

#define JM_PAGE_BYTES (4u << 20) /* the largest page */

/*
 * Write the HTML page of state s, which may lack its document; with tables, those of
 * the charts are open. *b is initialised here, on failure
 * too; the caller releases it. Returns 0, or -1 with LIMIT (too large, or no memory). Any thread.
 */
int jm_page_write(
    const struct jm_published *s, bool tables, struct jm_buf *b, struct jm_err *err) JM_MUST_CHECK;

/* Write the page for a path that does not exist; *b and the return as above. */
int jm_page_write_absent(struct jm_buf *b, struct jm_err *err) JM_MUST_CHECK;

#endif
