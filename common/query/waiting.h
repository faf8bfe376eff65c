/* SPDX-License-Identifier: BSD-2-Clause */
/* The processing queue: what waits, and what is due. How it changes: common/archive/change.h. Any
 * thread. */
#ifndef JM_QUERY_WAITING_H
#define JM_QUERY_WAITING_H

#include "common/archive/archive.h"

/* A report in the processing queue. */
struct jm_waiting {
	uint64_t seq;
	int64_t since_ms, due_ms;
	unsigned attempts;
	char service[321]; /* email address; empty: none */
};

/* What is due at now_ms, the longest due first, at most max of them; *n_r: how many. TEMP. */
int jm_archive_queue_due(struct jm_archive *a, int64_t now_ms, struct jm_waiting *w, size_t max,
    size_t *n_r, struct jm_err *err) JM_MUST_CHECK;

/* Visit the queue in the order of arrival; service NULL: all. Each object is a "queue" of
 * SCHEMA.md. TEMP. */
int jm_archive_queue(struct jm_archive *a, const char *service, jm_archive_visit *visit, void *ctx,
    struct jm_err *err) JM_MUST_CHECK;

/* One of them; the caller owns it. NOTFOUND: it is not in the queue, with its state instead. TEMP.
 */
int jm_archive_queue_show(
    struct jm_archive *a, uint64_t seq, json_t **row_r, struct jm_err *err) JM_MUST_CHECK;

#endif
