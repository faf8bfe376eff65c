/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The lexemes of an address list (RFC 5322 3.4). Each octet belongs to one. Whatever is not closed
 * (a quoted string, a comment, a domain literal) is white space, so that it hides nothing. Linear
 * in the list. Pure functions, any thread.
 */
#ifndef JM_MAIL_LEXEME_H
#define JM_MAIL_LEXEME_H

#include <stdbool.h>

#include "common/base/span.h"

enum jm_lexeme_kind {
	JM_LEX_END,
	JM_LEX_SPACE,
	JM_LEX_COMMENT,
	JM_LEX_QUOTED,
	JM_LEX_ATOM,
	JM_LEX_ENCODED, /* an encoded word of RFC 2047 */
	JM_LEX_LITERAL, /* "[192.0.2.1]" after an "@" */
	JM_LEX_DOT,     /* one or more */
	JM_LEX_AT,
	JM_LEX_COMMA,
	JM_LEX_SEMICOLON,
	JM_LEX_COLON,
	JM_LEX_OPEN,
	JM_LEX_CLOSE
};

struct jm_lexeme {
	enum jm_lexeme_kind kind;
	size_t from, to; /* offsets in the list */
};

/* A walk through a list. */
struct jm_lexer {
	struct jm_span list; /* borrowed */
	size_t pos;          /* where the next lexeme begins; the caller may put it elsewhere */
	bool after_at;
	bool open_quotes; /* the list has a quote that is never closed */
	/* a quote, a parenthesis was met that is never closed: further ones do not count, so
	 * that the walk is linear */
	bool open_quote, open_comment;
	size_t no_encoded; /* no encoded word ends before this offset */
};

/* Begin a walk; list is borrowed until it is over. */
void jm_lexer_start(struct jm_lexer *w, struct jm_span list);

/* The next lexeme; JM_LEX_END at the end. */
struct jm_lexeme jm_lexer_next(struct jm_lexer *w);

/* The offset of the next "<" or ">" outside of quoted strings, from offset k on; the length of the
 * list without one. *at_r: an "@" comes before it. */
size_t jm_lexer_find_bracket(const struct jm_lexer *w, size_t k, bool *at_r);

#endif
