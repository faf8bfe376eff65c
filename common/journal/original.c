/* SPDX-License-Identifier: BSD-2-Clause */
/* Keeping and decoding the octets of a subject. See original.h. */
#include "common/journal/original.h"

#include <string.h>

#include "common/mail/charset.h"
#include "common/mail/field.h"
#include "common/mail/label.h"
#include "common/mail/word.h"

#define ESC 0x1b

/* Is text in this charset read in one way only? */
static bool is_certain(struct jm_span text, struct jm_span charset)
{
	char name[JM_LABEL_BYTES];

	if (!jm_charset_is_utf8(text) || (text.len > 0 && memchr(text.p, ESC, text.len)))
		return false;
	return charset.len == 0 ||
	    (jm_label_name(charset, name) &&
		(strcmp(name, JM_LABEL_UTF8) == 0 || strcmp(name, JM_LABEL_ASCII) == 0));
}

/* Has value encoded words in another charset than UTF-8 and US-ASCII? */
static bool has_odd_words(struct jm_span value)
{
	struct jm_span charset;

	for (size_t k = 0; k + 1 < value.len; k++) {
		if (value.p[k] != '=' || value.p[k + 1] != '?')
			continue;
		charset = jm_span_sub(value, k + 2, value.len);
		charset = jm_span_sub(charset, 0, jm_span_index(charset, '?'));
		if (charset.len == 0 || !is_certain(jm_span_of(NULL, 0), charset))
			return true;
		k += 1 + charset.len;
	}
	return false;
}

static bool is_ascii(struct jm_span text)
{
	for (size_t k = 0; k < text.len; k++)
		if (text.p[k] >= 0x80)
			return false;
	return true;
}

int jm_original_keep(struct jm_original *o, const struct jm_original *from, struct jm_arena *arena,
    struct jm_err *err)
{
	struct jm_span none = jm_span_of(NULL, 0),
		       charset = from->header || is_ascii(from->octets) ? none : from->charset;

	if (from->octets.len > JM_ORIGINAL_BYTES || from->charset.len >= JM_LABEL_BYTES)
		return 0;
	if (is_certain(from->octets, charset) && !(from->header && has_odd_words(from->octets)))
		return 0;
	if (jm_arena_copy(arena, from->octets, &o->octets, err) != 0 ||
	    jm_arena_copy(arena, from->charset, &o->charset, err) != 0)
		return -1;
	o->header = from->header;
	return 0;
}

struct jm_span jm_original_line(struct jm_span text)
{
	static const char name[] = "subject";
	struct jm_span line, value;
	size_t end;

	while (text.len > 0) {
		end = jm_span_index(text, '\n');
		line = jm_span_sub(text, 0, end);
		text = jm_span_sub(text, end + 1, text.len);
		if (!jm_span_starts_nocase(line, jm_span_str(name)))
			continue;
		value = jm_field_strip(jm_span_sub(line, sizeof name - 1, line.len));
		if (value.len > 0 && value.p[0] == ':')
			return jm_field_strip(jm_span_sub(value, 1, value.len));
	}
	return jm_span_of(NULL, 0);
}

int jm_original_decode(const struct jm_original *o, struct jm_buf *out, struct jm_err *err)
{
	return o->header ? jm_word_decode(o->octets, o->charset, out, err)
			 : jm_charset_decode(o->octets, o->charset, out, err);
}
