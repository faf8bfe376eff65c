/* SPDX-License-Identifier: BSD-2-Clause */
/* What a reader sees of a message. See preview.h. */
#include "common/view/preview.h"

#include <string.h>

#include "common/mail/charset.h"
#include "common/mail/field.h"
#include "common/mail/part.h"
#include "common/mail/word.h"
#include "common/view/html.h"

#define HTML_BYTES (512u * 1024) /* of an HTML part that are read */
#define HEADERS_MAX 2000
#define ATTACHMENTS_MAX 5000

struct preview {
	json_t *attachments;
	struct jm_buf plain, html; /* the first of each that is no attachment, as UTF-8; html: not
				      yet as text */
	bool has_plain, has_html, plain_cut, html_cut;
};

static int no_memory(struct jm_err *err)
{
	return jm_err_set(err, JM_E_TEMP, "no memory for a preview");
}

/* UTF-8 text as JSON; what is none (a character cut in two) is replaced. */
static json_t *text_json(struct jm_span text)
{
	struct jm_buf clean;
	struct jm_err no;
	json_t *value = NULL;

	jm_buf_init(&clean, 3 * (size_t)text.len + 16);
	if (jm_charset_scrub(text, &clean, &no) == 0)
		value = json_stringn(jm_buf_str(&clean), clean.len);
	jm_buf_release(&clean);
	return value;
}

/* Does a field tell who received it? Trace fields do: "Received: ... for <address>". */
static bool tells_bcc(struct jm_span name)
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

static int add_header(json_t *list, const struct jm_field *f, struct jm_buf *fold,
    struct jm_buf *text, struct jm_err *err)
{
	struct jm_span value;
	json_t *o;

	jm_buf_reset(text);
	if (jm_field_unfold(jm_span_sub(f->value, 0, JM_FIELD_VALUE_BYTES), fold, &value, err) !=
		0 ||
	    jm_word_decode(value, text, err) != 0)
		return -1;
	o = json_pack(
	    "{s:o, s:o}", "name", text_json(f->name), "value", text_json(jm_buf_span(text)));
	return o && json_array_append_new(list, o) == 0 ? 0 : no_memory(err);
}

static int add_headers(json_t *list, struct jm_span message, bool bcc, struct jm_err *err)
{
	struct jm_buf fold, text;
	struct jm_fields w;
	struct jm_field f;
	int rc = 0;

	jm_buf_init(&fold, JM_FIELD_VALUE_BYTES);
	jm_buf_init(&text, 4 * (size_t)JM_FIELD_VALUE_BYTES);
	jm_fields_start(&w, message);
	while (rc == 0 && json_array_size(list) < HEADERS_MAX && jm_fields_next(&w, &f))
		if (!jm_span_none(f.name) && (bcc || !tells_bcc(f.name)))
			rc = add_header(list, &f, &fold, &text, err);
	jm_buf_release(&fold);
	jm_buf_release(&text);
	return rc;
}

/* The part's text as UTF-8 into out. */
static int take_text(
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

static int add_attachment(struct preview *v, const struct jm_part *p, struct jm_err *err)
{
	json_t *o;

	if (json_array_size(v->attachments) >= ATTACHMENTS_MAX)
		return 0;
	o = json_pack("{s:o, s:s, s:I, s:I}", "name",
	    jm_span_none(p->name) ? json_null() : text_json(p->name), "type",
	    p->kind[0] ? p->kind : "application/octet-stream", "size", (json_int_t)jm_part_bytes(p),
	    "depth", (json_int_t)p->depth);
	if (!o) /* a type that is no UTF-8 */
		o = json_pack("{s:n, s:s, s:I, s:I}", "name", "type", "application/octet-stream",
		    "size", (json_int_t)jm_part_bytes(p), "depth", (json_int_t)p->depth);
	return o && json_array_append_new(v->attachments, o) == 0 ? 0 : no_memory(err);
}

static int look_at(void *ctx, const struct jm_part *p, struct jm_err *err)
{
	struct preview *v = ctx;

	if (p->attachment)
		return add_attachment(v, p, err);
	if (p->depth > 0)
		return 0;
	if (strcmp(p->kind, "text/plain") == 0 && !v->has_plain) {
		v->has_plain = true;
		return take_text(p, JM_PREVIEW_TEXT_BYTES, &v->plain, &v->plain_cut, err);
	}
	if (strcmp(p->kind, "text/html") == 0 && !v->has_html) {
		v->has_html = true;
		return take_text(p, HTML_BYTES, &v->html, &v->html_cut, err);
	}
	/* A further text, of a list's footer say. */
	return p->alternative ? 0 : add_attachment(v, p, err);
}

static int set_text(struct preview *v, json_t *o, struct jm_err *err)
{
	bool plain = v->has_plain &&
	    (!v->has_html || jm_field_strip(jm_buf_span(&v->plain)).len > 0),
	     cut = plain ? v->plain_cut : v->html_cut, more = false;
	struct jm_buf text;
	int rc = 0;

	jm_buf_init(&text, JM_PREVIEW_TEXT_BYTES);
	if (!plain && v->has_html)
		rc = jm_html_text(jm_buf_span(&v->html), &text, &more, err);
	if (rc == 0)
		rc = json_object_set_new(o, "text",
			 !plain && !v->has_html
			     ? json_null()
			     : text_json(plain ? jm_buf_span(&v->plain) : jm_buf_span(&text))) |
			json_object_set_new(o, "text_from",
			    plain             ? json_string("text/plain")
				: v->has_html ? json_string("text/html")
					      : json_null()) |
			json_object_set_new(o, "text_cut", json_boolean(cut || more))
		    ? no_memory(err)
		    : 0;
	jm_buf_release(&text);
	return rc;
}

json_t *jm_preview(struct jm_span message, bool bcc, struct jm_err *err)
{
	struct preview v = { .attachments = json_array() };
	json_t *o = json_object(), *headers = json_array();
	int rc = -1;

	jm_buf_init(&v.plain, 4 * (size_t)JM_PREVIEW_TEXT_BYTES);
	jm_buf_init(&v.html, 4 * (size_t)HTML_BYTES);
	if (!v.attachments || json_object_set_new(o, "headers", headers) != 0)
		no_memory(err);
	else if (add_headers(headers, message, bcc, err) == 0 &&
	    jm_parts_walk(message, look_at, &v, err) >= 0 && set_text(&v, o, err) == 0)
		rc = json_object_set(o, "attachments", v.attachments) == 0 ? 0 : no_memory(err);
	json_decref(v.attachments);
	jm_buf_release(&v.plain);
	jm_buf_release(&v.html);
	if (rc == 0)
		return o;
	json_decref(o);
	return NULL;
}
