/* SPDX-License-Identifier: BSD-2-Clause */
/* Bars and their axis. The words around a bar are HTML and not part of the picture, because the
 * picture is stretched to the width of the window. See chart.h. */
#include "milter/web/chart.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "common/base/clock.h"

#define WIDTH 720.0
#define HEIGHT 120.0
#define BARS_MAX 400

/* Write "2026-11-20T07" as "20 Nov 07:00", "2026-11-20" as "20 Nov", anything else unchanged. */
static void chart_put_begin(struct jm_html *h, const char *begin)
{
	static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul",
		"Aug", "Sep", "Oct", "Nov", "Dec" };
	size_t n = strlen(begin);
	char day[11], whole[JM_CLOCK_TEXT_BYTES];
	int64_t ms;

	snprintf(day, sizeof day, "%.10s", begin);
	if ((n != 10 && n != 13) || jm_clock_parse(day, &ms) != 0) {
		jm_html_text(h, begin);
		return;
	}
	jm_clock_format(ms, whole);
	jm_html_put(h, "%d %s", (whole[8] - '0') * 10 + whole[9] - '0',
	    months[((whole[5] - '0') * 10 + whole[6] - '0' + 11) % 12]);
	if (n == 13) {
		jm_html_put(h, " ");
		jm_html_text(h, begin + 11);
		jm_html_put(h, ":00");
	}
}

/* Write bar i of n. An invisible bar of full height lies below it, so that the pointer also finds a
 * low one. */
static void chart_put_bar(
    struct jm_html *h, size_t i, size_t n, const char *begin, json_int_t count, json_int_t most)
{
	double step = WIDTH / (double)n,
	       height = most > 0 ? HEIGHT * (double)count / (double)most : 0;

	if (count > 0 && height < 1.5)
		height = 1.5; /* visibly more than none */
	jm_html_put(h,
	    "<g><rect class=\"back\" x=\"%.2f\" y=\"0\" width=\"%.2f\" height=\"%.0f\"/><rect "
	    "x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\"/><title>",
	    step * (double)i, step, HEIGHT, step * ((double)i + 0.1), HEIGHT - height, step * 0.8,
	    height);
	chart_put_begin(h, begin);
	jm_html_put(h, ": ");
	jm_html_number(h, count);
	jm_html_put(h, "</title></g>\n");
}

/* Write the line below the bars: the first and the last begin, and three between them. */
static void chart_put_axis(struct jm_html *h, const json_t *counts, size_t n)
{
	const char *begin;
	size_t i = 0;
	json_t *count;

	jm_html_put(h, "<p class=\"axis\">");
	json_object_foreach((json_t *)(uintptr_t)counts, begin, count) {
		if (i == 0 || i == n / 4 || i == n / 2 || i == n * 3 / 4 || i == n - 1) {
			jm_html_put(h, "<span>");
			chart_put_begin(h, begin);
			jm_html_put(h, "</span>");
		}
		i++;
	}
	jm_html_put(h, "</p></div>\n");
}

/* The least round number that is not below most, and has a whole half. */
static json_int_t round_up(json_int_t most)
{
	static const int steps[] = { 10, 12, 16, 20, 30, 40, 60, 80 };
	json_int_t unit = 1;

	if (most <= 8)
		return most <= 2 ? 2 : (most + 1) / 2 * 2;
	while (unit < INT64_MAX / 1000) {
		for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++)
			if (steps[i] * unit >= most)
				return steps[i] * unit;
		unit *= 10;
	}
	return most;
}

/* Write the numbers beside the bars. */
static void chart_put_scale(struct jm_html *h, json_int_t top)
{
	jm_html_put(h, "<div class=\"plot\"><div class=\"scale\" aria-hidden=\"true\"><span>");
	jm_html_number(h, top);
	jm_html_put(h, "</span><span>");
	jm_html_number(h, top / 2);
	jm_html_put(h, "</span><span>0</span></div>\n");
}

/* Write all counts as a table, the latest first. A refresh of the page closes it again, unless the
 * URL says that tables stay open. There are no anchors: a browser does not refresh a page whose URL
 * has one. */
static void chart_put_table(struct jm_html *h, const char *what, const json_t *counts)
{
	const char *begins[BARS_MAX], *begin;
	size_t n = 0;
	json_t *count;

	jm_html_put(h,
	    "<details class=\"values\"%s><summary>Values as a table</summary>"
	    "<p><a href=\"%s</a></p><table><caption>%s</caption><thead><tr>"
	    "<th scope=\"col\">Begin (UTC)</th><th scope=\"col\">Messages</th></tr></thead>"
	    "<tbody>\n",
	    h->tables ? " open" : "",
	    h->tables ? "/\">Close all tables" : "/?values=1\">Keep all tables open", what);
	json_object_foreach((json_t *)(uintptr_t)counts, begin, count)
		begins[n++] = begin;
	while (n-- > 0) {
		jm_html_put(h, "<tr><th scope=\"row\">");
		chart_put_begin(h, begins[n]);
		jm_html_put(h, "</th><td>");
		jm_html_number(h, json_integer_value(json_object_get(counts, begins[n])));
		jm_html_put(h, "</td></tr>\n");
	}
	jm_html_put(h, "</tbody></table></details></figure>\n");
}

static void chart_put_picture(
    struct jm_html *h, const char *what, const json_t *counts, json_int_t top)
{
	size_t n = json_object_size(counts), i = 0;
	const char *begin;
	json_t *count;

	chart_put_scale(h, top);
	jm_html_put(h,
	    "<svg class=\"chart\" viewBox=\"0 0 720 120\" preserveAspectRatio=\"none\" "
	    "role=\"img\" "
	    "aria-label=\"%s\">\n<line x1=\"0\" y1=\"0.5\" x2=\"720\" y2=\"0.5\"/>"
	    "<line x1=\"0\" y1=\"60\" x2=\"720\" y2=\"60\"/>\n",
	    what);
	json_object_foreach((json_t *)(uintptr_t)counts, begin, count)
		chart_put_bar(h, i++, n, begin, json_integer_value(count), top);
	jm_html_put(h, "</svg>");
	chart_put_axis(h, counts, n);
}

void jm_chart_put(struct jm_html *h, const char *what, const json_t *counts)
{
	json_int_t most = 0, sum = 0;
	const char *begin, *busiest = "";
	size_t n = json_object_size(counts);
	json_t *count;

	jm_html_put(h, "<h2>%s</h2>\n", what);
	if (n == 0 || n > BARS_MAX) {
		jm_html_put(h, "<p class=\"none\">not known</p>\n");
		return;
	}
	json_object_foreach((json_t *)(uintptr_t)counts, begin, count) {
		if (json_integer_value(count) > most) {
			most = json_integer_value(count);
			busiest = begin;
		}
		sum += json_integer_value(count);
	}
	if (sum == 0) {
		jm_html_put(h, "<p class=\"none\">none yet</p>\n");
		return;
	}
	jm_html_put(h, "<figure><figcaption>");
	jm_html_number(h, sum);
	jm_html_put(h, " in all; most: ");
	jm_html_number(h, most);
	jm_html_put(h, ", ");
	chart_put_begin(h, busiest);
	jm_html_put(h, "</figcaption>");
	chart_put_picture(h, what, counts, round_up(most));
	chart_put_table(h, what, counts);
}
