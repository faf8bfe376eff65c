/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The parts of a message as a reader meets them (RFC 2045, 2046, 2183, 2231): every leaf of its
 * multiparts, every message within it and the leaves of that, each with its type, name and place.
 * Lenient and capped: what goes too deep is one part as it stands.
 */
#ifndef JM_MAIL_PART_H
#define JM_MAIL_PART_H

#include <stdint.h>

#include "common/mail/mime.h"

#define JM_PART_DEPTH 24   /* multiparts and messages within each other */
#define JM_PARTS_MAX 20000 /* more are not visited */
#define JM_PART_NAME_BYTES 4096

enum jm_part_coding { JM_PART_PLAIN, JM_PART_BASE64, JM_PART_QP };

/* All is borrowed for the call of the visitor. */
struct jm_part {
	struct jm_span header;  /* the part from its header on */
	struct jm_span content; /* as it stands, not decoded */
	enum jm_part_coding coding;
	const char *kind;       /* "text/plain", lower case; "" when it makes no sense */
	struct jm_span charset; /* as declared; empty: not */
	struct jm_span name; /* UTF-8, decoded; none when it has none. Of a message without a name:
				its Subject */
	bool attachment; /* it has a name, says that it is one, or is neither text nor a part of the
			    text */
	unsigned depth;  /* messages around it: 0 for those of the message itself */
	bool alternative; /* a child of multipart/alternative */
};

/* Gets one part; 0 to go on, 1 to stop, -1 with err filled. */
typedef int jm_part_visit(void *ctx, const struct jm_part *p, struct jm_err *err);

/* Visit the parts of a whole message (header and body), in order. 0, 1 when the visitor stopped it,
 * -1: the visitor's error, or TEMP. Any thread. */
int jm_parts_walk(
    struct jm_span message, jm_part_visit *visit, void *ctx, struct jm_err *err) JM_MUST_CHECK;

/* How many bytes its content has when it is decoded. */
uint64_t jm_part_bytes(const struct jm_part *p);

/* The content decoded, of at most max_bytes of it as it stands, appended to out. LIMIT past out's
 * cap, TEMP. */
int jm_part_decode(const struct jm_part *p, size_t max_bytes, struct jm_buf *out,
    struct jm_err *err) JM_MUST_CHECK;

#endif
