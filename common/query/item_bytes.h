/* SPDX-License-Identifier: BSD-2-Clause */
/* The exact bytes of an item. */
#ifndef JM_QUERY_ITEM_BYTES_H
#define JM_QUERY_ITEM_BYTES_H

#include "common/archive/archive.h"

enum jm_export_part {
	JM_EXPORT_MESSAGE, /* the message as archived */
	JM_EXPORT_RAW,     /* the message before the removal of headers */
	JM_EXPORT_REPORT   /* a report as received */
};

struct jm_export {
	uint64_t id; /* of the item */
	enum jm_export_part part;
	unsigned which; /* 0: its first content, or its first report; 1: its second; ... */
};

/* Hand them out. Every digest is checked before the first byte. NOTFOUND, CORRUPT, TEMP, or the
 * sink's error. Any thread. */
int jm_archive_export(struct jm_archive *a, const struct jm_export *x, jm_archive_sink *sink,
    void *ctx, struct jm_err *err) JM_MUST_CHECK;

#endif
