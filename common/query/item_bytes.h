/* SPDX-License-Identifier: BSD-2-Clause */
/* Exporting the exact bytes of an item. */
#ifndef JM_QUERY_ITEM_BYTES_H
#define JM_QUERY_ITEM_BYTES_H

#include "common/archive/archive.h"

enum jm_export_part {
	JM_EXPORT_MESSAGE, /* the message as archived */
	JM_EXPORT_RAW,     /* the message before the removal of headers */
	JM_EXPORT_REPORT   /* a report as received */
};

/* The bytes to export. */
struct jm_export {
	uint64_t id; /* of the item */
	enum jm_export_part part;
	unsigned which; /* 0: the item's first content (or report); 1: its second; ... */
	bool bcc;       /* also bytes that name Bcc recipients (bcc.h) */
};

/* Give the bytes to sink. All digests are checked before the first byte. DENIED: they name Bcc
 * recipients, and that was not asked for. NOTFOUND, CORRUPT, TEMP, or the sink's error. Any thread.
 */
int jm_archive_export(struct jm_archive *a, const struct jm_export *x, jm_archive_sink *sink,
    void *ctx, struct jm_err *err) JM_MUST_CHECK;

#endif
