/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Address lists. An entry is gathered up to its separator, then each "@" in it is the middle of an
 * address, which is read from there to both sides. See address.h.
 */
#include "common/mail/address.h"

#include "common/base/buf.h"
#include "common/mail/field.h"
#include "common/mail/lexeme.h"
#include "common/mail/word.h"

#define ENTRY_BYTES (256u * 1024) /* a longer entry (as lexemes) is read in pieces */
#define ENTRY_MAX (1024u * 1024 * 1024)
#define ROUTE_BYTES 1024 /* a longer one is no route */
#define HELD 8           /* words that may be the front of a name: "Doe, John <j@x>" */

struct held {
	struct jm_span text;
	bool odd;
};

struct reader {
	struct jm_lexer lexer;
	struct jm_buf lexemes; /* of the entry: struct jm_lexeme */
	struct held held[HELD];
	size_t held_n;
	struct jm_buf plain;
	bool angle;      /* inside "<" and ">" */
	bool closed;     /* there is a ">" for the "<" */
	bool finished;   /* the entry has had an address in brackets */
	bool label;      /* a colon follows the entry */
	bool nested;     /* the list was itself inside of an entry: only true addresses count */
	bool found;      /* a true address was found */
	bool in_name;    /* what is read comes before an address in brackets */
	size_t no_route; /* no route ends before this offset */
	jm_address_sink *sink;
	void *ctx;
	unsigned *defects;
};

static const struct jm_lexeme *lexemes(const struct reader *r, size_t *n_r)
{
	*n_r = r->lexemes.len / sizeof(struct jm_lexeme);
	return (const struct jm_lexeme *)(const void *)r->lexemes.p;
}

static bool is_gap(enum jm_lexeme_kind k)
{
	return k == JM_LEX_SPACE || k == JM_LEX_COMMENT;
}

static bool is_word(enum jm_lexeme_kind k)
{
	return k == JM_LEX_ATOM || k == JM_LEX_QUOTED || k == JM_LEX_ENCODED;
}

static struct jm_span slice(const struct reader *r, size_t from, size_t to)
{
	return jm_field_strip(jm_span_sub(r->lexer.list, from, to - from));
}

/* ---- handing out ---- */

static int give(struct reader *r, struct jm_span text, struct jm_err *err)
{
	const struct jm_address a = { text, r->in_name };

	return text.len > 0 ? r->sink(r->ctx, &a, err) : 0;
}

/* Give a text that is no address, without its folds. */
static int give_raw(struct reader *r, struct jm_span text, bool odd, struct jm_err *err)
{
	if (r->nested || text.len == 0)
		return 0;
	*r->defects += odd;
	jm_buf_reset(&r->plain);
	for (size_t k = 0; k < text.len; k++)
		if (text.p[k] != '\r' && text.p[k] != '\n' &&
		    jm_buf_add_byte(&r->plain, text.p[k], err) != 0)
			return -1;
	return give(r, jm_buf_span(&r->plain), err);
}

static int give_held(struct reader *r, struct jm_err *err)
{
	int rc = 0;

	for (size_t k = 0; rc == 0 && k < r->held_n; k++)
		rc = give_raw(r, r->held[k].text, r->held[k].odd, err);
	r->held_n = 0;
	return rc;
}

/* ---- one address ---- */

/* The index of the first lexeme at or after k that is no gap. *blank_r: there was white space. */
static size_t skip_gap(const struct jm_lexeme *v, size_t n, size_t k, bool *blank_r)
{
	for (*blank_r = false; k < n && is_gap(v[k].kind); k++)
		*blank_r = *blank_r || v[k].kind == JM_LEX_SPACE;
	return k;
}

/* The same backwards: the index after the last lexeme before k that is no gap; low: all are. */
static size_t skip_back(const struct jm_lexeme *v, size_t low, size_t k, bool *blank_r)
{
	for (*blank_r = false; k > low && is_gap(v[k - 1].kind); k--)
		*blank_r = *blank_r || v[k - 1].kind == JM_LEX_SPACE;
	return k;
}

