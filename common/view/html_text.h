/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The text of HTML mail, by the streaming HTML parser of libxml2: no tree is built, nothing is
 * fetched, no script runs. Any thread.
 */
#ifndef JM_VIEW_HTML_TEXT_H
#define JM_VIEW_HTML_TEXT_H

#include <stdbool.h>

#include "common/base/buf.h"

#define JM_HTML_DEPTH 200 /* nested elements */

/*
 * Append the text of html (UTF-8) to out: a line for each block, entities decoded, links in <>
 * after their text, alternative texts of pictures in []. The text may have control characters:
 * whoever prints it must escape them. *cut_r: elements are nested deeper than JM_HTML_DEPTH or out
 * is full, and out has only the text before that. 0, or -1: TEMP.
 */
int jm_html_to_text(
    struct jm_span html, struct jm_buf *out, bool *cut_r, struct jm_err *err) JM_MUST_CHECK;

/* The charset that a document declares near its top, in <meta> or <?xml>; empty: none. A slice of
 * html. */
struct jm_span jm_html_charset(struct jm_span html);

#endif
