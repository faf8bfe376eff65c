/* SPDX-License-Identifier: BSD-2-Clause */
/* Bar charts as inline SVG. */
#include <stdint.h>
#include <string.h>

#include "milter/web/html.h"

#define WIDTH 720.0
#define HEIGHT 140.0
#define LEFT 52.0
#define TOP 10.0
#define BARS_MAX 400

static void put_bar(struct jm_html *h, size_t i, size_t n, const char *begin, json_int_t count, json_int_t most)
{
	double step = (WIDTH - LEFT) / (double)n, height = most > 0 ? HEIGHT * (double)count / (double)most : 0;

	jm_html_put(h, "<rect x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\"><title>", LEFT + step * (double)i, TOP + HEIGHT - height,
	    step * 0.8, height);
	jm_html_text(h, begin);
	jm_html_put(h, ": ");
	jm_html_number(h, count);
	jm_html_put(h, "</title></rect>\n");
}

void jm_html_chart(struct jm_html *h, const char *what, const json_t *counts)
{
	json_int_t most = 0, sum = 0;
	const char *begin, *first = NULL, *last = NULL;
	size_t n = json_object_size(counts), i = 0;
	json_t *count;

	if (n == 0 || n > BARS_MAX) {
		jm_html_put(h, "<p>not known</p>\n");
		return;
	}
	json_object_foreach((json_t *)(uintptr_t)counts, begin, count) {
		most = json_integer_value(count) > most ? json_integer_value(count) : most;
		sum += json_integer_value(count);
		first = first ? first : begin;
		last = begin;
	}
	jm_html_put(h, "<svg class=\"chart\" viewBox=\"0 0 720 172\" role=\"img\" aria-label=\"");
	jm_html_text(h, what);
	jm_html_put(h, ": ");
	jm_html_number(h, sum);
	jm_html_put(h, " in all, ");
	jm_html_number(h, most);
	jm_html_put(h, " at most\"><line x1=\"52\" y1=\"150.5\" x2=\"720\" y2=\"150.5\"/><line x1=\"52\" y1=\"9.5\" x2=\"720\" y2=\"9.5\"/>\n");
	json_object_foreach((json_t *)(uintptr_t)counts, begin, count)
		put_bar(h, i++, n, begin, json_integer_value(count), most);
	jm_html_put(h, "<text x=\"46\" y=\"16\" class=\"right\">");
	jm_html_number(h, most);
	jm_html_put(h, "</text><text x=\"46\" y=\"152\" class=\"right\">0</text><text x=\"52\" y=\"168\">");
	jm_html_text(h, first);
	jm_html_put(h, "</text><text x=\"720\" y=\"168\" class=\"right\">");
	jm_html_text(h, last);
	jm_html_put(h, "</text></svg>\n");
}