/* The first lexeme of the local part before the "@" at index at; at: there is no local part. Blanks
 * may be around a dot that has one before it: "a . b" and "a .b", but not "Dr. b". */
static size_t local_start(const struct jm_lexeme *v, size_t low, size_t at)
{
	size_t start = at, dot, q;
	bool before, after;

	q = skip_back(v, low, at, &before);
	if (q > low && v[q - 1].kind == JM_LEX_DOT) {
		start = q - 1;
		q = skip_back(v, low, start, &before);
		if (before)
			return start;
	}
	if (q == low || !is_word(v[q - 1].kind))
		return start;
	for (start = q - 1;; start = q - 1) {
		q = skip_back(v, low, start, &after);
		if (q == low || v[q - 1].kind != JM_LEX_DOT)
			return start;
		dot = q - 1;
		q = skip_back(v, low, dot, &before);
		if (after && !before)
			return start;
		if (q == low || !is_word(v[q - 1].kind))
			return after ? start : dot;
	}
}

/* The index after the domain that follows the "@" at index at; at + 1: there is no domain. */
static size_t domain_end(const struct jm_lexeme *v, size_t n, size_t at)
{
	bool before, after;
	size_t end, q = skip_gap(v, n, at + 1, &before);

	if (q == n || (!is_word(v[q].kind) && v[q].kind != JM_LEX_LITERAL))
		return at + 1;
	end = q + 1;
	while (v[q].kind != JM_LEX_LITERAL) {
		q = skip_gap(v, n, end, &before);
		if (q == n || v[q].kind != JM_LEX_DOT)
			break;
		q = skip_gap(v, n, q + 1, &after);
		if (q == n || !is_word(v[q].kind) || (after && !before))
			break;
		end = q + 1;
	}
	return end;
}

static bool in_domain(unsigned char c)
{
	return c >= 0x80 || c == '-' || c == '_' || c == '.' || (c >= '0' && c <= '9') ||
	    (jm_lower(c) >= 'a' && jm_lower(c) <= 'z');
}

/* Is c at the end of an address the partner of the octet at its start? */
static bool encloses(unsigned char start, unsigned char c)
{
	return c == '}' ? start == '{' : (c == '\'' || c == '`') && (start == '\'' || start == '`');
}

/* Cut off what surrounds the address in r->plain, whose domain begins at offset domain: single
 * quotes, braces, the "?" part of a mailto URL. Returns false when it is no address. */
static bool trim_address(struct reader *r, size_t domain, struct jm_span *text_r)
{
	struct jm_span t = jm_buf_span(&r->plain);
	size_t k = domain;

	*text_r = t;
	if (k < t.len && t.p[k] == '[')
		return true;
	while (k < t.len && in_domain(t.p[k]))
		k++;
	if (k == domain || (k < t.len && !memchr("'`?*}|", t.p[k], 6)))
		return false;
	*text_r = jm_span_sub(t, 0, k);
	if (k < t.len && encloses(t.p[0], t.p[k]) && domain > 2)
		*text_r = jm_span_sub(t, 1, k - 1);
	return true;
}

static int add_lexemes(
    struct reader *r, const struct jm_lexeme *v, size_t from, size_t to, struct jm_err *err)
{
	for (size_t k = from; k < to; k++)
		if (!is_gap(v[k].kind) &&
		    jm_buf_add_span(&r->plain,
			jm_span_sub(r->lexer.list, v[k].from, v[k].to - v[k].from), err) != 0)
			return -1;
	return 0;
}

/* Give the address with the "@" at index at, of the lexemes from low on. *end_r: the index after
 * it. twin, if not empty, is given elsewhere. */
static int give_address(
    struct reader *r, size_t low, size_t at, struct jm_span twin, size_t *end_r, struct jm_err *err)
{
	size_t n, domain, start, end;
	const struct jm_lexeme *v = lexemes(r, &n);
	struct jm_span text;

