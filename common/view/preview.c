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

struct reading {
	struct jm_preview *v;
	/* the first of each that is no attachment, as UTF-8; html: with its tags */
	struct jm_buf plain, html;
	bool has_plain, has_html, plain_cut, html_cut;
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

/* Decode the text of a part, of at most max_bytes, as UTF-8 into out. */
static int decode_part(
    const struct jm_part *p, size_t max_bytes, struct jm_buf *out, bool *cut_r, struct jm_err *err)
{
	struct jm_buf octets;
	struct jm_span label = p->charset;
	int rc;

	jm_buf_init(&octets, max_bytes + 16);
	rc = jm_part_decode(p, max_bytes, &octets, err);
	if (rc == 0 && label.len == 0 && strcmp(p->kind, "text/html") == 0)
		label = jm_html_charset(jm_buf_span(&octets));
	if (rc == 0)
		rc = jm_charset_decode(jm_buf_span(&octets), label, out, err);
	*cut_r = p->content.len > max_bytes;
	jm_buf_release(&octets);
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

/* The visitor of the parts: the first plain and the first HTML part are the text, all others are
 * attachments. */
static int read_part(void *ctx, const struct jm_part *p, struct jm_err *err)
{
	struct reading *r = ctx;

	if (p->attachment)
		return add_attachment(r->v, p, err);
	if (p->depth > 0)
		return 0;
	if (strcmp(p->kind, "text/plain") == 0 && !r->has_plain) {
		r->has_plain = true;
		return decode_part(p, JM_PREVIEW_TEXT_BYTES, &r->plain, &r->plain_cut, err);
	}
	if (strcmp(p->kind, "text/html") == 0 && !r->has_html) {
		r->has_html = true;
		return decode_part(p, HTML_BYTES, &r->html, &r->html_cut, err);
	}
	/* Another text, such as the footer of a mailing list. */
	return p->alternative ? 0 : add_attachment(r->v, p, err);
}

/* The plain text, unless it is blank and there is HTML. */
static int choose_text(struct reading *r, struct jm_err *err)
{
	bool plain = r->has_plain &&
	    (!r->has_html || jm_field_strip(jm_buf_span(&r->plain)).len > 0),
	     more = false;
	struct jm_buf text;
	int rc = 0;

	if (!plain && !r->has_html)
		return 0;
	r->v->source = plain ? JM_PREVIEW_PLAIN : JM_PREVIEW_HTML;
	jm_buf_init(&text, JM_PREVIEW_TEXT_BYTES);
	if (!plain)
		rc = jm_html_text(jm_buf_span(&r->html), &text, &more, err);
	r->v->text_cut = more || (plain ? r->plain_cut : r->html_cut);
	if (rc == 0)
		rc = jm_charset_scrub(jm_buf_span(plain ? &r->plain : &text), &r->v->text, err);
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
	jm_buf_init(&r.plain, 4 * (size_t)JM_PREVIEW_TEXT_BYTES);
	jm_buf_init(&v->text, 3 * r.plain.max_bytes); /* U+FFFD has three bytes */
	jm_buf_init(&r.html, 4 * (size_t)HTML_BYTES);
	if (add_headers(v, message, bcc, err) == 0 &&
	    jm_parts_walk(message, read_part, &r, err) >= 0)
		rc = choose_text(&r, err);
	jm_buf_release(&r.plain);
	jm_buf_release(&r.html);
	return rc;
}

void jm_preview_release(struct jm_preview *v)
{
	jm_arena_release(&v->arena);
	jm_buf_release(&v->text);
}
