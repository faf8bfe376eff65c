/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The table of figures: the one truth about what is published. The published state is a JSON
 * document (status.json); each row says where in it a figure stands, which is also its key in
 * stats.db, and as which metric Prometheus gets it. t/style/figures.t compares the manual, the JSON
 * schema, the alert rules and the dashboard with this table. To add a figure: a row here, a line in
 * stats.db(5) and in the schema, and whoever makes the document (milter/daemon/publish.c) puts it
 * in.
 */
#ifndef JM_PUBLISH_FIGURE_H
#define JM_PUBLISH_FIGURE_H

#include <jansson.h>

#include "common/base/buf.h"

#define JM_PUBLISH_FORMAT \
	1 /* of the published state; new keys may come without a new number, a changed meaning may \
	     not */

enum jm_figure_type {
	JM_FIGURE_TEXT, /* a metric of it has the value 1 and the text as label */
	JM_FIGURE_WORD, /* one of words; its metric has a sample a word, 1 for the one that holds */
	JM_FIGURE_TIME, /* text of RFC 3339 in UTC; its metric is in seconds since 1970 */
	JM_FIGURE_NUMBER, /* a whole number */
};

struct jm_figure {
	const char *key; /* path in the document; "*" stands for every name there */
	enum jm_figure_type type;
	const char *metric; /* NULL: no metric */
	bool counter;       /* else a gauge, or a part of family */
	const char *family; /* Prometheus' histogram that the metric belongs to, in rows that follow
			       each other; NULL: none */
	bool micro;         /* a number of microseconds; its metric is in seconds */
	const char *label;  /* of the metric: what "*" is, or what a text is; NULL: none */
	const char *const *words; /* ends with NULL */
	const char *help;         /* one line */
};

/* The rows; *n_r of them. Static storage. */
const struct jm_figure *jm_figure_table(size_t *n_r);

#define JM_FIGURE_KEY_BYTES 1024

/* A figure of a document: key with its name in place, name ("" when there is none), value. All
 * borrowed for the call. 0 to go on, -1 with err. */
typedef int jm_figure_visit(void *ctx, const struct jm_figure *f, const char *key, const char *name,
    const json_t *value, struct jm_err *err);

/* Visit the figures that a document has, in the order of the table. A value of another type than
 * its row's is left out, and so is null. */
int jm_figures_each(
    const json_t *document, jm_figure_visit *visit, void *ctx, struct jm_err *err) JM_MUST_CHECK;

/* The value as text into b (which is emptied first): as stats.db has it. */
int jm_figure_text(const json_t *value, struct jm_buf *b, struct jm_err *err) JM_MUST_CHECK;

/* Append the metrics of a document in Prometheus' text format 0.0.4. */
int jm_figures_metrics(const json_t *document, struct jm_buf *b, struct jm_err *err) JM_MUST_CHECK;

#endif
