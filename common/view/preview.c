/* SPDX-License-Identifier: BSD-2-Clause */
/* Header fields, text and attachments of a message, decoded. The text of HTML is in html_text.c,
 * the parts of a message are in common/mail/part.c. */
#include "common/view/preview.h"

#include <string.h>

#include "common/mail/charset.h"
#include "common/mail/field.h"
#include "common/mail/part.h"
#include "common/mail/word.h"
#include "common/view/html_text.h"

#define HTML_BYTES (512u * 1024) /* read of an HTML part */
#define HEADERS_MAX 2000
#define ATTACHMENTS_MAX 5000
#define PIECES_MAX 100    /* text parts that are shown */
#define BLANK_BYTES 65536 /* read of a part to find out if it is blank */

/* A text part that is not an attachment. */
struct piece {
	enum jm_cte coding;
	struct jm_span content, charset; /* content is in the message */
	bool html, kept;
	unsigned levels; /* alternatives around it, the outermost first */
	struct jm_part_choice choices[JM_PART_DEPTH];
};

struct reading {
	struct jm_preview *v;
	struct piece *pieces;
	size_t pieces_n, pieces_cap;
	struct jm_buf octets, utf8; /* to work in */
};

/* A copy of text in the arena, U+FFFD for what is not UTF-8 (a character cut in two). */
static int preview_copy(
    struct jm_preview *v, struct jm_span text, struct jm_span *copy_r, struct jm_err *err)
{
	struct jm_buf clean;
	int rc;

	jm_buf_init(&clean, 3 * text.len + 16);
	rc = jm_charset_scrub(text, &clean, err);
	if (rc == 0)
		rc = jm_arena_copy(
		    &v->arena, jm_span_of(jm_buf_str(&clean), clean.len), copy_r, err);
	jm_buf_release(&clean);
	return rc;
}

/* Does the field name a recipient? Trace fields do: "Received: ... for <address>". */
static bool names_recipient(struct jm_span name)
{
	static const char *const names[] = { "Received", "Delivered-To", "X-Original-To",
		"Envelope-To", "X-Envelope-To", "X-Forwarded-To", "X-RCPT-TO" };

	if (name.len >= 3 &&
	    jm_span_eq_nocase(jm_span_sub(name, name.len - 3, 3), jm_span_str("bcc")))
		return true;
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (jm_span_eq_nocase(name, jm_span_str(names[i])))
			return true;
	return false;
}

/* label: the charset of the message; fold and text: buffers to work in. */
static int add_header(struct jm_preview *v, const struct jm_field *f, struct jm_span label,
    struct jm_buf *fold, struct jm_buf *text, struct jm_err *err)
{
	void *array = v->headers;
	struct jm_preview_header *h = jm_arena_grow(
	    &v->arena, &array, &v->headers_n, &v->headers_cap, sizeof *h, err);
	struct jm_span value;

	v->headers = array;
	jm_buf_reset(text);
	if (!h ||
	    jm_field_unfold(jm_span_sub(f->value, 0, JM_FIELD_VALUE_BYTES), fold, &value, err) !=
		0 ||
	    jm_word_decode(value, label, text, err) != 0 ||
	    preview_copy(v, f->name, &h->name, err) != 0)
		return -1;
	return preview_copy(v, jm_buf_span(text), &h->value, err);
}

static int add_headers(struct jm_preview *v, struct jm_span message, bool bcc, struct jm_err *err)
{
	struct jm_buf fold, text, label;
	struct jm_fields w;
	struct jm_field f;
	int rc;

	jm_buf_init(&label, 4096);
	jm_buf_init(&fold, JM_FIELD_VALUE_BYTES);
	jm_buf_init(&text, 4 * (size_t)JM_FIELD_VALUE_BYTES);
	rc = jm_part_charset(message, &label, err);
	jm_fields_start(&w, message);
	while (rc == 0 && v->headers_n < HEADERS_MAX && jm_fields_next(&w, &f))
		if (!jm_span_none(f.name) && (bcc || !names_recipient(f.name)))
			rc = add_header(v, &f, jm_buf_span(&label), &fold, &text, err);
	jm_buf_release(&label);
	jm_buf_release(&fold);
	jm_buf_release(&text);
	return rc;
}

