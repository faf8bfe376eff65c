/* SPDX-License-Identifier: BSD-2-Clause */
/* The text of HTML mail, by libxml2's HTML parser as it reads: no tree is built, nothing is
 * fetched, nothing runs. */
#ifndef JM_VIEW_HTML_H
#define JM_VIEW_HTML_H

#include <stdbool.h>

#include "common/base/buf.h"

#define JM_HTML_DEPTH 200 /* elements within each other */

/*
 * Append the text of html (UTF-8) to out: a line a block, entities undone, links behind their text
 * in <>, alternative texts of pictures in []. *cut_r: it goes too deep or out is full; what came
 * until then is in out. The text may have control characters: print it through print.h. TEMP.
 */
int jm_html_text(
    struct jm_span html, struct jm_buf *out, bool *cut_r, struct jm_err *err) JM_MUST_CHECK;

/* The charset that a document declares in its first kilobyte (<meta charset=...>), empty: none. A
 * slice of html. */
struct jm_span jm_html_charset(struct jm_span html);

#endif
