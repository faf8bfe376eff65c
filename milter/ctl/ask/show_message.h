/* SPDX-License-Identifier: BSD-2-Clause */
/* The message part of jmctl show: what a reader sees of it, as JSON and as text. */
#ifndef JM_MILTER_CTL_ASK_SHOW_MESSAGE_H
#define JM_MILTER_CTL_ASK_SHOW_MESSAGE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/base/err.h"
#include "common/base/span.h"

struct jm_show_options {
	bool headers;   /* all header fields instead of the main ones */
	uint64_t lines; /* at most so many of the text; 0: all */
};

/*
 * {headers: [{name, value}], text, text_from: "text/plain", "text/html" or null, text_cut,
 * not_shown: ["s/mime", "tnef", "pgp", "rpmsg"], attachments: [{name, type, size, depth}]} of a
 * whole message; the caller owns it. Without bcc,
 * fields that name Bcc recipients are left out. depth: number of attached messages around it. NULL:
 * TEMP.
 */
json_t *jm_show_json(struct jm_span message, bool bcc, struct jm_err *err);

/* Print what jm_show_json() returned, or {problem: text} in place of it; nothing for NULL. */
void jm_show_message(const struct jm_show_options *o, const json_t *preview);

/* Print the title of a section of jmctl show, after an empty line. */
void jm_show_title(const char *title);

#endif
