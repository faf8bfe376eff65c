/* SPDX-License-Identifier: BSD-2-Clause */
/* Walking, finding, unfolding and uncommenting header fields. See field.h. */
#include "common/mail/field.h"

void jm_fields_start(struct jm_fields *w, struct jm_span data)
{
	*w = (struct jm_fields){ .data = data };
}

/* The offset of the line after the one at pos. */
static size_t line_end(struct jm_span data, size_t pos)
{
	const unsigned char *lf = memchr(data.p + pos, '\n', data.len - pos);

	return lf ? (size_t)(lf - data.p) + 1 : data.len;
}

static bool is_empty_line(struct jm_span line)
{
	return (line.len == 1 && line.p[0] == '\n') ||
	    (line.len == 2 && line.p[0] == '\r' && line.p[1] == '\n');
}

/* Set name and value from all; both become "none" when the line is not a field. */
static void split_field(struct jm_field *f)
{
	struct jm_span all = f->all;
	size_t n = 0, colon;

	f->name = f->value = (struct jm_span){ NULL, 0 };
	while (n < all.len && all.p[n] >= 33 && all.p[n] <= 126 && all.p[n] != ':')
		n++;
	colon = n;
	while (colon < all.len && (all.p[colon] == ' ' || all.p[colon] == '\t'))
		colon++;
	if (n == 0 || colon == all.len || all.p[colon] != ':')
		return;
	f->name = jm_span_sub(all, 0, n);
	f->value = jm_span_sub(all, colon + 1, all.len);
	if (f->value.len > 0 && f->value.p[f->value.len - 1] == '\n')
		f->value.len--;
	if (f->value.len > 0 && f->value.len + colon + 1 < all.len &&
	    f->value.p[f->value.len - 1] == '\r')
		f->value.len--;
}

bool jm_fields_next(struct jm_fields *w, struct jm_field *f_r)
{
	struct jm_span data = w->data;
	size_t start = w->pos, end;

	if (w->complete || start >= data.len)
		return false;
	end = line_end(data, start);
	if (is_empty_line(jm_span_sub(data, start, end - start))) {
		w->complete = true;
		w->pos = end;
		return false;
	}
	while (end < data.len && (data.p[end] == ' ' || data.p[end] == '\t'))
		end = line_end(data, end);
	w->pos = end;
	f_r->all = jm_span_sub(data, start, end - start);
	split_field(f_r);
	return true;
}

bool jm_field_find(struct jm_span data, const char *name, struct jm_field *f_r)
{
	struct jm_span want = jm_span_str(name);
	struct jm_fields w;

	jm_fields_start(&w, data);
	while (jm_fields_next(&w, f_r))
		if (jm_span_eq_nocase(f_r->name, want))
			return true;
	return false;
}

struct jm_span jm_field_strip(struct jm_span s)
{
	while (s.len > 0 && jm_field_is_space(s.p[0])) {
		s.p++;
		s.len--;
	}
	while (s.len > 0 && jm_field_is_space(s.p[s.len - 1]))
		s.len--;
	return s;
}

static bool ends_white(unsigned char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

int jm_field_unfold(
    struct jm_span value, struct jm_buf *fold, struct jm_span *value_r, struct jm_err *err)
{
	size_t pos = 0, end, len;

	while (value.len > 0 && ends_white(value.p[0])) {
		value.p++;
		value.len--;
	}
	while (value.len > 0 && ends_white(value.p[value.len - 1]))
		value.len--;
	*value_r = value;
	if (value.len == 0 || !memchr(value.p, '\n', value.len))
		return 0;
	jm_buf_reset(fold);
	while (pos < value.len) {
		end = line_end(value, pos);
		len = end - pos;
		if (value.p[end - 1] == '\n') {
			len--;
			if (len > 0 && value.p[pos + len - 1] == '\r')
				len--;
		}
		if (jm_buf_add(fold, value.p + pos, len, err) != 0)
			return -1;
		pos = end;
	}
	*value_r = jm_buf_span(fold);
	return 0;
}

int jm_field_uncomment(struct jm_span value, struct jm_buf *out, struct jm_err *err)
{
	size_t k, from = 0, open = 0, depth = 0;
	bool quoted = false;

	for (k = 0; k < value.len; k++) {
		unsigned char c = value.p[k];

		if (c == '\\' && (quoted || depth)) {
			k++;
		} else if (c == '"' && depth == 0) {
			quoted = !quoted;
		} else if (c == '(' && !quoted) {
			if (depth++ == 0)
				open = k;
		} else if (c == ')' && !quoted && depth && --depth == 0) {
			if (jm_buf_add(out, value.p + from, open - from, err) != 0)
				return -1;
			from = k + 1;
		}
	}
	return jm_buf_add(out, value.p + from, value.len - from, err);
}

size_t jm_field_comment_end(struct jm_span s, size_t k)
{
	size_t depth = 0;

	for (; k < s.len; k++) {
		if (s.p[k] == '\\')
			k++;
		else if (s.p[k] == '(')
			depth++;
		else if (s.p[k] == ')' && --depth == 0)
			return k + 1;
	}
	return 0;
}
