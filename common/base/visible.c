/* SPDX-License-Identifier: BSD-2-Clause */
/* Decoding UTF-8, and the characters that are escaped. See visible.h. */
#include "common/base/visible.h"

#include <stdbool.h>
#include <stdio.h>

#define N(a) (sizeof(a) / sizeof((a)[0]))

/* From, to. The reasons are in visible.h. */
static const uint32_t hidden[][2] = {
	{ 0x0, 0x1f },
	{ 0x7f, 0x9f },
	{ 0xad, 0xad },     /* soft hyphen */
	{ 0x34f, 0x34f },   /* grapheme joiner */
	{ 0x61c, 0x61c },   /* Arabic letter mark */
	{ 0x115f, 0x1160 }, /* Hangul fillers */
	{ 0x17b4, 0x17b5 },
	{ 0x180e, 0x180e },
	{ 0x200b, 0x200b }, /* zero width space; the joiners after it stay */
	{ 0x200e, 0x200f }, /* marks of direction */
	{ 0x2028, 0x202e }, /* separators; embeddings and overrides of direction */
	{ 0x2060, 0x206f }, /* isolates of direction among them */
	{ 0x3164, 0x3164 },
	{ 0xfdd0, 0xfdef }, /* no characters; the last two of each plane neither */
	{ 0xfeff, 0xfeff },
	{ 0xffa0, 0xffa0 },
	{ 0xfff0, 0xfffc },
	{ 0x1bca0, 0x1bca3 },
	{ 0x1d173, 0x1d17a },
	{ 0xe0000, 0xe00ff }, /* tags; the selectors of variants after them stay */
	{ 0xe01f0, 0xe0fff },
};

/*
 * Decode one UTF-8 character (RFC 3629): its value in *c_r, its length as the return; 0 when p does
 * not begin with a well-formed one.
 */
static size_t visible_decode(const unsigned char *p, size_t n, uint32_t *c_r)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t len = p[0] < 0x80 ? 1 : p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2, i;
	uint32_t c = len == 1 ? p[0] : p[0] & (0x7fu >> len);

	if ((p[0] >= 0x80 && p[0] < 0xc2) || p[0] > 0xf4 || len > n)
		return 0;
	for (i = 1; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3f);
	}
	if (c < least[len] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	*c_r = c;
	return len;
}

static bool is_hidden(uint32_t c)
{
	for (size_t i = 0; i < N(hidden); i++)
		if (c >= hidden[i][0] && c <= hidden[i][1])
			return true;
	return (c & 0xfffe) == 0xfffe;
}

enum jm_visible jm_visible_read(struct jm_span *s, struct jm_span *bytes_r, uint32_t *c_r)
{
	size_t len = visible_decode(s->p, s->len, c_r);

	*bytes_r = jm_span_sub(*s, 0, len == 0 ? 1 : len);
	*s = jm_span_sub(*s, bytes_r->len, s->len);
	if (len == 0)
		*c_r = bytes_r->p[0];
	return len == 0 ? JM_VISIBLE_INVALID : is_hidden(*c_r) ? JM_VISIBLE_HIDDEN : JM_VISIBLE_YES;
}

uint32_t jm_visible_next(struct jm_span *s, char out[JM_VISIBLE_BYTES])
{
	struct jm_span bytes;
	uint32_t c = 0;
	enum jm_visible kind = jm_visible_read(s, &bytes, &c);

	if (kind == JM_VISIBLE_YES) {
		memcpy(out, bytes.p, bytes.len);
		out[bytes.len] = '\0';
		return c;
	}
	if (kind == JM_VISIBLE_HIDDEN && (c == '\t' || c == '\n' || c == '\r'))
		snprintf(out, JM_VISIBLE_BYTES, "\\%c", c == '\t' ? 't' : c == '\n' ? 'n' : 'r');
	else
		snprintf(out, JM_VISIBLE_BYTES,
		    kind == JM_VISIBLE_INVALID || c < 0x80 ? "\\x%02x" : "\\u{%x}", c);
	return 0;
}

uint32_t jm_visible_exact(struct jm_span *s, char out[JM_VISIBLE_BYTES])
{
	uint32_t c = jm_visible_next(s, out);

	if (c != '\\')
		return c;
	memcpy(out, "\\\\", 3);
	return 0;
}

/* Append a text, each character as next() writes it. */
static int add_each(struct jm_buf *b, struct jm_span s,
    uint32_t (*next)(struct jm_span *s, char out[JM_VISIBLE_BYTES]), struct jm_err *err)
{
	char out[JM_VISIBLE_BYTES];

	while (s.len > 0) {
		next(&s, out);
		if (jm_buf_add(b, out, strlen(out), err) != 0)
			return -1;
	}
	return 0;
}

