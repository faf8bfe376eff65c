/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The table of figures: the one truth about what is published. The published state is a JSON
 * document (status.json). Each row says where a figure is in the document, which is also its key in
 * stats.db, and which metric of Prometheus it is. t/style/figures.t compares the manual, the JSON
 * schema, the alert rules and the dashboard with this table.
 *
 * To add a figure: a row here, a line in stats.db(5), an entry in the schema, and the code that
 * puts it into the document (milter/daemon/document.c).
 */
#ifndef JM_PUBLISH_FIGURE_H
#define JM_PUBLISH_FIGURE_H

#include <jansson.h>

#include "common/base/buf.h"

/* Version of the published state. A new key needs no new version, a changed meaning does. */
#define JM_PUBLISH_FORMAT 1

enum jm_figure_type {
	JM_FIGURE_TEXT,   /* its metric has the value 1 and the text as a label */
	JM_FIGURE_WORD,   /* one of words; its metric has a sample for each word: 1 or 0 */
	JM_FIGURE_TIME,   /* text as in RFC 3339, UTC; its metric is in seconds since 1970 */
	JM_FIGURE_NUMBER, /* a whole number */
};

struct jm_figure {
	const char *key; /* path in the document; "*": every name at that place */
	enum jm_figure_type type;
	const char *metric; /* NULL: no metric */
	bool counter;       /* false: a gauge, or a part of family */
	/* the histogram that the metric belongs to, whose rows follow each other; NULL: none */
	const char *family;
	bool micro;        /* a number of microseconds; its metric is in seconds */
	const char *label; /* of the metric: for the name at "*", or for a text; NULL: no label */
	const char *const *words; /* ends with NULL */
	const char *help;         /* one line */
};

/* The rows; *n_r of them. Static. */
const struct jm_figure *jm_figure_table(size_t *n_r);

#define JM_FIGURE_KEY_BYTES 1024

/* Gets one figure of a document: its row, its key with the name in place of "*", that name ("" when
 * the key has no "*"), its value. All borrowed for the call. Returns 0, or -1 with err filled,
 * which ends the walk. */
typedef int jm_figure_visit(void *ctx, const struct jm_figure *f, const char *key, const char *name,
    const json_t *value, struct jm_err *err);

/* Visit the figures of a document in the order of the table. Values that are null, or not of their
 * row's type, are left out. 0, or -1 with the visitor's error. Any thread. */
int jm_figures_each(
    const json_t *document, jm_figure_visit *visit, void *ctx, struct jm_err *err) JM_MUST_CHECK;

/* Replace the content of b by the value as text, as it is in stats.db: with the escapes of
 * jm_visible_next(). LIMIT, TEMP (from b). */
int jm_figure_text(const json_t *value, struct jm_buf *b, struct jm_err *err) JM_MUST_CHECK;

#endif
