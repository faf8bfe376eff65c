/* SPDX-License-Identifier: BSD-2-Clause */
/* Cutting an address list into lexemes. Their meaning is address.c's. See lexeme.h. */
#include "common/mail/lexeme.h"

#include "common/mail/field.h"

#define LITERAL_BYTES 256 /* a longer one is no domain literal */

/* The offset after the quoted string at k; 0: it is never closed. */
static size_t quoted_end(struct jm_span s, size_t k)
{
	for (k++; k < s.len; k++) {
		if (s.p[k] == '\\')
			k++;
		else if (s.p[k] == '"')
			return k + 1;
	}
	return 0;
}

void jm_lexer_start(struct jm_lexer *w, struct jm_span list)
{
	size_t end = 1;

	*w = (struct jm_lexer){ .list = list };
	for (size_t k = jm_span_index(list, '"'); k < list.len && end > 0;
	     k = end + jm_span_index(jm_span_sub(list, end, list.len), '"'))
		end = quoted_end(list, k);
	w->open_quotes = end == 0;
}

static size_t literal_end(struct jm_span s, size_t k)
{
	size_t end = k + LITERAL_BYTES < s.len ? k + LITERAL_BYTES : s.len;

	for (k++; k < end && !jm_field_is_space(s.p[k]) && s.p[k] != ','; k++)
		if (s.p[k] == ']')
			return k + 1;
	return 0;
}

/* The offset after the encoded word at k; 0: there is no encoded word. *none_r: up to there, no
 * encoded word ends. */
static size_t encoded_end(struct jm_span s, size_t k, size_t *none_r)
{
	size_t from = k;

	if (s.len - k < 2 || s.p[k + 1] != '?')
		return 0;
	for (k += 2; k < s.len && s.p[k] != '?' && !jm_field_is_space(s.p[k]) && s.p[k] != '<'; k++)
		if (k - from > 80)
			return 0;
	if (s.len - k < 3 || s.p[k] != '?' || s.p[k + 2] != '?' ||
	    (jm_lower(s.p[k + 1]) != 'q' && jm_lower(s.p[k + 1]) != 'b'))
		return 0;
	for (k += 3; k + 1 < s.len && !jm_field_is_space(s.p[k]); k++)
		if (s.p[k] == '?' && s.p[k + 1] == '=')
			return k + 2;
	*none_r = k;
	return 0;
}

static bool is_blank(unsigned char c)
{
	return jm_field_is_space(c) || memchr("()[]\"", c, 5);
}

static bool ends_atom(unsigned char c)
{
	return is_blank(c) || memchr("@,;:<>.", c, 7);
}

/* The lexeme of one octet that begins with c; JM_LEX_ATOM when it has no meaning of its own. */
static enum jm_lexeme_kind kind_of(unsigned char c)
{
	switch (c) {
	case '.':
		return JM_LEX_DOT;
	case '@':
		return JM_LEX_AT;
	case ',':
		return JM_LEX_COMMA;
	case ';':
		return JM_LEX_SEMICOLON;
	case ':':
		return JM_LEX_COLON;
	case '<':
		return JM_LEX_OPEN;
	case '>':
		return JM_LEX_CLOSE;
	default:
		return is_blank(c) ? JM_LEX_SPACE : JM_LEX_ATOM;
	}
}

/* Read a lexeme that has two ends. Returns the offset after it; 0: there is no such lexeme at pos.
 */
static size_t closed_end(struct jm_lexer *w, enum jm_lexeme_kind *kind_r)
{
	struct jm_span s = w->list;
	unsigned char c = s.p[w->pos];
	size_t end = 0;

	if (c == '"' && !w->open_quote) {
		*kind_r = JM_LEX_QUOTED;
		end = quoted_end(s, w->pos);
		w->open_quote = end == 0;
	} else if (c == '(' && !w->open_comment) {
		*kind_r = JM_LEX_COMMENT;
		end = jm_field_comment_end(s, w->pos);
		w->open_comment = end == 0;
	} else if (c == '[' && w->after_at) {
		*kind_r = JM_LEX_LITERAL;
		end = literal_end(s, w->pos);
	} else if (c == '=' && w->pos >= w->no_encoded) {
		*kind_r = JM_LEX_ENCODED;
		end = encoded_end(s, w->pos, &w->no_encoded);
	}
	return end;
}

struct jm_lexeme jm_lexer_next(struct jm_lexer *w)
{
	struct jm_span s = w->list;
	struct jm_lexeme l = { JM_LEX_END, w->pos, w->pos };
	size_t end;

	if (w->pos >= s.len)
		return l;
	end = closed_end(w, &l.kind);
	if (end == 0) {
		l.kind = kind_of(s.p[w->pos]);
		end = w->pos + 1;
		if (l.kind == JM_LEX_DOT)
			while (end < s.len && s.p[end] == '.')
				end++;
		else if (l.kind == JM_LEX_SPACE)
			while (end < s.len && is_blank(s.p[end]) && !memchr("([\"", s.p[end], 3))
				end++;
		else if (l.kind == JM_LEX_ATOM)
			while (end < s.len && !ends_atom(s.p[end]))
				end++;
	}
	if (l.kind != JM_LEX_SPACE && l.kind != JM_LEX_COMMENT)
		w->after_at = l.kind == JM_LEX_AT;
	l.to = w->pos = end;
	return l;
}

size_t jm_lexer_find_bracket(const struct jm_lexer *w, size_t k, bool *at_r)
{
	struct jm_span s = w->list;
	bool open_quote = w->open_quote;
	size_t end;

	*at_r = false;
	for (; k < s.len && s.p[k] != '<' && s.p[k] != '>'; k++) {
		if (s.p[k] == '@') {
			*at_r = true;
		} else if (s.p[k] == '"' && !open_quote) {
			end = quoted_end(s, k);
			open_quote = end == 0;
			if (end > 0)
				k = end - 1;
		}
	}
	return k;
}
