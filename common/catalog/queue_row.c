/* SPDX-License-Identifier: BSD-2-Clause */
/* Rows of the processing queue. When a report enters or leaves it: applying.c, apply_change.c. */
#include "common/catalog/queue_row.h"

#include "common/catalog/keys.h"
#include "common/json/value.h"

static struct jm_span queue_due_key(
    int64_t due_ms, uint64_t seq, unsigned char key[JM_QUEUE_DUE_BYTES])
{
	key[0] = 'd';
	jm_num_put_be64(key + 1, (uint64_t)(due_ms > 0 ? due_ms : 0));
	jm_num_put_be64(key + 9, seq);
	return jm_span_of(key, JM_QUEUE_DUE_BYTES);
}

struct jm_span jm_queue_row_key(uint64_t seq, unsigned char key[JM_QUEUE_SEQ_BYTES])
{
	key[0] = 'i';
	jm_num_put_be64(key + 1, seq);
	return jm_span_of(key, JM_QUEUE_SEQ_BYTES);
}

int jm_queue_row_put(struct jm_apply *p, uint64_t seq, const json_t *row, struct jm_err *err)
{
	unsigned char due[JM_QUEUE_DUE_BYTES], key[JM_QUEUE_SEQ_BYTES];

	if (jm_catalog_put(p->txn, JM_T_QUEUE, queue_due_key(jm_json_int(row, "due_ms"), seq, due),
		jm_span_str(""), err) != 0)
		return -1;
	return jm_catalog_put_json(p->txn, JM_T_QUEUE, jm_queue_row_key(seq, key), row, err);
}

int jm_queue_row_take(struct jm_apply *p, uint64_t seq, json_t **row_r, struct jm_err *err)
{
	unsigned char due[JM_QUEUE_DUE_BYTES], key[JM_QUEUE_SEQ_BYTES];
	int rc = jm_catalog_get_json(
	    p->c, p->txn, JM_T_QUEUE, jm_queue_row_key(seq, key), row_r, err);

	if (rc != 1)
		return rc;
	if (jm_catalog_remove(p->txn, JM_T_QUEUE,
		queue_due_key(jm_json_int(*row_r, "due_ms"), seq, due), err) == 0 &&
	    jm_catalog_remove(p->txn, JM_T_QUEUE, jm_queue_row_key(seq, key), err) == 0)
		return 1;
	json_decref(*row_r);
	*row_r = NULL;
	return -1;
}
