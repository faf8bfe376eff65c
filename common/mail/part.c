/* SPDX-License-Identifier: BSD-2-Clause */
/* Walking the parts of a message and decoding one. Structure is read by mime.c, codings by decode.c
 * and charset.c. See part.h. */
#include "common/mail/part.h"

#include <stdio.h>

#include "common/mail/charset.h"
#include "common/mail/decode.h"
#include "common/mail/field.h"
#include "common/mail/token.h"
#include "common/mail/word.h"

#define CHARSET_WITHIN (1024u * 1024) /* of a message, read for its charset */
#define LABEL_BYTES 256
#define PIECES_MAX 64 /* most pieces of a name (RFC 2231 3) */

struct walk {
	jm_part_visit *visit;
	void *ctx;
	struct jm_span message; /* the outermost one */
	unsigned parts;
	bool nameless;                         /* names are not wanted */
	bool has_label;                        /* label is known */
	struct jm_buf label;                   /* of raw octets in names */
	struct jm_mime_type type, disposition; /* of the current part */
	struct jm_buf fold, raw, name, charset;
};

/* Pass on the outcome rc of reading a field, but treat a field that is too long as missing. */
static int part_soften(int rc, const struct jm_err *cause, struct jm_err *err)
{
	if (rc == 0 || cause->kind == JM_E_LIMIT)
		return 0;
	if (err)
		*err = *cause;
	return -1;
}

/* Parse the Content-Type or Content-Disposition of part into *t. The kind of a missing
 * Content-Disposition is empty. */
static int take_type(struct walk *w, struct jm_span part, const char *field, struct jm_mime_type *t,
    struct jm_err *err)
{
	struct jm_span value = { NULL, 0 };
	struct jm_field f;
	struct jm_err cause;

	if (jm_field_find(part, field, &f) &&
	    jm_field_unfold(f.value, &w->fold, &value, &cause) != 0) {
		if (part_soften(-1, &cause, err) != 0)
			return -1;
		value = jm_span_str("");
	}
	if (part_soften(jm_mime_type_parse(t, value, &cause), &cause, err) != 0)
		return -1;
	if (jm_span_none(value) && t == &w->disposition)
		t->kind[0] = '\0';
	return 0;
}

/* Append the octets of an extended value, [charset'language']text with "%xx" (RFC 2231 4), to
 * octets. The first piece sets w->charset. */
static int add_extended(
    struct walk *w, struct jm_span v, bool first, struct jm_buf *octets, struct jm_err *err)
{
	size_t a = jm_span_index(v, '\''), b;

	if (first && a < v.len) {
		b = a + 1 + jm_span_index(jm_span_sub(v, a + 1, v.len), '\'');
		if (b < v.len) {
			jm_buf_reset(&w->charset);
			if (jm_buf_add_span(&w->charset, jm_span_sub(v, 0, a), err) != 0)
				return -1;
			v = jm_span_sub(v, b + 1, v.len);
		}
	}
	for (size_t i = 0; i < v.len; i++) {
		int high = v.p[i] == '%' && i + 2 < v.len ? jm_decode_hex(v.p[i + 1]) : -1,
		    low = high >= 0 ? jm_decode_hex(v.p[i + 2]) : -1;

		if (jm_buf_add_byte(
			octets, (unsigned char)(low >= 0 ? high << 4 | low : v.p[i]), err) != 0)
			return -1;
		i += low >= 0 ? 2 : 0;
	}
	return 0;
}

/* Read name*=, name*0=, name*0*=, name*1=, ... of RFC 2231 into octets. *found_r: there was one. */
static int take_extended(struct walk *w, const struct jm_mime_type *t, const char *name,
    struct jm_buf *octets, bool *found_r, struct jm_err *err)
{
	char param[40];
	bool found;

	jm_buf_reset(&w->charset);
	snprintf(param, sizeof param, "%s*", name);
	if (jm_mime_type_param(t, param, &w->raw, found_r, err) != 0)
		return -1;
	if (*found_r)
		return add_extended(w, jm_buf_span(&w->raw), true, octets, err);
	for (int i = 0; i < PIECES_MAX; i++) {
		snprintf(param, sizeof param, "%s*%d*", name, i);
		if (jm_mime_type_param(t, param, &w->raw, &found, err) != 0)
			return -1;
		if (found && add_extended(w, jm_buf_span(&w->raw), i == 0, octets, err) != 0)
			return -1;
		if (!found) {
			snprintf(param, sizeof param, "%s*%d", name, i);
			if (jm_mime_type_param(t, param, &w->raw, &found, err) != 0 ||
			    (found && jm_buf_add_span(octets, jm_buf_span(&w->raw), err) != 0))
				return -1;
		}
		if (!found)
			break;
		*found_r = true;
	}
	return 0;
}

