/* SPDX-License-Identifier: BSD-2-Clause */
/* The two automata that read an entry of a 2003 report: one for an address in brackets, one for a
 * bare address. Lines are split in report.c. See entry.h. */
#include "common/journal/entry.h"

#include "common/mail/field.h"

enum {
	BRACKET_START,
	BRACKET_WORDS,
	BRACKET_QUOTED,
	BRACKET_PAIR,
	BRACKET_NAMED,
	BRACKET_ADDRESS,
	BRACKET_CLOSED,
	BRACKET_COMMA,
	BRACKET_DEAD
};
enum { BARE_START, BARE_ADDRESS, BARE_CLOSED, BARE_COMMA, BARE_DEAD };

void jm_entry_init(struct jm_entry *e, size_t max_bytes)
{
	*e = (struct jm_entry){ .bracket = BRACKET_START };
	jm_buf_init(&e->text, max_bytes);
}

void jm_entry_reset(struct jm_entry *e)
{
	struct jm_buf text = e->text;

	*e = (struct jm_entry){ .bracket = BRACKET_START };
	e->text = text;
	jm_buf_reset(&e->text);
}

void jm_entry_release(struct jm_entry *e)
{
	jm_buf_release(&e->text);
}

/* The state after octet c, once the address has ended: only white space and one comma may follow.
 */
static int after_address(unsigned char c, int same, int comma, int dead)
{
	return jm_field_is_space(c) ? same : c == ',' && same != comma ? comma : dead;
}

static int bracket_next(struct jm_entry *e, unsigned char c, size_t at)
{
	switch (e->bracket) {
	case BRACKET_START:
		if (jm_field_is_space(c))
			return BRACKET_START;
		if (c == '"')
			return BRACKET_QUOTED;
		__attribute__((fallthrough));
	case BRACKET_WORDS:
		if (c == '<') {
			e->from = at + 1;
			return BRACKET_ADDRESS;
		}
		return c == '"' || c == '>' ? BRACKET_DEAD : BRACKET_WORDS;
	case BRACKET_QUOTED:
		return c == '\\' ? BRACKET_PAIR : c == '"' ? BRACKET_NAMED : BRACKET_QUOTED;
	case BRACKET_PAIR:
		return BRACKET_QUOTED;
	case BRACKET_NAMED:
		if (c == '<') {
			e->from = at + 1;
			return BRACKET_ADDRESS;
		}
		return jm_field_is_space(c) ? BRACKET_NAMED : BRACKET_DEAD;
	case BRACKET_ADDRESS:
		e->to = at;
		return c == '<' ? BRACKET_DEAD : c == '>' ? BRACKET_CLOSED : BRACKET_ADDRESS;
	case BRACKET_CLOSED:
	case BRACKET_COMMA:
		return after_address(c, e->bracket, BRACKET_COMMA, BRACKET_DEAD);
	default:
		return BRACKET_DEAD;
	}
}

static int bare_next(struct jm_entry *e, unsigned char c, size_t at)
{
	switch (e->bare) {
	case BARE_START:
		if (jm_field_is_space(c))
			return BARE_START;
		e->bare_from = at;
		__attribute__((fallthrough));
	case BARE_ADDRESS:
		e->bare_to = at;
		if (jm_field_is_space(c))
			return BARE_CLOSED;
		if (c == ',')
			return at > e->bare_from ? BARE_COMMA : BARE_DEAD;
		if (c == '<' || c == '>' || c == '"' || c == ';')
			return BARE_DEAD;
		/* an "@" counts once an octet follows it, so check the octet before this one */
		if (at >= e->bare_from + 2 && e->text.p[at - 1] == '@')
			e->bare_at = true;
		e->bare_to = at + 1;
		return BARE_ADDRESS;
	case BARE_CLOSED:
	case BARE_COMMA:
		return after_address(c, e->bare, BARE_COMMA, BARE_DEAD);
	default:
		return BARE_DEAD;
	}
}

int jm_entry_add(struct jm_entry *e, struct jm_span piece, struct jm_err *err)
{
	size_t k = e->text.len;

	if (jm_buf_add_span(&e->text, piece, err) != 0)
		return -1;
	for (; k < e->text.len && (e->bracket != BRACKET_DEAD || e->bare != BARE_DEAD); k++) {
		e->bracket = bracket_next(e, e->text.p[k], k);
		e->bare = bare_next(e, e->text.p[k], k);
	}
	return 0;
}

bool jm_entry_failed(const struct jm_entry *e)
{
	return e->bracket == BRACKET_DEAD && e->bare == BARE_DEAD;
}

bool jm_entry_done(const struct jm_entry *e, struct jm_span *address_r)
{
	struct jm_span text = jm_buf_span(&e->text), a;
	size_t colon;

	if (e->bracket == BRACKET_CLOSED || e->bracket == BRACKET_COMMA) {
		a = jm_span_sub(text, e->from, e->to - e->from);
		colon = jm_span_index(a, ':');
		if (jm_span_eq_nocase(jm_span_sub(a, 0, colon), jm_span_str("smtp")) &&
		    colon < a.len)
			a = jm_span_sub(a, colon + 1, a.len);
		*address_r = a;
		return true;
	}
	if (e->bare_at && e->bare != BARE_DEAD && e->bare != BARE_START) {
		*address_r = jm_span_sub(text, e->bare_from, e->bare_to - e->bare_from);
		return true;
	}
	return false;
}
