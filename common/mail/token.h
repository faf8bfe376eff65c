/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tokens of header values (RFC 2045 5.1): the one reader for every field whose value is a token,
 * and for Content-Transfer-Encoding. It reads what careless mail has: comments before, inside and
 * after, quotes, a semicolon, parameters, folds, any letter case. Pure functions, any thread.
 */
#ifndef JM_MAIL_TOKEN_H
#define JM_MAIL_TOKEN_H

#include <stdbool.h>

#include "common/base/span.h"
#include "common/mail/decode.h"

#define JM_TOKEN_BYTES 80

struct jm_token {
	char text[JM_TOKEN_BYTES]; /* in lower case; "" for none, or one that does not fit */
	size_t end;                /* the offset after it, in the value */
	/* only comments, white space, and what follows a semicolon come after it */
	bool alone;
};

/* Read the first token of value (with or without its folds) from offset on. Octets that cannot
 * begin a token are skipped, but not a semicolon: there is no token before it. A quoted string is a
 * token without its quotes. */
void jm_token_read(struct jm_span value, size_t offset, struct jm_token *t_r);

/* Is value this token (in lower case) and no other? Parameters do not matter. */
bool jm_token_is(struct jm_span value, const char *token);

/* Content transfer encodings as they are declared. */
enum jm_transfer { JM_TRANSFER_IDENTITY, JM_TRANSFER_BASE64, JM_TRANSFER_QP, JM_TRANSFER_UNKNOWN };

/* The fields Content-Transfer-Encoding of one header. All zero: there is no such field. */
struct jm_transfer_fields {
	enum jm_transfer coding; /* of the first field that names a known one */
	bool seen;
	bool odd; /* an unknown one, more than a token, or fields that contradict each other */
};

/* Add the value of the next field. */
void jm_transfer_add(struct jm_transfer_fields *c, struct jm_span value);

/* How content with this encoding is decoded: with an unknown one it is taken as it is. */
enum jm_cte jm_transfer_cte(enum jm_transfer coding);

/* Read all fields Content-Transfer-Encoding of the header at the top of part. */
struct jm_transfer_fields jm_transfer_of(struct jm_span part);

#endif
