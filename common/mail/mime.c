/* SPDX-License-Identifier: BSD-2-Clause */
/* Content-Type and the parts of a multipart. Parameters are read by param.c. See mime.h. */
#include "common/mail/mime.h"

#include <stdio.h>

#include "common/mail/field.h"
#include "common/mail/param.h"
#include "common/mail/token.h"

void jm_mime_type_init(struct jm_mime_type *t)
{
	t->kind[0] = '\0';
	jm_buf_init(&t->text, JM_FIELD_VALUE_BYTES);
	jm_buf_init(&t->value, JM_FIELD_VALUE_BYTES);
}

void jm_mime_type_release(struct jm_mime_type *t)
{
	jm_buf_release(&t->text);
	jm_buf_release(&t->value);
}

/* "Multipart / Mixed" -> "multipart/mixed" */
static void set_kind(struct jm_mime_type *t, struct jm_span text)
{
	struct jm_token type, sub;
	size_t k;

	t->kind[0] = '\0';
	jm_token_read(text, 0, &type);
	k = jm_field_skip_space(text, type.end);
	if (k >= text.len || text.p[k] != '/') {
		snprintf(t->kind, sizeof t->kind, "%s", type.text);
		return;
	}
	jm_token_read(text, k + 1, &sub);
	if (type.text[0] && sub.text[0] &&
	    strlen(type.text) + strlen(sub.text) + 2 <= sizeof t->kind)
		snprintf(t->kind, sizeof t->kind, "%s/%s", type.text, sub.text);
}

int jm_mime_type_parse(struct jm_mime_type *t, struct jm_span value, struct jm_err *err)
{
	jm_buf_reset(&t->text);
	jm_buf_reset(&t->value);
	if (jm_span_none(value)) {
		set_kind(t, jm_span_str("text/plain"));
		return 0;
	}
	if (jm_buf_add_span(&t->value, value, err) != 0 ||
	    jm_field_uncomment(value, &t->text, err) != 0)
		return -1;
	set_kind(t, jm_buf_span(&t->text));
	return 0;
}

bool jm_mime_type_is_multipart(const struct jm_mime_type *t)
{
	return strncmp(t->kind, "multipart/", 10) == 0;
}

int jm_mime_type_param(const struct jm_mime_type *t, const char *name, struct jm_buf *out,
    bool *found_r, struct jm_err *err)
{
	const struct jm_param p = { JM_PARAM_TOKEN, out, NULL };

	return jm_param_read(jm_buf_span(&t->text), name, &p, found_r, err);
}

int jm_mime_type_name(const struct jm_mime_type *t, const char *name, struct jm_buf *out,
    struct jm_buf *charset, bool *found_r, struct jm_err *err)
{
	const struct jm_param p = { JM_PARAM_NAME, out, charset };

	/* Names have parentheses more often than comments. */
	return jm_param_read(jm_buf_span(&t->value), name, &p, found_r, err);
}

int jm_mime_type_boundary(
    const struct jm_mime_type *t, struct jm_buf *out, bool *found_r, struct jm_err *err)
{
	if (jm_mime_type_param(t, "boundary", out, found_r, err) != 0)
		return -1;
	while (out->len > 0 && (out->p[out->len - 1] == ' ' || out->p[out->len - 1] == '\t'))
		out->p[--out->len] = 0;
	*found_r = out->len > 0;
	return 0;
}

void jm_multipart_start(struct jm_multipart *m, struct jm_span body, struct jm_span boundary)
{
	*m = (struct jm_multipart){ .body = body, .boundary = boundary };
}

enum delimiter { DELIMITER_NONE, DELIMITER_OPEN, DELIMITER_CLOSE };

/* Distinguish a delimiter line, "--" boundary ["--"] *WSP, from content. line includes its line
 * end, if it has one. */
static enum delimiter line_delimiter(struct jm_span line, struct jm_span boundary)
{
	enum delimiter kind = DELIMITER_OPEN;
	size_t k = 2 + boundary.len;

	if (line.len < k || line.p[0] != '-' || line.p[1] != '-')
		return DELIMITER_NONE;
	/* Before the comparison, so that a CR at the end of the boundary is not taken for a line
	 * end. */
	if (line.p[line.len - 1] == '\n') {
		line.len--;
		if (line.p[line.len - 1] == '\r')
			line.len--;
	}
	if (line.len < k || memcmp(line.p + 2, boundary.p, boundary.len) != 0)
		return DELIMITER_NONE;
	if (line.len >= k + 2 && line.p[k] == '-' && line.p[k + 1] == '-') {
		kind = DELIMITER_CLOSE;
		k += 2;
	}
	while (k < line.len && (line.p[k] == ' ' || line.p[k] == '\t'))
		k++;
	return k >= line.len ? kind : DELIMITER_NONE;
}

bool jm_multipart_next(struct jm_multipart *m, struct jm_span *part_r)
{
	struct jm_span body = m->body;
	size_t start = m->pos, line, end;
	const unsigned char *lf;
	enum delimiter d;
	bool had = m->open;

	while (!m->closed && m->pos < body.len) {
		line = m->pos;
		lf = memchr(body.p + line, '\n', body.len - line);
		end = lf ? (size_t)(lf - body.p) + 1 : body.len;
		m->pos = end;
		d = line_delimiter(jm_span_sub(body, line, end - line), m->boundary);
		if (d == DELIMITER_NONE)
			continue;
		m->closed = d == DELIMITER_CLOSE;
		m->open = !m->closed;
		if (!had) {
			start = m->pos;
			had = m->open;
			continue;
		}
		if (line > start)
			line--; /* the line end before a delimiter belongs to it */
		if (line > start && body.p[line - 1] == '\r')
			line--;
		*part_r = jm_span_sub(body, start, line - start);
		return true;
	}
	if (!m->open)
		return false;
	m->open = false;
	m->closed = true;
	*part_r = jm_span_sub(body, start, body.len);
	return true;
}