	start = local_start(v, low, at);
	end = domain_end(v, n, at);
	jm_buf_reset(&r->plain);
	if (add_lexemes(r, v, start, at + 1, err) != 0)
		return -1;
	domain = r->plain.len;
	if (add_lexemes(r, v, at + 1, end, err) != 0)
		return -1;
	*end_r = end;
	if (start < at && (end == n || v[end].kind != JM_LEX_AT) &&
	    trim_address(r, domain, &text)) {
		r->found = true;
		return jm_span_eq_nocase(text, twin) ? 0 : give(r, text, err);
	}
	while (end < n && v[end].kind != JM_LEX_SPACE)
		end++;
	*end_r = end;
	return give_raw(r, slice(r, v[start].from, v[end - 1].to), true, err);
}

/* ---- one entry ---- */

static bool has_kind(const struct reader *r, enum jm_lexeme_kind kind, size_t from)
{
	size_t n;
	const struct jm_lexeme *v = lexemes(r, &n);

	for (size_t k = from; k < n; k++)
		if (v[k].kind == kind)
			return true;
	return false;
}

static bool has_word(const struct reader *r, size_t from, size_t to)
{
	size_t n;
	const struct jm_lexeme *v = lexemes(r, &n);

	for (size_t k = from; k < to && k < n; k++)
		if (!is_gap(v[k].kind) && v[k].kind != JM_LEX_DOT)
			return true;
	return false;
}

/* The text of the entry without blanks at its ends. */
static struct jm_span entry_text(const struct reader *r)
{
	size_t n;
	const struct jm_lexeme *v = lexemes(r, &n);

	return n ? slice(r, v[0].from, v[n - 1].to) : jm_span_str("");
}

static void drop_entry(struct reader *r)
{
	jm_buf_reset(&r->lexemes);
}

/* Give the addresses of the entry. strict: only those without blanks around their "@", since the
 * words are a name. *end_r: the index after the last one; 0: it has no address. */
static int give_addresses(
    struct reader *r, bool strict, struct jm_span twin, size_t *end_r, struct jm_err *err)
{
	size_t n, low = 0;
	const struct jm_lexeme *v = lexemes(r, &n);
	int rc = 0;

	for (size_t at = 0; rc == 0 && at < n; at++) {
		if (v[at].kind != JM_LEX_AT || at < low)
			continue;
		if (strict &&
		    (at == 0 || at + 1 == n || v[at - 1].kind == JM_LEX_SPACE ||
			v[at + 1].kind == JM_LEX_SPACE))
			continue;
		rc = give_address(r, low, at, twin, &low, err);
	}
	*end_r = low;
	return rc;
}

static int read_nested(struct reader *r, struct jm_span list, struct jm_err *err);

/* Read what is in the quoted strings, comments and encoded words of the entry as a list. *found_r:
 * it has an address. */
static int look_inside(struct reader *r, bool *found_r, struct jm_err *err)
{
	size_t n;
	const struct jm_lexeme *v = lexemes(r, &n);
	struct jm_buf plain, decoded;
	bool inside = false;
	int rc = 0;

	*found_r = false;
	for (size_t k = 0; k < n; k++)
		inside = inside || v[k].kind == JM_LEX_QUOTED || v[k].kind == JM_LEX_COMMENT ||
		    v[k].kind == JM_LEX_ENCODED;
	if (!inside || r->nested)
		return 0;
	jm_buf_init(&plain, r->lexer.list.len + 1);
	jm_buf_init(&decoded, 4 * r->lexer.list.len + 64);
	for (size_t k = 0; rc == 0 && k < n; k++) {
		struct jm_span t = jm_span_sub(r->lexer.list, v[k].from, v[k].to - v[k].from);
		bool closed = v[k].kind == JM_LEX_QUOTED || v[k].kind == JM_LEX_COMMENT;

		if (closed)
			t = jm_span_sub(t, 1, t.len - 2);
		for (size_t i = 0; rc == 0 && i < t.len; i++)
			if (!closed || t.p[i] != '\\')
				rc = jm_buf_add_byte(&plain, t.p[i], err);
	}
	if (rc == 0)
		rc = jm_word_decode(jm_buf_span(&plain), jm_span_str(""), &decoded, err);
	if (rc == 0 && jm_span_index(jm_buf_span(&decoded), '@') < decoded.len) {
		bool before = r->found;

		r->found = false;
		rc = read_nested(r, jm_buf_span(&decoded), err);
		*found_r = r->found;
		r->found = r->found || before;
	}
	jm_buf_release(&plain);
	jm_buf_release(&decoded);
	return rc;
}

