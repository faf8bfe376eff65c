/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A message as people see it: its header fields decoded, its text, its attachments. All text is
 * valid UTF-8, but may have control characters: whoever prints it must escape them.
 */
#ifndef JM_VIEW_PREVIEW_H
#define JM_VIEW_PREVIEW_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/buf.h"

#define JM_PREVIEW_TEXT_BYTES (1024u * 1024u) /* at most of the text */

enum jm_preview_source { JM_PREVIEW_NONE, JM_PREVIEW_PLAIN, JM_PREVIEW_HTML };

/* Parts whose text only other programs can show. */
enum jm_preview_hidden {
	JM_PREVIEW_SMIME = 1, /* signed or encrypted by S/MIME, in one part with the signature */
	JM_PREVIEW_TNEF = 2,  /* winmail.dat */
	JM_PREVIEW_PGP = 4,   /* encrypted by OpenPGP */
	JM_PREVIEW_RPMSG = 8, /* rights-protected */
};

struct jm_preview_header {
	struct jm_span name, value; /* value: unfolded, encoded words decoded */
};

struct jm_preview_attachment {
	struct jm_span name; /* none when it has no name */
	struct jm_span type; /* "application/pdf" */
	uint64_t bytes;      /* decoded */
	unsigned depth;      /* number of attached messages around it */
};

struct jm_preview {
	struct jm_preview_header *headers; /* in the order of the message */
	size_t headers_n;
	/* HTML: some of the text is from HTML; NONE: there is no text */
	enum jm_preview_source source;
	struct jm_buf text; /* of all text parts that are shown, in order */
	unsigned hidden;    /* kinds of text that are not in it, of enum jm_preview_hidden */
	bool text_cut;      /* the message has more text */
	struct jm_preview_attachment *attachments; /* in the order of the message */
	size_t attachments_n;
	struct jm_arena arena;               /* internal: what the spans point into */
	size_t headers_cap, attachments_cap; /* internal */
};

/*
 * Read a whole message (header and body) into *v, which the caller releases in any case; nothing in
 * it points into message. Without bcc, fields that name Bcc recipients are left out: Bcc and trace
 * fields. At most 2,000 fields and 5,000 attachments are listed. 0, or -1: TEMP. Any thread.
 */
int jm_preview_read(
    struct jm_span message, bool bcc, struct jm_preview *v, struct jm_err *err) JM_MUST_CHECK;

/* Free what jm_preview_read() filled. */
void jm_preview_release(struct jm_preview *v);

#endif
