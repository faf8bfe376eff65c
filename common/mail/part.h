/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The parts of a message as a reader sees them (RFC 2045, 2046, 2183, 2231): each leaf of its
 * multiparts, each message inside it and the leaves of that, with type, name and place. Lenient and
 * capped: a multipart or message that is nested too deeply counts as one part, and a multipart in
 * which no delimiter can be found as text. Any thread.
 */
#ifndef JM_MAIL_PART_H
#define JM_MAIL_PART_H

#include <stdint.h>

#include "common/mail/decode.h"
#include "common/mail/mime.h"

#define JM_PART_DEPTH 24   /* levels of multiparts and messages */
#define JM_PARTS_MAX 20000 /* in one message; further parts are not visited */
#define JM_PART_NAME_BYTES 4096

/* A multipart/alternative around a part: a reader is shown one of its children. */
struct jm_part_choice {
	const struct jm_part_choice *outer; /* the next one around it, or NULL */
	unsigned id;                        /* 1, 2, ... in the message */
	unsigned child;                     /* the part is in this child of it: 0, 1, ... */
};

/* One part. Everything is borrowed, for the duration of the call of the visitor. */
struct jm_part {
	struct jm_span header;  /* the whole part, from its header on */
	struct jm_span content; /* without the header, not decoded */
	enum jm_cte coding;
	const char *kind;       /* "text/plain", lower case; "" when unreadable */
	struct jm_span charset; /* as declared; empty when not declared */
	/* UTF-8, decoded; none when there is no name. A message without a name has its Subject,
	 * another attachment its Content-Description. */
	struct jm_span name;
	/* it has a name, is declared as an attachment, or is neither text/plain nor text/html */
	bool attachment;
	unsigned depth; /* messages around it; 0 for the parts of the outermost message */
	const struct jm_part_choice *choice; /* the innermost alternative around it, or NULL */
};

/* Called with each part. Returns 0 to continue, 1 to stop, -1 with err filled. */
typedef int jm_part_visit(void *ctx, const struct jm_part *p, struct jm_err *err);

/* Visit the parts of message (header and body) in order. Returns 0 at the end, 1 when the visitor
 * stopped the walk, -1 with err filled: the visitor's error, or TEMP. */
int jm_parts_walk(
    struct jm_span message, jm_part_visit *visit, void *ctx, struct jm_err *err) JM_MUST_CHECK;

/* The same. *whole_r is false when there were parts that were not visited, as of a message that is
 * nested too deeply or encoded, or a name too long to be read. */
int jm_parts_look(struct jm_span message, jm_part_visit *visit, void *ctx, bool *whole_r,
    struct jm_err *err) JM_MUST_CHECK;

/*
 * Put the charset that a message declares into label, whose content is replaced: that of its
 * Content-Type, of a multipart that of its first text part which declares one. It is that of raw
 * octets in the header, too (rule R10). Empty when no part declares one. Only the first megabyte of
 * message is read. Returns 0, or -1 with err filled (TEMP).
 */
int jm_part_charset(struct jm_span message, struct jm_buf *label, struct jm_err *err) JM_MUST_CHECK;

/* The size of the content of p once it is decoded, in bytes. */
uint64_t jm_part_bytes(const struct jm_part *p);

/* Append the decoded content of p to out, of at most max_bytes of its undecoded form. Returns 0, or
 * -1 with err filled: LIMIT past the cap of out, TEMP. */
int jm_part_decode(const struct jm_part *p, size_t max_bytes, struct jm_buf *out,
    struct jm_err *err) JM_MUST_CHECK;

#endif