static int add_attachment(struct jm_preview *v, const struct jm_part *p, struct jm_err *err)
{
	struct jm_span type = jm_span_str(p->kind[0] ? p->kind : "application/octet-stream"),
		       name = p->name;
	struct jm_preview_attachment *a;
	void *array = v->attachments;

	if (v->attachments_n >= ATTACHMENTS_MAX)
		return 0;
	a = jm_arena_grow(
	    &v->arena, &array, &v->attachments_n, &v->attachments_cap, sizeof *a, err);
	v->attachments = array;
	if (!a)
		return -1;
	if (!jm_charset_is_utf8(type)) {
		type = jm_span_str("application/octet-stream");
		name = (struct jm_span){ NULL, 0 };
	}
	a->bytes = jm_part_bytes(p);
	a->depth = p->depth;
	if (preview_copy(v, type, &a->type, err) != 0)
		return -1;
	return jm_span_none(name) ? 0 : preview_copy(v, name, &a->name, err);
}

static bool ends_with(struct jm_span s, const char *end)
{
	size_t n = strlen(end);

	return s.len >= n && jm_span_eq_nocase(jm_span_sub(s, s.len - n, n), jm_span_str(end));
}

/* The kind of text in the attachment that only other programs can show; 0: no text of a known kind.
 */
