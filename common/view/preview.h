/* SPDX-License-Identifier: BSD-2-Clause */
/* What a reader sees of a message: its header decoded, its text, its attachments. As JSON; how it
 * is printed is show's business. */
#ifndef JM_VIEW_PREVIEW_H
#define JM_VIEW_PREVIEW_H

#include <jansson.h>

#include "common/base/err.h"
#include "common/base/span.h"

#define JM_PREVIEW_TEXT_BYTES (1024u * 1024u) /* of the text, and of what it is made from */

/*
 * {headers: [{name, value}], text, text_from: "text/plain", "text/html" or null, text_cut,
 * attachments: [{name, type, size, depth}]} of a whole message; the caller owns it. Without bcc,
 * fields that tell Bcc recipients (Bcc, trace fields) are left out. depth: attached messages around
 * it. NULL: TEMP.
 */
json_t *jm_preview(struct jm_span message, bool bcc, struct jm_err *err);

#endif
