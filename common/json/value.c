/* SPDX-License-Identifier: BSD-2-Clause */
/* Making JSON values: strings from any bytes, times as text, folded addresses. */
#include "common/json/value.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"

/* The length of the well-formed UTF-8 sequence (RFC 3629) at p, at most n bytes; 0: the bytes there
 * are not well-formed. NUL counts as not well-formed. */
static size_t utf8_length(const unsigned char *p, size_t n)
{
	static const struct {
		unsigned char from, to, second_from, second_to, length;
	} rows[] = {
		{ 0x01, 0x7f, 0, 0, 1 },
		{ 0xc2, 0xdf, 0x80, 0xbf, 2 },
		{ 0xe0, 0xe0, 0xa0, 0xbf, 3 },
		{ 0xe1, 0xec, 0x80, 0xbf, 3 },
		{ 0xed, 0xed, 0x80, 0x9f, 3 },
		{ 0xee, 0xef, 0x80, 0xbf, 3 },
		{ 0xf0, 0xf0, 0x90, 0xbf, 4 },
		{ 0xf1, 0xf3, 0x80, 0xbf, 4 },
		{ 0xf4, 0xf4, 0x80, 0x8f, 4 },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		if (p[0] < rows[i].from || p[0] > rows[i].to)
			continue;
		if (rows[i].length > n ||
		    (rows[i].length > 1 &&
			(p[1] < rows[i].second_from || p[1] > rows[i].second_to)))
			return 0;
		for (size_t k = 2; k < rows[i].length; k++)
			if ((p[k] & 0xc0) != 0x80)
				return 0;
		return rows[i].length;
	}
	return 0;
}

json_t *jm_json_text(struct jm_span s)
{
	unsigned char *out;
	size_t n = 0, good = 0;
	json_t *value;

	while (good < s.len) {
		size_t k = s.p[good] > 0 && s.p[good] < 0x80
		    ? 1
		    : utf8_length(s.p + good, s.len - good);

		if (k == 0)
			break;
		good += k;
	}
	if (good == s.len)
		return json_stringn_nocheck(s.len ? (const char *)s.p : "", s.len);
	out = malloc(s.len * 3);
	if (!out)
		return NULL;
	for (size_t i = 0; i < s.len;) {
		size_t k = utf8_length(s.p + i, s.len - i);

		if (k > 0) {
			memcpy(out + n, s.p + i, k);
			n += k;
			i += k;
			continue;
		}
		if (s.p[i] == 0) {
			memcpy(out + n, "\xef\xbf\xbd", 3);
			n += 3;
		} else {
			out[n++] = (unsigned char)(0xc0 | s.p[i] >> 6);
			out[n++] = (unsigned char)(0x80 | (s.p[i] & 0x3f));
		}
		i++;
	}
	value = json_stringn_nocheck((const char *)out, n);
	free(out);
	return value;
}

int jm_json_time(json_t *o, const char *from, const char *to)
{
	const json_t *ms = json_object_get(o, from);
	char text[JM_CLOCK_TEXT_BYTES];

	if (!json_is_integer(ms))
		return 0;
	if (json_object_set_new_nocheck(
		o, to, json_string(jm_clock_format((int64_t)json_integer_value(ms), text))) != 0)
		return -1;
	return json_object_del(o, from);
}

char *jm_json_folded(struct jm_span address)
{
	char *folded = malloc(address.len + 1);

	if (!folded)
		return NULL;
	for (size_t i = 0; i < address.len; i++)
		folded[i] = (char)jm_lower(address.p[i]);
	folded[address.len] = '\0';
	return folded;
}
