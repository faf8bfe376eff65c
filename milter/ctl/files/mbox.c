/* SPDX-License-Identifier: BSD-2-Clause */
/* Messages of mbox files. See mbox.h. */
#include "milter/ctl/files/mbox.h"

#include <stdlib.h>

#define WINDOW_BYTES 262144u
#define AHEAD_BYTES 4096u /* seen beyond the start of each line: a From_ line and the next line */
#define LINE_ENDS_MAX 4   /* after the end that Content-Length names */

static const char bom[] = "\xef\xbb\xbf";
static const char from_[] = "From ";

#define BOM_BYTES (sizeof bom - 1)
#define FROM_BYTES (sizeof from_ - 1)

static bool mbox_begins(struct jm_span s, const char *with, size_t n)
{
	return s.len >= n && memcmp(s.p, with, n) == 0;
}

/* ---- the window ---- */

int jm_mbox_start(struct jm_mbox *b, struct jm_err *err)
{
	b->window = malloc(WINDOW_BYTES);
	b->line = 1;
	return b->window ? 0 : jm_err_sys(err, JM_E_TEMP, "mbox");
}

void jm_mbox_release(struct jm_mbox *b)
{
	free(b->window);
	b->window = NULL;
}

static int mbox_read(struct jm_mbox *b, uint64_t at, void *p, size_t n, struct jm_err *err)
{
	if (b->read(b->ctx, at, p, n, err) == 0)
		return 0;
	b->unreadable = true;
	return -1;
}

/* Have AHEAD_BYTES in the window, or all that is left of the file. */
static int look_ahead(struct jm_mbox *b, struct jm_err *err)
{
	uint64_t left = b->size_bytes - b->at - (b->end - b->begin);
	size_t n;

	if (b->end - b->begin >= AHEAD_BYTES || left == 0)
		return 0;
	memmove(b->window, b->window + b->begin, b->end - b->begin);
	b->end -= b->begin;
	b->begin = 0;
	n = WINDOW_BYTES - b->end;
	n = left < n ? (size_t)left : n;
	if (mbox_read(b, b->at + b->end, b->window + b->end, n, err) != 0)
		return -1;
	b->end += n;
	return 0;
}

static struct jm_span ahead(const struct jm_mbox *b)
{
	return jm_span_of(b->window + b->begin, b->end - b->begin);
}

/* Move on; a line end is the last byte of what is used, if it is there. */
static void use(struct jm_mbox *b, size_t n)
{
	b->line += n > 0 && b->window[b->begin + n - 1] == '\n';
	b->begin += n;
	b->at += n;
}

/* ---- where messages begin ---- */

/* Is there a From_ line at the start of text, which has AHEAD_BYTES or ends with the file? */
static bool is_separator(
    const struct jm_mbox *b, struct jm_span text, bool after_empty, enum jm_header_line *next_r)
{
	struct jm_span line;
	enum jm_from_line from;

	if (mbox_begins(text, bom, BOM_BYTES))
		text = jm_span_sub(text, BOM_BYTES, text.len);
	line = jm_mail_line_first(text);
	from = jm_mail_line_from(line);
	*next_r = jm_mail_line_header(jm_mail_line_first(jm_span_sub(text, line.len, text.len)));
	if (from == JM_FROM_DATED)
		return after_empty || *next_r != JM_HEADER_NOT;
	return *next_r == JM_HEADER_USUAL &&
	    (from == JM_FROM_LOOSE || (from == JM_FROM_UNDATED && b->undated && after_empty));
}

/* A message that is being read. */
struct reading {
	struct jm_spool *message;
	struct jm_err too_large; /* kind NONE: it is not */
	bool in_header, after_empty;
	bool lengths;          /* there was a Content-Length */
	uint64_t length_bytes; /* its value; UINT64_MAX: it has no meaning */
	uint64_t extent;       /* no message begins before this offset */
	struct jm_span held;   /* an empty line that may not belong to the message: "", "\n" */
	uint64_t held_at;      /* its offset */
};

static void report(const struct jm_mbox *b, const char *reason)
{
	if (b->doubt)
		b->doubt(b->ctx, b->line, reason);
}