/* Is text an address of another system, as Exchange writes it: "/o=Org/cn=x", "X400:c=us;a= ;"? */
static bool is_foreign(struct jm_span text)
{
	static const char *const prefix[] = { "/o=", "/c=", "ex:", "x400:", "x500:", "fax:",
		"notes:", "ccmail:", "ms:", "gwise:", "mobile:" };

	for (size_t k = 0; k < sizeof prefix / sizeof prefix[0]; k++)
		if (jm_span_starts_nocase(text, jm_span_str(prefix[k])))
			return true;
	return false;
}

/* Is text more than one word, such as the name of a local mailbox, and not foreign? */
static bool is_odd(struct jm_span text)
{
	for (size_t k = 0; k < text.len; k++)
		if (text.p[k] <= ' ' || text.p[k] == 127 || memchr("\"()<>@,;:\\", text.p[k], 10))
			return !is_foreign(text);
	return false;
}

/* Is it a name that a person on a Unix system has, rather than a surname before a comma? */
static bool is_login(struct jm_span text)
{
	for (size_t k = 0; k < text.len; k++)
		if (!in_domain(text.p[k]) || text.p[k] >= 0x80 || text.p[k] != jm_lower(text.p[k]))
			return false;
	return true;
}

/* End an entry without brackets, or what follows an address in brackets. comma: at a comma. */
static int end_words(struct reader *r, bool comma, struct jm_err *err)
{
	size_t end = 0, n = r->lexemes.len / sizeof(struct jm_lexeme);
	struct jm_span text = entry_text(r);
	bool found = false;
	int rc = 0;

	if (has_kind(r, JM_LEX_AT, 0)) {
		rc = give_held(r, err);
		if (rc == 0)
			rc = give_addresses(r, false, jm_span_str(""), &end, err);
		*r->defects += rc == 0 && has_word(r, end, n) && !r->nested && !r->label;
	} else if (r->finished) {
		*r->defects += has_word(r, 0, n) && !r->nested;
	} else {
		rc = look_inside(r, &found, err);
		if (rc == 0 && !found && has_word(r, 0, n)) {
			if (!comma || r->held_n == HELD || is_login(text))
				rc = give_held(r, err);
			if (rc == 0 && (!comma || is_login(text)))
				rc = give_raw(r, text, is_odd(text), err);
			else if (rc == 0)
				r->held[r->held_n++] = (struct held){ text, is_odd(text) };
		}
	}
	drop_entry(r);
	r->finished = false;
	return rc;
}

/* End what is between "<" and a separator or ">". whole: ">" follows. */
static int end_angle(struct reader *r, bool whole, struct jm_err *err)
{
	size_t n, at = 0, start, end;
	const struct jm_lexeme *v = lexemes(r, &n);
	int rc;

	while (at < n && v[at].kind != JM_LEX_AT)
		at++;
	if (whole && at < n && !has_kind(r, JM_LEX_AT, at + 1)) {
		start = local_start(v, 0, at);
		end = domain_end(v, n, at);
		whole = has_word(r, 0, start) || has_word(r, end, n);
	}
	rc = at == n || (whole && !has_kind(r, JM_LEX_AT, at + 1))
	    ? give_raw(r, entry_text(r), true, err)
	    : give_addresses(r, false, jm_span_str(""), &end, err);
	drop_entry(r);
	return rc;
}

