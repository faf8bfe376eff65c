/* SPDX-License-Identifier: BSD-2-Clause */
/* Writing Prometheus' text format. Which metrics there are: figure.c. */
#include "common/publish/metrics.h"

#include <string.h>

#include "common/base/clock.h"
#include "common/base/visible.h"
#include "common/publish/figure.h"

struct page {
	struct jm_buf *b;
	const struct jm_figure *last; /* the row whose HELP and TYPE were written last */
	const char *family;           /* its family, or NULL */
};

/* Add a label. Its value has the escapes of visible.h, and those of the format for backslash and
 * quote. before: '{' or ','. */
static int add_label(
    struct jm_buf *b, const char *name, const char *value, char before, struct jm_err *err)
{
	struct jm_span s = jm_span_str(value);
	char out[JM_VISIBLE_BYTES];

	if (jm_buf_printf(b, err, "%c%s=\"", before, name) != 0)
		return -1;
	while (s.len > 0) {
		jm_visible_exact(&s, out);
		for (const char *c = out; *c; c++)
			if (((*c == '\\' || *c == '"') && jm_buf_add_byte(b, '\\', err) != 0) ||
			    jm_buf_add_byte(b, (unsigned char)*c, err) != 0)
				return -1;
	}
	return jm_buf_add_byte(b, '"', err);
}

/* Add a line with a value. labels: two pairs of name and value; a name of NULL leaves one out.
 * micro: the value is in millionths. */
static int add_sample(struct jm_buf *b, const char *metric, const char *const labels[4],
    json_int_t value, bool micro, struct jm_err *err)
{
	char before = '{';

	if (jm_buf_printf(b, err, "%s", metric) != 0)
		return -1;
	for (int i = 0; i < 4; i += 2) {
		if (!labels[i])
			continue;
		if (add_label(b, labels[i], labels[i + 1], before, err) != 0)
			return -1;
		before = ',';
	}
	if (micro)
		return jm_buf_printf(b, err, "%s %" JSON_INTEGER_FORMAT ".%06u\n",
		    before == ',' ? "}" : "", value / 1000000, (unsigned)(value % 1000000));
	return jm_buf_printf(
	    b, err, "%s %" JSON_INTEGER_FORMAT "\n", before == ',' ? "}" : "", value);
}

/* Add the lines HELP and TYPE, once for each metric and for each family. */
static int add_head(struct page *p, const struct jm_figure *f, struct jm_err *err)
{
	const char *name = f->family ? f->family : f->metric;

	if (p->last == f || (f->family && p->family && strcmp(p->family, f->family) == 0))
		return 0;
	p->last = f;
	p->family = f->family;
	return jm_buf_printf(p->b, err, "# HELP %s %s\n# TYPE %s %s\n", name, f->help, name,
	    f->family        ? "histogram"
		: f->counter ? "counter"
			     : "gauge");
}

/* Add a sample for each word: 1 for the one that holds, 0 for the others. */
static int add_words(struct jm_buf *b, const struct jm_figure *f, const char *name,
    const char *holds, struct jm_err *err)
{
	for (size_t i = 0; f->words[i]; i++) {
		const char *const labels[4] = { *name ? f->label : NULL, name, "state",
			f->words[i] };

		if (add_sample(b, f->metric, labels, strcmp(f->words[i], holds) == 0, false, err) !=
		    0)
			return -1;
	}
	return 0;
}

static int add_figure(void *ctx, const struct jm_figure *f, const char *key, const char *name,
    const json_t *value, struct jm_err *err)
{
	struct page *p = ctx;
	const char *labels[4] = { *name ? f->label : NULL, name, NULL, NULL };
	json_int_t n = json_integer_value(value);
	int64_t ms = 0;

	(void)key;
	if (!f->metric)
		return 0;
	if (add_head(p, f, err) != 0)
		return -1;
	switch (f->type) {
	case JM_FIGURE_WORD:
		return add_words(p->b, f, name, json_string_value(value), err);
	case JM_FIGURE_TEXT:
		labels[2] = f->label;
		labels[3] = json_string_value(value);
		n = 1;
		break;
	case JM_FIGURE_TIME:
		if (jm_clock_parse(json_string_value(value), &ms) != 0)
			return 0;
		n = ms / 1000;
		break;
	case JM_FIGURE_NUMBER:
		break;
	}
	return add_sample(p->b, f->metric, labels, n, f->micro, err);
}

int jm_figures_metrics(const json_t *document, struct jm_buf *b, struct jm_err *err)
{
	struct page p = { .b = b };

	return jm_figures_each(document, add_figure, &p, err);
}
