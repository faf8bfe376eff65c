/* SPDX-License-Identifier: BSD-2-Clause */
/* Escaping, and the forms of numbers, sizes and times. Whole parts of the page are written by
 * page.c and chart.c. See html.h. */
#include "milter/web/html.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/visible.h"

#define PUT_BYTES 1024
#define WORD_BYTES 24 /* a longer word may be broken at its punctuation */

void jm_html_put(struct jm_html *h, const char *format, ...)
{
	char text[PUT_BYTES];
	struct jm_err err;
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(text, sizeof text, format, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= sizeof text || jm_buf_add(&h->b, text, (size_t)n, &err) != 0)
		h->failed = true;
}

/* Write the next character of *s: hidden ones as an escape, those of HTML's syntax as an entity.
 * Returns the character; 0 for an escape. */
static uint32_t html_next(struct jm_html *h, struct jm_span *s)
{
	char out[JM_VISIBLE_BYTES];
	uint32_t c = jm_visible_next(s, out);
	const char *e = c == '&' ? "&amp;"
	    : c == '<'           ? "&lt;"
	    : c == '>'           ? "&gt;"
	    : c == '"'           ? "&quot;"
	    : c == '\''          ? "&#39;"
				 : out;
	struct jm_err err;

	if (jm_buf_add(&h->b, e, strlen(e), &err) != 0)
		h->failed = true;
	return c;
}

void jm_html_text(struct jm_html *h, const char *text)
{
	struct jm_span s = jm_span_str(text);

	while (s.len > 0)
		html_next(h, &s);
}

void jm_html_words(struct jm_html *h, const char *text)
{
	struct jm_span s = jm_span_str(text);
	size_t left = 0; /* bytes of this word that are not written yet */
	bool is_long = false;

	if (s.len == 0)
		return;
	jm_html_put(h, "<bdi>");
	while (s.len > 0) {
		size_t before = s.len;
		uint32_t c;

		if (left == 0) {
			left = jm_span_index(s, ' ');
			is_long = left > WORD_BYTES;
			left += left < s.len; /* with the space */
		}
		c = html_next(h, &s);
		left -= before - s.len;
		if (is_long && left > 1 && c > 0 && c < 0x80 && strchr("@./,:;=&?_", (int)c))
			jm_html_put(h, "<wbr>");
	}
	jm_html_put(h, "</bdi>");
}

void jm_html_address(struct jm_html *h, const char *address)
{
	struct jm_span s = jm_span_str(address);

	if (s.len == 0)
		return;
	jm_html_put(h, "<bdi class=\"address\"><span>");
	while (s.len > 0) {
		uint32_t c = html_next(h, &s);

		if (s.len > 0 && (c == '@' || c == '.' || c == ':'))
			jm_html_put(h, "</span><span>");
	}
	jm_html_put(h, "</span></bdi>");
}

void jm_html_number(struct jm_html *h, json_int_t n)
{
	char digits[24];
	int len = snprintf(digits, sizeof digits, "%" JSON_INTEGER_FORMAT, n);

	for (int i = 0; i < len; i++)
		jm_html_put(h, "%s%c",
		    i > 0 && digits[i - 1] != '-' && (len - i) % 3 == 0 ? "," : "", digits[i]);
}

void jm_html_bytes(struct jm_html *h, json_int_t n)
{
	static const char *const units[] = { "bytes", "kB", "MB", "GB", "TB", "PB" };
	double v = (double)n;
	size_t i = 0;

	while (v >= 1000 && i + 1 < sizeof units / sizeof units[0]) {
		v /= 1000;
		i++;
	}
	jm_html_put(h, i > 0 && v < 100 ? "%.1f&nbsp;%s" : "%.0f&nbsp;%s", v, units[i]);
}

void jm_html_duration(struct jm_html *h, int64_t s)
{
	static const struct {
		int64_t s;
		const char *name;
	} units[] = { { 86400, "day" }, { 3600, "hour" }, { 60, "minute" }, { 1, "second" } };
	size_t i = 0;

	while (i < 3 && s < 2 * units[i].s)
		i++;
	if (s / units[i].s > 36500)
		jm_html_put(h, "more than 100 years");
	else
		jm_html_put(h, "%" PRId64 " %s%s", s / units[i].s, units[i].name,
		    s / units[i].s == 1 ? "" : "s");
}

void jm_html_time(struct jm_html *h, const json_t *time, const char *none)
{
	const char *text = json_string_value(time);
	char whole[JM_CLOCK_TEXT_BYTES];
	int64_t ms;

	if (!text || jm_clock_parse(text, &ms) != 0) {
		jm_html_put(h, "%s", none);
		return;
	}
	jm_clock_format(ms, whole);
	jm_html_put(h, "<time datetime=\"%s\">", whole);
	if (ms <= h->now_ms) {
		jm_html_duration(h, (h->now_ms - ms) / 1000);
		jm_html_put(h, " ago ");
	} else if (ms - h->now_ms > 2000) {
		jm_html_put(h, "in ");
		jm_html_duration(h, (ms - h->now_ms) / 1000);
		jm_html_put(h, " ");
	}
	jm_html_put(h, "<small>%.10s %.5s UTC</small></time>", whole, whole + 11);
}