/* ---- brackets and colons ---- */

/* A name ends at "<". twin: the text between the brackets. */
static int end_name(struct reader *r, struct jm_span twin, struct jm_err *err)
{
	size_t end, n = r->lexemes.len / sizeof(struct jm_lexeme);
	bool ignored, in_name = r->in_name;
	int rc = 0;

	if (has_word(r, 0, n))
		r->held_n = 0; /* "Doe, John <j@x>" */
	else
		rc = give_held(r, err);
	r->in_name = true;
	if (rc == 0)
		rc = r->lexer.open_quotes ? look_inside(r, &ignored, err)
					  : give_addresses(r, true, twin, &end, err);
	r->in_name = in_name;
	drop_entry(r);
	return rc;
}

/* The offset after the route "@a,@b:" at k, or k. */
static size_t skip_route(struct reader *r, size_t k)
{
	struct jm_span s = r->lexer.list;
	size_t end = k + ROUTE_BYTES < s.len ? k + ROUTE_BYTES : s.len, q = k;

	if (q >= end || s.p[q] != '@' || q < r->no_route)
		return k;
	while (q < end &&
	    (in_domain(s.p[q]) || jm_field_is_space(s.p[q]) || memchr("@,[]", s.p[q], 4)))
		q++;
	if (q < end && s.p[q] == ':')
		return q + 1;
	r->no_route = q;
	return k;
}

/* Read text between "<" and ">" that has no "@". */
static int give_other(struct reader *r, struct jm_span text, struct jm_err *err)
{
	struct jm_span list = r->lexer.list;
	bool found = false;
	int rc = 0;

	if (text.len == 0 || (!is_foreign(text) && memchr(":;", text.p[text.len - 1], 2)))
		return 0; /* "<>", "<undisclosed-recipients:;>" */
	if (jm_span_starts_nocase(text, jm_span_str("=?"))) {
		struct jm_lexeme whole = { JM_LEX_ENCODED, (size_t)(text.p - list.p),
			(size_t)(text.p - list.p) + text.len };

		rc = jm_buf_add(&r->lexemes, &whole, sizeof whole, err);
		if (rc == 0)
			rc = look_inside(r, &found, err);
		drop_entry(r);
	}
	if (rc != 0 || found)
		return rc;
	return give_raw(r, text, is_odd(text), err);
}

static int open_angle(struct reader *r, struct jm_err *err)
{
	struct jm_span s = r->lexer.list, text;
	size_t from = r->lexer.pos, next, end;
	bool at;
	int rc;

	if (r->angle) {
		rc = end_angle(r, false, err);
		if (rc != 0)
			return rc;
	}
	r->angle = false;
	for (next = from; next < s.len && (s.p[next] == '<' || jm_field_is_space(s.p[next]));)
		from = s.p[next++] == '<' ? next : from; /* "<<a@x>>" */
	end = jm_lexer_find_bracket(&r->lexer, from, &at);
	r->closed = end < s.len && s.p[end] == '>';
	r->lexer.pos = from;
	if (!at && !r->closed)
		return 0; /* it opens nothing */
	text = slice(r, from, end);
	if (jm_span_starts_nocase(text, jm_span_str("mailto:")))
		text = jm_field_strip(jm_span_sub(text, 7, text.len));
	if (end_name(r, text, err) != 0)
		return -1;
	r->finished = true;
	if (at && !is_foreign(text)) {
		r->angle = true;
		r->lexer.pos = skip_route(r, (size_t)(text.p - s.p));
		return 0;
	}
	r->lexer.pos = r->closed ? end + 1 : end;
	return give_other(r, text, err);
}

/* A colon ends the name of a group, a route or "mailto"; or it is within an address of another
 * system, which extends to the next comma. */
