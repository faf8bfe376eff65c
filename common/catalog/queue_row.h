/* SPDX-License-Identifier: BSD-2-Clause */
/* The two rows of a report in the processing queue: one by number with what is known of it, one by
 * the time when it is due. */
#ifndef JM_CATALOG_QUEUE_ROW_H
#define JM_CATALOG_QUEUE_ROW_H

#include "common/catalog/apply_types.h"

#define JM_QUEUE_BY_DUE "d" /* prefix of keys: then due_ms and number, 8 octets each */
#define JM_QUEUE_BY_SEQ "i" /* prefix of keys: then the number */
#define JM_QUEUE_DUE_BYTES 17
#define JM_QUEUE_SEQ_BYTES 9

/* The key of the row by number. */
struct jm_span jm_queue_row_key(uint64_t seq, unsigned char key[JM_QUEUE_SEQ_BYTES]);

/* Write both rows; row has due_ms. TEMP, CORRUPT. */
int jm_queue_row_put(
    struct jm_apply *p, uint64_t seq, const json_t *row, struct jm_err *err) JM_MUST_CHECK;

/* Remove both rows. 1 with *row_r (the caller owns it), 0: there are none, -1. */
int jm_queue_row_take(
    struct jm_apply *p, uint64_t seq, json_t **row_r, struct jm_err *err) JM_MUST_CHECK;

#endif
