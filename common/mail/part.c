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
#define GUESS_WITHIN (64u * 1024)     /* of a body, read for its boundary */
#define LABEL_BYTES 256

struct walk {
	jm_part_visit *visit;
	void *ctx;
	struct jm_span message; /* the outermost one */
	unsigned parts, choices;
	bool nameless;                         /* names are not wanted */
	bool has_label;                        /* label is known */
	bool partly;                           /* there was more than was visited */
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

/* Read a parameter as text into w->name. Encoded words in it violate RFC 2047, but are common. An
 * empty one counts as missing. */
static int take_name(struct walk *w, const struct jm_mime_type *t, const char *name, bool *found_r,
    struct jm_err *err)
{
	struct jm_buf text;
	int rc = -1;

	jm_buf_init(&text, JM_PART_NAME_BYTES);
	jm_buf_reset(&w->name);
	if (jm_mime_type_name(t, name, &w->raw, &w->charset, found_r, err) != 0)
		goto out;
	for (size_t k = 0; k < w->raw.len; k++)
		if (w->raw.p[k] == '\t') /* a fold */
			w->raw.p[k] = ' ';
	if (w->charset.len == 0)
		rc = *found_r ? add_text(w, jm_buf_span(&w->raw), err) : 0;
	else if (jm_charset_decode(jm_buf_span(&w->raw), jm_buf_span(&w->charset), &text, err) == 0)
		rc = add_text(w, jm_buf_span(&text), err);
	*found_r = *found_r && w->name.len > 0;
out:
	jm_buf_release(&text);
	return rc;
}

static bool is_message(const char *kind)
{
	return strcmp(kind, "message/rfc822") == 0 || strcmp(kind, "message/global") == 0;
}

/* Read a field of part as text into w->name. */
static int take_field(
    struct walk *w, struct jm_span part, const char *name, bool *found_r, struct jm_err *err)
{
	struct jm_field f;
	struct jm_span value;

	jm_buf_reset(&w->name);
	*found_r = jm_field_find(part, name, &f);
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
		rc = take_field(w, p->content, "Subject", found_r, &cause);
	w->partly = w->partly || rc != 0;
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
	p->attachment = found || strcmp(w->disposition.kind, "attachment") == 0 ||
	    (strcmp(p->kind, "text/plain") != 0 && strcmp(p->kind, "text/html") != 0);
	if (!w->nameless && p->attachment && !found) {
		rc = take_field(w, p->header, "Content-Description", &found, &cause);
		if (part_soften(rc, &cause, err) != 0)
			return -1;
		found = found && w->name.len > 0;
	}
	if (found)
		p->name = w->name.p ? jm_buf_span(&w->name) : jm_span_str("");
	rc = jm_mime_type_param(&w->type, "charset", &w->charset, &found, &cause);
	if (part_soften(rc, &cause, err) != 0)
		return -1;
	p->charset = rc == 0 && found ? jm_buf_span(&w->charset) : jm_span_str("");
	return 0;
}

/* Where a part is. */
struct place {
	unsigned level, depth;           /* parts and messages around it */
	char parent[JM_MIME_KIND_BYTES]; /* the kind of the multipart it is in, or "" */
	const struct jm_part_choice *choice;
};

static int walk_part(
    struct walk *w, struct jm_span part, const struct place *at, struct jm_err *err);

/* The boundary of a multipart that names none that its body has: the first line that looks like a
 * delimiter with a part header after it. Empty when there is no such line. */
static struct jm_span guess_boundary(struct jm_span body)
{
	struct jm_span line, rest = jm_span_sub(body, 0, GUESS_WITHIN);
	struct jm_fields w;
	struct jm_field f;
	size_t end;

	while (rest.len > 0) {
		end = jm_span_index(rest, '\n');
		line = jm_field_strip(jm_span_sub(rest, 0, end));
		rest = jm_span_sub(rest, end + 1, rest.len);
		if (line.len < 3 || line.len > 256 || memcmp(line.p, "--", 2) != 0)
			continue;
		jm_fields_start(&w, rest);
		if (jm_fields_next(&w, &f) &&
		    jm_span_starts_nocase(f.name, jm_span_str("Content-")))
			return jm_span_sub(line, 2, line.len);
	}
	return jm_span_sub(body, 0, 0);
}

/* Walk the parts between delimiters with this boundary, in a multipart at the place outer.
 * *any_r: there are parts. */
static int walk_parts(struct walk *w, struct jm_multipart *m, const struct place *outer,
    bool *any_r, struct jm_err *err)
{
	struct jm_part_choice choice = { .outer = outer->choice };
	struct place at = { outer->level + 1, outer->depth, "", outer->choice };
	struct jm_span part;
	int rc = 0;

	memcpy(at.parent, w->type.kind, sizeof at.parent);
	if (strcmp(at.parent, "multipart/alternative") == 0) {
		choice.id = ++w->choices;
		at.choice = &choice;
	}
	do {
		while (rc == 0 && w->parts < JM_PARTS_MAX && jm_multipart_next(m, &part)) {
			*any_r = true;
			rc = walk_part(w, part, &at, err);
			choice.child++;
		}
		/* A part inside may have the same boundary: its end is not ours. */
		m->closed = false;
	} while (rc == 0 && w->parts < JM_PARTS_MAX && m->pos < m->body.len);
	if (rc == 0 && w->parts >= JM_PARTS_MAX && !w->partly)
		w->partly = jm_multipart_next(m, &part);
	return rc;
}

/* Walk the parts of a multipart. *any_r: it has parts. */
static int walk_multipart(
    struct walk *w, struct jm_span body, const struct place *at, bool *any_r, struct jm_err *err)
{
	struct jm_buf boundary;
	struct jm_multipart m;
	struct jm_span guess;
	bool usable;
	int rc;