static int at_colon(struct reader *r, struct jm_err *err)
{
	struct jm_span s = r->lexer.list, text = entry_text(r);
	size_t n, from = text.len ? (size_t)(text.p - s.p) : r->lexer.pos, end;
	const struct jm_lexeme *v = lexemes(r, &n);
	bool strict_at = false;
	int rc;

	for (size_t k = 1; k + 1 < n; k++)
		strict_at = strict_at || (v[k].kind == JM_LEX_AT && v[k - 1].kind != JM_LEX_SPACE);
	if (strict_at) {
		r->label = true;
		rc = r->angle ? end_angle(r, false, err) : end_words(r, false, err);
		r->label = false;
		return rc;
	}
	if (!r->angle && is_foreign(jm_span_sub(s, from, s.len))) {
		end = from + jm_span_index(jm_span_sub(s, from, s.len), ',');
		rc = give_held(r, err);
		if (rc == 0)
			rc = give_raw(r, slice(r, from, end), false, err);
		r->lexer.pos = end;
		r->finished = true;
		drop_entry(r);
		return rc;
	}
	drop_entry(r);
	return 0;
}

/* ---- the list ---- */

static int take_lexeme(struct reader *r, struct jm_lexeme l, struct jm_err *err)
{
	int rc;

	switch (l.kind) {
	case JM_LEX_OPEN:
		return open_angle(r, err);
	case JM_LEX_CLOSE:
		if (!r->angle)
			break; /* it closes nothing */
		rc = end_angle(r, true, err);
		r->angle = false;
		r->finished = true;
		return rc;
	case JM_LEX_COLON:
		return at_colon(r, err);
	case JM_LEX_COMMA:
	case JM_LEX_SEMICOLON:
		if (!r->angle)
			return end_words(r, l.kind == JM_LEX_COMMA, err);
		rc = end_angle(r, false, err);
		r->angle = r->closed;
		return rc;
	default:
		break;
	}
	if (l.kind == JM_LEX_CLOSE)
		l.kind = JM_LEX_SPACE;
	return jm_buf_add(&r->lexemes, &l, sizeof l, err);
}

static int read_list(struct reader *r, struct jm_err *err)
{
	struct jm_lexeme l;
	int rc = 0;

	while (rc == 0) {
		if (r->lexemes.len == 0 && !r->angle)
			r->lexer.pos = skip_route(r, r->lexer.pos);
		l = jm_lexer_next(&r->lexer);
		if (l.kind == JM_LEX_END)
			break;
		if (l.kind == JM_LEX_SPACE && r->lexemes.len > ENTRY_BYTES)
			rc = r->angle ? end_angle(r, false, err) : end_words(r, false, err);
		if (rc == 0)
			rc = take_lexeme(r, l, err);
	}
	if (rc == 0)
		rc = r->angle ? end_angle(r, false, err) : end_words(r, false, err);
	return rc == 0 ? give_held(r, err) : rc;
}

static void reader_start(struct reader *r, struct jm_span list)
{
	jm_lexer_start(&r->lexer, list);
	jm_buf_init(&r->lexemes, ENTRY_MAX);
	jm_buf_init(&r->plain, list.len + 1);
}

static void reader_release(struct reader *r)
{
	jm_buf_release(&r->lexemes);
	jm_buf_release(&r->plain);
}

static int read_nested(struct reader *r, struct jm_span list, struct jm_err *err)
{
	struct reader inner = { .nested = true,
		.in_name = r->in_name,
		.sink = r->sink,
		.ctx = r->ctx,
		.defects = r->defects };
	int rc;

	reader_start(&inner, list);
	rc = read_list(&inner, err);
	r->found = inner.found;
	reader_release(&inner);
	return rc;
}

int jm_addresses_read(
    struct jm_span list, jm_address_sink *sink, void *ctx, unsigned *defects_r, struct jm_err *err)
{
	struct reader r = { .sink = sink, .ctx = ctx, .defects = defects_r };
	int rc;

	reader_start(&r, list);
	rc = read_list(&r, err);
	reader_release(&r);
	return rc;
}
