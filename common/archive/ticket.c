/* SPDX-License-Identifier: BSD-2-Clause */
/* Tickets (records on their way) and the table of digests in flight, which keeps two equal deposits
 * from being stored twice. */
#include "common/archive/store.h"

#include <stdlib.h>

#include "common/base/clock.h"

struct jm_ticket *jm_ticket_new(enum jm_record_type type, json_t *meta, struct jm_err *err)
{
	struct jm_ticket *t = calloc(1, sizeof *t);
	struct jm_buf text;

	jm_buf_init(&text, JM_RECORD_META_MAX);
	if (!t)
		(void)jm_err_sys(err, JM_E_TEMP, "record");
	if (!t || jm_text_of_json(&text, meta, err) < 0) {
		jm_buf_release(&text);
		json_decref(meta);
		free(t);
		return NULL;
	}
	t->meta = meta;
	t->apart_fd = -1;
	t->meta_text = (char *)text.p;
	atomic_init(&t->refs, 1);
	if (sem_init(&t->done, 0, 0) != 0) {
		(void)jm_err_sys(err, JM_E_TEMP, "cannot make a semaphore");
		goto bad;
	}
	t->head.type = (unsigned char)type;
	t->head.meta_bytes = (uint32_t)text.len;
	if (jm_sha256_of(jm_buf_span(&text), t->meta_sha256, err) < 0)
		goto bad_sem;
	return t;
bad_sem:
	(void)sem_destroy(&t->done);
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
	(void)sem_destroy(&t->done);
	json_decref(t->meta);
	free(t->meta_text);
	free(t);
}

static struct jm_flight **flight_find(struct jm_archive *a, const unsigned char *sha256)
{
	struct jm_flight **f = &a->flights[sha256[0]];

	while (*f && memcmp((*f)->sha256, sha256, JM_SHA256_BYTES) != 0)
		f = &(*f)->next;
	return f;
}

static void flight_add(struct jm_archive *a, struct jm_flight *f, const unsigned char *sha256)
{
	memcpy(f->sha256, sha256, JM_SHA256_BYTES);
	f->next = a->flights[sha256[0]];
	a->flights[sha256[0]] = f;
}

int jm_flight_claim(struct jm_archive *a, struct jm_flight *flight, const unsigned char *first,
    const unsigned char *second, unsigned *n_r, struct jm_err *err)
{
	int rc = 0;

	pthread_mutex_lock(&a->lock);
	if (second && memcmp(first, second, JM_SHA256_BYTES) == 0)
		second = NULL;
	while (!a->behind && !a->stopping &&
	    (*flight_find(a, first) || (second && *flight_find(a, second))))
		jm_applier_await(a);
	if (a->behind || a->stopping) {
		rc = jm_err_set(err, JM_E_TEMP,
		    a->stopping ? "the archive is closing" : "the catalog cannot be written");
	} else {
		flight_add(a, &flight[0], first);
		if (second)
			flight_add(a, &flight[1], second);
		*n_r = second ? 2 : 1;
	}
	pthread_mutex_unlock(&a->lock);
	return rc;
}

void jm_flight_move(struct jm_archive *a, struct jm_flight *from, struct jm_flight *to, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		struct jm_flight **f = flight_find(a, from[i].sha256);

		to[i] = from[i];
		if (*f == &from[i])
			*f = &to[i];
	}
}

void jm_flight_release(struct jm_archive *a, struct jm_flight *flight, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		struct jm_flight **f = flight_find(a, flight[i].sha256);

		if (*f == &flight[i])
			*f = flight[i].next;
	}
	if (n > 0)
		pthread_cond_broadcast(&a->applied);
}