static unsigned hidden_in(const struct jm_part *p)
{
	static const struct {
		const char *kind, *name; /* name: the end of one, for parts without a proper type */
		enum jm_preview_hidden hidden;
	} rows[] = {
		{ "application/pkcs7-mime", ".p7m", JM_PREVIEW_SMIME },
		{ "application/x-pkcs7-mime", ".p7m", JM_PREVIEW_SMIME },
		{ "application/ms-tnef", "winmail.dat", JM_PREVIEW_TNEF },
		{ "application/vnd.ms-tnef", "win.dat", JM_PREVIEW_TNEF },
		{ "application/pgp-encrypted", "encrypted.asc", JM_PREVIEW_PGP },
		{ "application/x-microsoft-rpmsg-message", ".rpmsg", JM_PREVIEW_RPMSG },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (strcmp(p->kind, rows[i].kind) == 0 ||
		    (strcmp(p->kind, "application/octet-stream") == 0 &&
			ends_with(p->name, rows[i].name)))
			return rows[i].hidden;
	return 0;
}

static int add_piece(struct reading *r, const struct jm_part *p, struct jm_err *err)
{
	void *array = r->pieces;
	const struct jm_part_choice *c;
	struct piece *piece = jm_arena_grow(
	    &r->v->arena, &array, &r->pieces_n, &r->pieces_cap, sizeof *piece, err);
	unsigned at;

	r->pieces = array;
	if (!piece)
		return -1;
	piece->coding = p->coding;
	piece->content = p->content;
	piece->html = strcmp(p->kind, "text/html") == 0;
	for (c = p->choice; c; c = c->outer)
		piece->levels++;
	for (c = p->choice, at = piece->levels; c; c = c->outer)
		piece->choices[--at] = *c;
	return jm_arena_copy(&r->v->arena, p->charset, &piece->charset, err);
}

/* The visitor of the parts. Text that is neither attached nor in an attached message is shown. */
static int read_part(void *ctx, const struct jm_part *p, struct jm_err *err)
{
	struct reading *r = ctx;

	if (p->depth == 0)
		r->v->hidden |= hidden_in(p);
	if (p->attachment)
		return add_attachment(r->v, p, err);
	if (p->depth > 0)
		return 0;
	return r->pieces_n < PIECES_MAX ? add_piece(r, p, err) : add_attachment(r->v, p, err);
}

/* The charset of HTML: the declared one, unless the text is not valid in it but in the one that it
 * names itself. */
static int choose_charset(
    struct jm_span html, struct jm_span declared, struct jm_span *label_r, struct jm_err *err)
{
	struct jm_span own = jm_html_charset(html);
	bool fits = false;

	*label_r = declared.len > 0 ? declared : own;
	if (declared.len == 0 || own.len == 0)
		return 0;
	if (jm_charset_fits(html, declared, &fits, err) != 0)
		return -1;
	if (fits)
		return 0;
	if (jm_charset_fits(html, own, &fits, err) != 0)
		return -1;
	if (fits)
		*label_r = own;
	return 0;
}

/* Decode at most max_bytes of a piece as UTF-8 into r->utf8; HTML keeps its tags. */
static int decode_piece(
    struct reading *r, const struct piece *piece, size_t max_bytes, struct jm_err *err)
{
	const struct jm_part p = { .coding = piece->coding, .content = piece->content };
	struct jm_span label = piece->charset;

	jm_buf_reset(&r->octets);
	jm_buf_reset(&r->utf8);
	if (jm_part_decode(&p, max_bytes, &r->octets, err) != 0 ||
	    (piece->html &&
		choose_charset(jm_buf_span(&r->octets), piece->charset, &label, err) != 0))
		return -1;
	return jm_charset_decode(jm_buf_span(&r->octets), label, &r->utf8, err);
}

/* The end of the pieces from at on that are in the same alternative of this level, and, with child,
 * in the same child of it. */
static size_t run_end(const struct reading *r, size_t at, size_t end, unsigned level, bool child)
{
	const struct jm_part_choice *c = &r->pieces[at].choices[level], *other;

	for (; at < end && r->pieces[at].levels > level; at++) {
		other = &r->pieces[at].choices[level];
		if (other->id != c->id || (child && other->child != c->child))
			break;
	}
	return at;
}

/* The length of the first character of text if it has nothing to see: white space, the blanks of
 * Unicode, and marks of no width; else 0. */
static size_t blank_length(struct jm_span text)
{
	static const char *const blanks[] = { " ", "\t", "\r", "\n", "\xc2\xa0", "\xe2\x80\x8b",
		"\xe2\x80\x8c", "\xe2\x80\x8d", "\xe3\x80\x80", "\xef\xbb\xbf" };

	for (size_t k = 0; k < sizeof blanks / sizeof blanks[0]; k++)
		if (jm_span_starts_nocase(text, jm_span_str(blanks[k])))
			return strlen(blanks[k]);
	return 0;
}

/* Does text have nothing to see? */
static bool is_blank(struct jm_span text)
{
	for (size_t n = blank_length(text); n > 0; n = blank_length(text))
		text = jm_span_sub(text, n, text.len);
	return text.len == 0;
}

/* Are the pieces plain text, with more than blanks? */
static int is_plain(struct reading *r, size_t from, size_t end, bool *plain_r, struct jm_err *err)
{
	*plain_r = false;
	for (size_t i = from; i < end; i++) {
		if (r->pieces[i].html) {
			*plain_r = false;
			break;
		}
		if (*plain_r)
			continue;
		if (decode_piece(r, &r->pieces[i], BLANK_BYTES, err) != 0)
			return -1;
		*plain_r = !is_blank(jm_buf_span(&r->utf8));
	}
	return 0;
}

/* Mark what is shown of the pieces from..end: of each alternative one child, the first that is
 * plain text, else the last. */
static int keep(struct reading *r, size_t from, size_t end, unsigned level, struct jm_err *err)
{
	size_t run, next, chosen, chosen_end;
	bool plain;

	while (from < end) {
		if (r->pieces[from].levels <= level) {
			r->pieces[from++].kept = true;
			continue;
		}
		run = run_end(r, from, end, level, false);
		plain = false;
		for (chosen = chosen_end = from; from < run && !plain; from = next) {
			next = run_end(r, from, run, level, true);
			if (is_plain(r, from, next, &plain, err) != 0)
				return -1;
			chosen = from;
			chosen_end = next;
		}
		if (keep(r, chosen, chosen_end, level + 1, err) != 0)
			return -1;
		from = run;
	}
	return 0;
}

/* Append what a kept piece shows to text, after an empty line. */
static int add_text(
    struct reading *r, const struct piece *piece, struct jm_buf *text, struct jm_err *err)
{
	size_t left = JM_PREVIEW_TEXT_BYTES - text->len, from = text->len, room, max_bytes;
	struct jm_preview *v = r->v;
	bool more = false;
	struct jm_buf own;
	int rc;

	max_bytes = piece->html ? HTML_BYTES : left;
	if (decode_piece(r, piece, max_bytes, err) != 0)
		return -1;
	jm_buf_init(&own, JM_PREVIEW_TEXT_BYTES);
	rc = piece->html ? jm_html_to_text(jm_buf_span(&r->utf8), &own, &more, err) : 0;
	if (rc == 0) {
		struct jm_span shown = jm_buf_span(piece->html ? &own : &r->utf8);

		v->text_cut = v->text_cut || more || piece->content.len > max_bytes;
		while (from > 0 && jm_field_is_space(text->p[from - 1]))
			from--;
		if (jm_field_strip(shown).len > 0 || text->len == 0) {
			if (from > 0) {
				text->len = from;
				rc = jm_buf_add(text, "\n\n", 2, err);
			}
			room = text->max_bytes - text->len;
			v->text_cut = v->text_cut || shown.len > room;
			if (rc == 0)
				rc = jm_buf_add_span(text, jm_span_sub(shown, 0, room), err);
		}
	}
	jm_buf_release(&own);
	return rc;
}

/* Is there a message encrypted by OpenPGP in the text? */
static bool has_pgp(struct jm_span text)
{
	static const char begin[] = "-----BEGIN PGP MESSAGE-----";
	const unsigned char *at = text.len > 0 ? memmem(text.p, text.len, begin, sizeof begin - 1)
					       : NULL;

	return at && (at == text.p || at[-1] == '\n');
}

/* Put together the text that is shown. */
static int join_text(struct reading *r, struct jm_err *err)
{
	struct jm_preview *v = r->v;
	struct jm_buf text;
	int rc = keep(r, 0, r->pieces_n, 0, err);

	jm_buf_init(&text, JM_PREVIEW_TEXT_BYTES + 16);
	for (size_t i = 0; rc == 0 && i < r->pieces_n; i++) {
		if (!r->pieces[i].kept)
			continue;
		if (text.len >= JM_PREVIEW_TEXT_BYTES) {
			v->text_cut = true;
			break;
		}
		if (v->source != JM_PREVIEW_HTML)
			v->source = r->pieces[i].html ? JM_PREVIEW_HTML : JM_PREVIEW_PLAIN;
		rc = add_text(r, &r->pieces[i], &text, err);
	}
	if (rc == 0 && has_pgp(jm_buf_span(&text)))
		v->hidden |= JM_PREVIEW_PGP;
	if (rc == 0)
		rc = jm_charset_scrub(jm_buf_span(&text), &v->text, err);
	jm_buf_release(&text);
	return rc;
}

int jm_preview_read(struct jm_span message, bool bcc, struct jm_preview *v, struct jm_err *err)
{
	struct reading r = { .v = v };
	int rc = -1;

	*v = (struct jm_preview){ .source = JM_PREVIEW_NONE };
	/* Without a cap of its own: the message and the limits above bound it. */
	jm_arena_init(&v->arena, SIZE_MAX);
	jm_buf_init(&v->text, 3 * JM_PREVIEW_TEXT_BYTES + 64); /* U+FFFD has three bytes */
	jm_buf_init(&r.octets, JM_PREVIEW_TEXT_BYTES + 16);
	jm_buf_init(&r.utf8, 4 * (size_t)JM_PREVIEW_TEXT_BYTES);
	if (add_headers(v, message, bcc, err) == 0 &&
	    jm_parts_walk(message, read_part, &r, err) >= 0)
		rc = join_text(&r, err);
	jm_buf_release(&r.octets);
	jm_buf_release(&r.utf8);
	return rc;
}

void jm_preview_release(struct jm_preview *v)
{
	jm_arena_release(&v->arena);
	jm_buf_release(&v->text);
}