/* Does the line at the start of text begin the next message? */
static bool begins_next(const struct jm_mbox *b, const struct reading *r, struct jm_span text)
{
	enum jm_header_line next;
	enum jm_from_line from;
	bool separator;

	if ((b->whole && !b->doubt) ||
	    (!mbox_begins(text, from_, FROM_BYTES) && !mbox_begins(text, bom, BOM_BYTES)))
		return false;
	separator = is_separator(b, text, r->after_empty, &next);
	if (separator && !b->whole && b->at >= r->extent)
		return true;
	from = jm_mail_line_from(jm_mail_line_first(text));
	if (from == JM_FROM_NOT)
		return false;
	if (b->whole || b->at < r->extent) {
		if (separator && b->at > 0 && next == JM_HEADER_USUAL)
			report(b,
			    b->whole ? "a From_ line with a header after it, in a file that is "
				       "archived as one message"
				     : "a From_ line with a header after it, but within the "
				       "Content-Length of its message: kept as text");
	} else if (from == JM_FROM_DATED) {
		report(b,
		    "a From_ line without an empty line before it and without a header after "
		    "it: kept as text");
	} else if (next == JM_HEADER_USUAL || (from == JM_FROM_LOOSE && r->after_empty)) {
		report(b,
		    from == JM_FROM_LOOSE
			? "a line like a From_ line, but with more than sender and date: kept as "
			  "text"
			: "a line like a From_ line, but without a date: kept as text");
	}
	return false;
}

/* ---- Content-Length ---- */

static void read_length(struct reading *r, struct jm_span line)
{
	static const char name[] = "content-length";
	struct jm_span value;
	uint64_t n = 0;
	size_t i = 0;

	if (!jm_span_starts_nocase(line, jm_span_str(name)))
		return;
	value = jm_span_trim(jm_span_sub(line, sizeof name - 1, line.len));
	if (value.len == 0 || value.p[0] != ':')
		return;
	value = jm_span_trim(jm_span_sub(value, 1, value.len));
	while (i < value.len && value.p[i] >= '0' && value.p[i] <= '9' && n < UINT64_MAX / 100)
		n = n * 10 + (unsigned)(value.p[i++] - '0');
	value = jm_span_trim(jm_span_sub(value, i, value.len));
	if (i == 0 || n >= UINT64_MAX / 100 ||
	    (value.len > 0 && value.p[0] != '\r' && value.p[0] != '\n') ||
	    (r->lengths && n != r->length_bytes))
		n = UINT64_MAX;
	r->lengths = true;
	r->length_bytes = n;
}

/* The header has ended before b->at. Believe its Content-Length when it leads to the start of a
 * From_ line, or to the end of the file. Line ends may come in between. */
static int check_length(struct jm_mbox *b, struct reading *r, struct jm_err *err)
{
	unsigned char there[AHEAD_BYTES];
	uint64_t left = b->size_bytes - b->at, at = b->at + r->length_bytes - 1;
	enum jm_header_line next;
	struct jm_span text;
	bool line_start;

	if (!r->lengths || b->whole || r->length_bytes > left)
		return 0;
	left = b->size_bytes - at; /* with the byte before that place, which ends a line */
	text = jm_span_of(there, left < sizeof there ? (size_t)left : sizeof there);
	if (mbox_read(b, at, there, text.len, err) != 0)
		return -1;
	line_start = there[0] == '\n';
	text = jm_span_sub(text, 1, text.len);
	for (size_t i = 0; i < LINE_ENDS_MAX && text.len > 0; i++) {
		size_t n = mbox_begins(text, "\r\n", 2) ? 2 : text.p[0] == '\n';

		line_start = line_start || n > 0;
		text = jm_span_sub(text, n, text.len);
	}
	if (text.len == 0 ||
	    (line_start && is_separator(b, text, true, &next) && next != JM_HEADER_NOT))
		r->extent = b->at + r->length_bytes;
	return 0;
}

/* ---- messages ---- */

static int put(struct reading *r, struct jm_span bytes, struct jm_err *err)
{
	if (r->too_large.kind != JM_E_NONE ||
	    jm_spool_write(r->message, bytes.p, bytes.len, err) == 0)
		return 0;
	if (err->kind != JM_E_LIMIT)
		return -1;
	r->too_large = *err;
	return 0;
}