/* The charset of value, if it has raw octets. */
static int take_label(
    struct walk *w, struct jm_span value, struct jm_span *label_r, struct jm_err *err)
{
	if (jm_word_needs_label(value) && !w->has_label) {
		if (jm_part_charset(w->message, &w->label, err) != 0)
			return -1;
		w->has_label = true;
	}
	*label_r = jm_buf_span(&w->label);
	return 0;
}

/* Append an unfolded value to w->name, decoded. */
static int add_text(struct walk *w, struct jm_span value, struct jm_err *err)
{
	struct jm_span label;

	if (take_label(w, value, &label, err) != 0)
		return -1;
	return jm_word_decode(value, label, &w->name, err);
}

/* Read a parameter as text into w->name. Encoded words in it violate RFC 2047, but are common. */
static int take_name(struct walk *w, const struct jm_mime_type *t, const char *name, bool *found_r,
    struct jm_err *err)
{
	struct jm_buf octets;
	int rc = -1;

	jm_buf_init(&octets, JM_PART_NAME_BYTES);
	jm_buf_reset(&w->name);
	if (take_extended(w, t, name, &octets, found_r, err) != 0)
		goto out;
	if (*found_r) {
		rc = jm_charset_decode(
		    jm_buf_span(&octets), jm_buf_span(&w->charset), &w->name, err);
		goto out;
	}
	if (jm_mime_type_param(t, name, &w->raw, found_r, err) != 0)
		goto out;
	rc = *found_r ? add_text(w, jm_buf_span(&w->raw), err) : 0;
out:
	jm_buf_release(&octets);
	return rc;
}

static bool is_message(const char *kind)
{
	return strcmp(kind, "message/rfc822") == 0 || strcmp(kind, "message/global") == 0;
}

static int take_subject(struct walk *w, struct jm_span message, bool *found_r, struct jm_err *err)
{
	struct jm_field f;
	struct jm_span value;

	jm_buf_reset(&w->name);
	*found_r = jm_field_find(message, "Subject", &f);
	if (!*found_r)
		return 0;
	return jm_field_unfold(f.value, &w->fold, &value, err) != 0 || add_text(w, value, err) != 0
	    ? -1
	    : 0;
}

/* Put the name of the leaf p into w->name. */
static int part_name(struct walk *w, const struct jm_part *p, bool *found_r, struct jm_err *err)
{
	struct jm_err cause;
	int rc = take_name(w, &w->disposition, "filename", found_r, &cause);

	if (rc == 0 && !*found_r)
		rc = take_name(w, &w->type, "name", found_r, &cause);
	if (rc == 0 && !*found_r && is_message(p->kind))
		rc = take_subject(w, p->content, found_r, &cause);
	return part_soften(rc, &cause, err);
}

/* Set disposition, name and charset of the leaf p. */
static int part_describe(struct walk *w, struct jm_part *p, struct jm_err *err)
{
	struct jm_err cause;
	bool found = false;
	int rc;

	if (take_type(w, p->header, "Content-Disposition", &w->disposition, err) != 0)
		return -1;
	if (!w->nameless && part_name(w, p, &found, err) != 0)
		return -1;
	if (found)
		p->name = w->name.p ? jm_buf_span(&w->name) : jm_span_str("");
	p->attachment = found || strcmp(w->disposition.kind, "attachment") == 0 ||
	    (strcmp(p->kind, "text/plain") != 0 && strcmp(p->kind, "text/html") != 0);
	rc = jm_mime_type_param(&w->type, "charset", &w->charset, &found, &cause);
	if (part_soften(rc, &cause, err) != 0)
		return -1;
	p->charset = rc == 0 && found ? jm_buf_span(&w->charset) : jm_span_str("");
	return 0;
}

static enum jm_part_coding coding_of(struct jm_span part)
{
	enum jm_transfer coding = jm_transfer_of(part).coding;

	return coding == JM_TRANSFER_BASE64 ? JM_PART_BASE64
	    : coding == JM_TRANSFER_QP      ? JM_PART_QP
					    : JM_PART_PLAIN;
}

static int walk_part(struct walk *w, struct jm_span part, unsigned level, unsigned depth,
    const char *parent, struct jm_err *err);

static int walk_multipart(
    struct walk *w, struct jm_span body, unsigned level, unsigned depth, struct jm_err *err)
{
	struct jm_buf boundary;
	struct jm_multipart m;
	struct jm_span part;
	char kind[JM_MIME_KIND_BYTES];
	bool found;
	int rc;