	*any_r = false;
	jm_buf_init(&boundary, JM_FIELD_VALUE_BYTES);
	rc = jm_mime_type_boundary(&w->type, &boundary, &usable, err);
	if (rc == 0 && usable) {
		jm_multipart_start(&m, body, jm_buf_span(&boundary));
		rc = walk_parts(w, &m, at, any_r, err);
	}
	guess = rc == 0 && !*any_r ? guess_boundary(body) : jm_span_of(NULL, 0);
	if (guess.len > 0) {
		jm_multipart_start(&m, body, guess);
		rc = walk_parts(w, &m, at, any_r, err);
	}
	jm_buf_release(&boundary);
	return rc;
}

static int walk_part(
    struct walk *w, struct jm_span part, const struct place *at, struct jm_err *err)
{
	struct jm_part p = { .header = part, .depth = at->depth, .choice = at->choice };
	const struct place inside = { at->level + 1, at->depth + 1, "", NULL };
	struct jm_fields fields;
	struct jm_field f;
	bool any;
	int rc;

	jm_fields_start(&fields, part);
	while (jm_fields_next(&fields, &f))
		;
	p.content = jm_span_sub(part, fields.pos, part.len);
	if (take_type(w, part, "Content-Type", &w->type, err) != 0)
		return -1;
	/* In a digest the default type is another one: RFC 2046 5.1.5. */
	if (strcmp(at->parent, "multipart/digest") == 0 && !jm_field_find(part, "Content-Type", &f))
		snprintf(w->type.kind, sizeof w->type.kind, "message/rfc822");
	if (jm_mime_type_is_multipart(&w->type) && at->level < JM_PART_DEPTH) {
		rc = walk_multipart(w, p.content, at, &any, err);
		if (rc != 0 || any || jm_field_strip(p.content).len == 0)
			return rc;
		snprintf(w->type.kind, sizeof w->type.kind, "text/plain");
	}
	p.kind = w->type.kind;
	p.coding = jm_transfer_cte(jm_transfer_of(part).coding);
	if (part_describe(w, &p, err) != 0)
		return -1;
	w->parts++;
	rc = w->visit(w->ctx, &p, err);
	if (rc != 0)
		return rc;
	if (is_message(w->type.kind) && p.coding == JM_CTE_IDENTITY && at->level < JM_PART_DEPTH)
		return walk_part(w, p.content, &inside, err);
	w->partly = w->partly || is_message(w->type.kind) || jm_mime_type_is_multipart(&w->type);
	return 0;
}

static int walk_message(struct walk *w, struct jm_span message, struct jm_err *err)
{
	const struct place top = { 0, 0, "", NULL };
	int rc;

	w->message = message;
	jm_mime_type_init(&w->type);
	jm_mime_type_init(&w->disposition);
	jm_buf_init(&w->fold, JM_FIELD_VALUE_BYTES);
	jm_buf_init(&w->raw, JM_FIELD_VALUE_BYTES);
	jm_buf_init(&w->name, JM_PART_NAME_BYTES * 3);
	jm_buf_init(&w->charset, JM_FIELD_VALUE_BYTES);
	jm_buf_init(&w->label, JM_FIELD_VALUE_BYTES);
	rc = walk_part(w, message, &top, err);
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

int jm_parts_look(
    struct jm_span message, jm_part_visit *visit, void *ctx, bool *whole_r, struct jm_err *err)
{
	struct walk w = { .visit = visit, .ctx = ctx };
	int rc = walk_message(&w, message, err);

	*whole_r = !w.partly;
	return rc;
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
	return jm_decode(p->coding, p->content, NULL);
}

int jm_part_decode(
    const struct jm_part *p, size_t max_bytes, struct jm_buf *out, struct jm_err *err)
{
	struct jm_span in = jm_span_sub(p->content, 0, max_bytes);

	if (p->coding == JM_CTE_IDENTITY)
		return jm_buf_add_span(out, in, err);
	if (jm_buf_reserve(out, in.len + 2, err) != 0)
		return -1;
	out->len += jm_decode(p->coding, in, out->p + out->len);
	out->p[out->len] = 0;
	return 0;
}