/* Does the line lose one ">"? It has more of them than the window has bytes, perhaps. */
static int is_quoted(struct jm_mbox *b, struct jm_span line, bool *quoted_r, struct jm_err *err)
{
	unsigned char more[AHEAD_BYTES];
	struct jm_span text = line;
	uint64_t marks = 0, left;

	*quoted_r = false;
	if (b->whole || b->quoting == JM_MBOX_NONE || text.p[0] != '>')
		return 0;
	for (;;) {
		size_t n = 0;

		while (n < text.len && text.p[n] == '>')
			n++;
		marks += n;
		text = jm_span_sub(text, n, text.len);
		left = b->size_bytes - b->at - marks;
		if (text.len >= FROM_BYTES || left == text.len ||
		    jm_span_index(text, '\n') < text.len)
			break;
		text = jm_span_of(more, left < sizeof more ? (size_t)left : sizeof more);
		if (mbox_read(b, b->at + marks, more, text.len, err) != 0)
			return -1;
	}
	*quoted_r = (marks == 1 || b->quoting == JM_MBOX_RD) &&
	    mbox_begins(text, from_, FROM_BYTES);
	return 0;
}

/* Write the empty line that was held back. */
static int put_held(struct reading *r, struct jm_err *err)
{
	struct jm_span held = r->held;

	r->held.len = 0;
	return held.len > 0 ? put(r, held, err) : 0;
}

/* Take one line, or the first part of it when it is longer than the window. */
static int put_line(struct jm_mbox *b, struct reading *r, struct jm_span line, struct jm_err *err)
{
	bool empty = jm_mail_line_is_empty(line), ends_header = empty && r->in_header, quoted;

	if (put_held(r, err) != 0 || is_quoted(b, line, &quoted, err) != 0)
		return -1;
	if (r->in_header)
		read_length(r, line);
	if (empty) {
		r->held = jm_span_str(line.len == 2 ? "\r\n" : "\n");
		r->held_at = b->at;
		r->in_header = false;
	} else if (put(r, jm_span_sub(line, quoted, line.len), err) != 0) {
		return -1;
	}
	r->after_empty = empty;
	use(b, line.len);
	return ends_header ? check_length(b, r, err) : 0;
}

/* Take what is left of the line that was begun. */
static int put_rest(struct jm_mbox *b, struct reading *r, struct jm_err *err)
{
	struct jm_span piece = { NULL, 0 };

	do {
		if (look_ahead(b, err) != 0)
			return -1;
		piece = jm_mail_line_first(ahead(b));
		if (r && put(r, piece, err) != 0)
			return -1;
		use(b, piece.len);
	} while (piece.len > 0 && b->window[b->begin - 1] != '\n');
	return 0;
}

static int take_line(struct jm_mbox *b, struct reading *r, struct jm_span line, struct jm_err *err)
{
	bool whole = line.p[line.len - 1] == '\n';

	if (put_line(b, r, line, err) != 0)
		return -1;
	return whole ? 0 : put_rest(b, r, err);
}

/* Go to the first From_ line. */
static int begin_file(struct jm_mbox *b, struct jm_err *err)
{
	struct jm_span text;

	b->begun = true;
	if (look_ahead(b, err) != 0)
		return -1;
	if (b->whole)
		return 0;
	if (mbox_begins(ahead(b), bom, BOM_BYTES))
		use(b, BOM_BYTES);
	while (text = ahead(b), jm_mail_line_is_empty(jm_mail_line_first(text))) {
		use(b, jm_mail_line_first(text).len);
		if (look_ahead(b, err) != 0)
			return -1;
	}
	b->undated = jm_mail_line_from(jm_mail_line_first(text)) == JM_FROM_UNDATED;
	return 0;
}

int jm_mbox_next(struct jm_mbox *b, struct jm_spool *message, uint64_t *line_r, struct jm_err *err)
{
	struct reading r = { .message = message, .in_header = true };
	struct jm_span text;

	if (!b->begun && begin_file(b, err) != 0)
		return -1;
	jm_spool_reset(message);
	*line_r = b->line;
	if (b->at == b->size_bytes)
		return 0;
	if (!b->whole && put_rest(b, NULL, err) != 0) /* the From_ line */
		return -1;
	for (;;) {
		if (look_ahead(b, err) != 0)
			return -1;
		text = ahead(b);
		if (text.len == 0 || begins_next(b, &r, text))
			break;
		if (take_line(b, &r, jm_mail_line_first(text), err) != 0)
			return -1;
	}
	if ((b->whole || r.held_at < r.extent) && put_held(&r, err) != 0)
		return -1;
	if (r.too_large.kind == JM_E_NONE)
		return 1;
	*err = r.too_large;
	return -1;
}