	memcpy(kind, w->type.kind, sizeof kind);
	jm_buf_init(&boundary, JM_FIELD_VALUE_BYTES);
	rc = jm_mime_type_param(&w->type, "boundary", &boundary, &found, err);
	if (rc == 0 && boundary.len > 0) {
		jm_multipart_start(&m, body, jm_buf_span(&boundary));
		while (rc == 0 && w->parts < JM_PARTS_MAX && jm_multipart_next(&m, &part))
			rc = walk_part(w, part, level + 1, depth, kind, err);
	}
	jm_buf_release(&boundary);
	return rc;
}

static int walk_part(struct walk *w, struct jm_span part, unsigned level, unsigned depth,
    const char *parent, struct jm_err *err)
{
	struct jm_part p = { .header = part,
		.depth = depth,
		.alternative = strcmp(parent, "multipart/alternative") == 0 };
	struct jm_fields fields;
	struct jm_field f;
	int rc;

	jm_fields_start(&fields, part);
	while (jm_fields_next(&fields, &f))
		;
	p.content = jm_span_sub(part, fields.pos, part.len);
	if (take_type(w, part, "Content-Type", &w->type, err) != 0)
		return -1;
	/* In a digest the default type is another one: RFC 2046 5.1.5. */
	if (strcmp(parent, "multipart/digest") == 0 && !jm_field_find(part, "Content-Type", &f))
		snprintf(w->type.kind, sizeof w->type.kind, "message/rfc822");
	if (jm_mime_type_is_multipart(&w->type) && level < JM_PART_DEPTH)
		return walk_multipart(w, p.content, level, depth, err);
	p.kind = w->type.kind;
	p.coding = coding_of(part);
	if (part_describe(w, &p, err) != 0)
		return -1;
	w->parts++;
	rc = w->visit(w->ctx, &p, err);
	if (rc != 0)
		return rc;
	if (is_message(w->type.kind) && p.coding == JM_PART_PLAIN && level < JM_PART_DEPTH)
		return walk_part(w, p.content, level + 1, depth + 1, "", err);
	return 0;
}

static int walk_message(struct walk *w, struct jm_span message, struct jm_err *err)
{
	int rc;

	w->message = message;
	jm_mime_type_init(&w->type);
	jm_mime_type_init(&w->disposition);
	jm_buf_init(&w->fold, JM_FIELD_VALUE_BYTES);
	jm_buf_init(&w->raw, JM_FIELD_VALUE_BYTES);
	jm_buf_init(&w->name, JM_PART_NAME_BYTES * 3);
	jm_buf_init(&w->charset, JM_FIELD_VALUE_BYTES);
	jm_buf_init(&w->label, JM_FIELD_VALUE_BYTES);
	rc = walk_part(w, message, 0, 0, "", err);
	jm_mime_type_release(&w->type);
	jm_mime_type_release(&w->disposition);
	jm_buf_release(&w->fold);
	jm_buf_release(&w->raw);
	jm_buf_release(&w->name);
	jm_buf_release(&w->charset);
	jm_buf_release(&w->label);
	return rc;
}

int jm_parts_walk(struct jm_span message, jm_part_visit *visit, void *ctx, struct jm_err *err)
{
	struct walk w = { .visit = visit, .ctx = ctx };

	return walk_message(&w, message, err);
}

/* The visitor of jm_part_charset(). */
static int first_charset(void *ctx, const struct jm_part *p, struct jm_err *err)
{
	if (p->depth > 0 || p->charset.len == 0 || strncmp(p->kind, "text/", 5) != 0)
		return 0;
	return jm_buf_add_span(ctx, jm_span_sub(p->charset, 0, LABEL_BYTES), err) != 0 ? -1 : 1;
}

int jm_part_charset(struct jm_span message, struct jm_buf *label, struct jm_err *err)
{
	struct walk w = { .visit = first_charset, .ctx = label, .nameless = true };

	jm_buf_reset(label);
	return walk_message(&w, jm_span_sub(message, 0, CHARSET_WITHIN), err) < 0 ? -1 : 0;
}

uint64_t jm_part_bytes(const struct jm_part *p)
{
	return p->coding == JM_PART_BASE64 ? jm_decode_base64(p->content, NULL)
	    : p->coding == JM_PART_QP      ? jm_decode_qp(p->content, NULL)
					   : p->content.len;
}

int jm_part_decode(
    const struct jm_part *p, size_t max_bytes, struct jm_buf *out, struct jm_err *err)
{
	struct jm_span in = jm_span_sub(p->content, 0, max_bytes);

	if (p->coding == JM_PART_PLAIN)
		return jm_buf_add_span(out, in, err);
	if (jm_buf_reserve(out, in.len + 2, err) != 0)
		return -1;
	out->len += p->coding == JM_PART_BASE64 ? jm_decode_base64(in, out->p + out->len)
						: jm_decode_qp(in, out->p + out->len);
	out->p[out->len] = 0;
	return 0;
}
