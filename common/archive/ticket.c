/* SPDX-License-Identifier: BSD-2-Clause */
/* Making, dropping and awaiting tickets. */
#include "common/archive/ticket.h"

#include <stdlib.h>

#include "common/json/write.h"

#define META_BYTES 2000 /* more than the text of most records */

struct jm_ticket *jm_ticket_new(enum jm_record_type type, json_t *meta, struct jm_err *err)
{
	struct jm_ticket *t = calloc(1, sizeof *t);
	struct jm_buf text;

	jm_buf_init(&text, JM_RECORD_META_MAX);
	if (!t)
		jm_err_sys(err, JM_E_TEMP, "record");
	if (!t || jm_buf_reserve(&text, META_BYTES, err) != 0 ||
	    jm_json_write(&text, meta, err) != 0) {
		jm_buf_release(&text);
		json_decref(meta);
		free(t);
		return NULL;
	}
	t->meta = meta;
	t->apart.fd = -1;
	t->meta_text = (char *)text.p;
	atomic_init(&t->refs, 1);
	if (sem_init(&t->done, 0, 0) != 0) {
		jm_err_sys(err, JM_E_TEMP, "cannot make a semaphore");
		goto bad;
	}
	t->head.type = (unsigned char)type;
	t->head.meta_bytes = (uint32_t)text.len;
	if (jm_sha256_of(jm_buf_span(&text), t->meta_sha256, err) != 0)
		goto bad_sem;
	return t;
bad_sem:
	sem_destroy(&t->done);
bad:
	json_decref(t->meta);
	free(t->meta_text);
	free(t);
	return NULL;
}

void jm_ticket_drop(struct jm_ticket *t)
{
	if (atomic_fetch_sub(&t->refs, 1) > 1)
		return;
	sem_destroy(&t->done);
	json_decref(t->meta);
	free(t->meta_text);
	free(t);
}

int jm_ticket_await(struct jm_ticket *t, struct jm_err *err)
{
	while (sem_wait(&t->done) != 0)
		; /* interrupted by a signal */
	if (t->err.kind == JM_E_NONE)
		return 0;
	*err = t->err;
	return -1;
}