int jm_visible_add(struct jm_buf *b, struct jm_span s, struct jm_err *err)
{
	return add_each(b, s, jm_visible_exact, err);
}

int jm_visible_show(struct jm_buf *b, struct jm_span s, struct jm_err *err)
{
	return add_each(b, s, jm_visible_next, err);
}

size_t jm_visible_line(const char *text, char *out, size_t size)
{
	struct jm_span s = jm_span_str(text);
	char one[JM_VISIBLE_BYTES];
	size_t n = 0;

	while (s.len > 0) {
		size_t len = jm_visible_ascii(s);

		if (len > 0) {
			len = len < size - n ? len : size - n - 1;
			if (len == 0)
				break;
			memcpy(out + n, s.p, len);
			n += len;
			s = jm_span_sub(s, len, s.len);
			continue;
		}
		len = (jm_visible_next(&s, one), strlen(one));
		if (len >= size - n)
			break;
		memcpy(out + n, one, len);
		n += len;
	}
	out[n] = '\0';
	return n;
}

void jm_visible_put(FILE *f, const char *text)
{
	struct jm_span s = jm_span_str(text);
	char out[JM_VISIBLE_BYTES];

	while (s.len > 0) {
		if (s.p[0] == '\n') {
			putc('\n', f);
			s = jm_span_sub(s, 1, s.len);
			continue;
		}
		jm_visible_next(&s, out);
		fputs(out, f);
	}
}

void jm_visible_plain(struct jm_span s, char *out, size_t size)
{
	size_t i;

	for (i = 0; i < s.len && i < size - 1; i++)
		out[i] = (char)(s.p[i] >= ' ' && s.p[i] < 0x7f ? s.p[i] : '?');
	out[i] = '\0';
}

size_t jm_visible_ascii(struct jm_span s)
{
	size_t n = 0;

	while (n < s.len && s.p[n] >= ' ' && s.p[n] < 0x7f)
		n++;
	return n;
}

int jm_visible_json(struct jm_buf *b, struct jm_span json, struct jm_err *err)
{
	struct jm_span bytes;
	char text[JM_VISIBLE_BYTES];
	uint32_t c;

	while (json.len > 0) {
		size_t ascii = jm_visible_ascii(json);
		enum jm_visible kind;

		if (ascii > 0) {
			if (jm_buf_add(b, json.p, ascii, err) != 0)
				return -1;
			json = jm_span_sub(json, ascii, json.len);
			continue;
		}
		kind = jm_visible_read(&json, &bytes, &c);
		if (kind == JM_VISIBLE_YES || c == '\n') {
			if (jm_buf_add_span(b, bytes, err) != 0)
				return -1;
			continue;
		}
		if (kind == JM_VISIBLE_INVALID)
			c = 0xfffd;
		if (c == '\t' || c == '\r')
			snprintf(text, sizeof text, " "); /* a string of JSON has them as escapes */
		else if (c < 0x10000)
			snprintf(text, sizeof text, "\\u%04x", c);
		else
			snprintf(text, sizeof text, "\\u%04x\\u%04x",
			    0xd800 + ((c - 0x10000) >> 10), 0xdc00 + (c & 0x3ff));
		if (jm_buf_add(b, text, strlen(text), err) != 0)
			return -1;
	}
	return 0;
}

void jm_visible_xml_next(struct jm_span *s, char out[JM_VISIBLE_BYTES])
{
	struct jm_span bytes;
	uint32_t c;
	enum jm_visible kind = jm_visible_read(s, &bytes, &c);
	const char *entity = kind != JM_VISIBLE_YES ? NULL
	    : c == '&'                              ? "&amp;"
	    : c == '<'                              ? "&lt;"
	    : c == '>'                              ? "&gt;"
	    : c == '"'                              ? "&quot;"
	    : c == '\''                             ? "&#39;"
						    : NULL;

	if (entity) {
		snprintf(out, JM_VISIBLE_BYTES, "%s", entity);
	} else if (kind == JM_VISIBLE_YES) {
		memcpy(out, bytes.p, bytes.len);
		out[bytes.len] = '\0';
	} else if (kind == JM_VISIBLE_INVALID || c == 0xfffe || c == 0xffff ||
	    (c < ' ' && c != '\t' && c != '\n' && c != '\r')) {
		snprintf(out, JM_VISIBLE_BYTES, "\xef\xbf\xbd");
	} else {
		snprintf(out, JM_VISIBLE_BYTES, "&#%u;", c);
	}
}

int jm_visible_xml(struct jm_buf *b, struct jm_span s, struct jm_err *err)
{
	char out[JM_VISIBLE_BYTES];

	while (s.len > 0) {
		jm_visible_xml_next(&s, out);
		if (jm_buf_add(b, out, strlen(out), err) != 0)
			return -1;
	}
	return 0;
}
