/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading the processing queue: the waiting and the due reports. common/archive/change.h changes
 * it. Any thread. */
#ifndef JM_QUERY_WAITING_H
#define JM_QUERY_WAITING_H

#include "common/archive/archive.h"

/* A report in the processing queue. */
struct jm_waiting {
	uint64_t seq;
	int64_t since_ms, due_ms;
	unsigned attempts;
	char service[321]; /* email address; empty: no service */
};

/* Get the reports that are due at now_ms, the longest due first. w has room for max; *n_r: their
 * number. TEMP, CORRUPT. */
int jm_archive_queue_due(struct jm_archive *a, int64_t now_ms, struct jm_waiting *w, size_t max,
    size_t *n_r, struct jm_err *err) JM_MUST_CHECK;

/* Which reports of the queue to get, and how. */
struct jm_queue_view {
	struct jm_archive *a;
	const char *service; /* NULL: of all services */
	bool bcc;            /* also name recipients that are Bcc (bcc.h) */
};

/* Visit the queue in the order of arrival. Each object is a "queue" of SCHEMA.md. TEMP, CORRUPT, or
 * the visitor's error. */
int jm_archive_queue(const struct jm_queue_view *v, jm_archive_visit *visit, void *ctx,
    struct jm_err *err) JM_MUST_CHECK;

/* Get report seq of the queue; the caller owns *row_r. NOTFOUND: it is not in the queue; the text
 * names its state. TEMP, CORRUPT. */
int jm_archive_queue_show(
    const struct jm_queue_view *v, uint64_t seq, json_t **row_r, struct jm_err *err) JM_MUST_CHECK;

#endif
