/* SPDX-License-Identifier: BSD-2-Clause */
/* Tickets (records on their way) and the table of digests in flight, which keeps two equal deposits from being stored twice. */
#include "common/archive/store.h"

#include <stdlib.h>

#include "common/base/clock.h"

struct jm_ticket *jm_ticket_new(enum jm_record_type type, json_t *meta, struct jm_err *err)
{
	struct jm_ticket *t = calloc(1, sizeof(*t));
	size_t n;

	if (t == NULL || (t->meta_text = json_dumps(meta, JSON_COMPACT)) == NULL) {
		json_decref(meta);
		free(t);
		(void)jm_err_set(err, JM_E_TEMP, "no memory for a record");
		return NULL;
	}
	t->meta = meta;
	t->refs = 1;
	n = strlen(t->meta_text);
	if (pthread_cond_init(&t->wake, NULL) != 0) {
		(void)jm_err_set(err, JM_E_TEMP, "cannot make a condition");
		goto bad;
	}
	if (n > JM_RECORD_META_MAX) {
		(void)jm_err_set(err, JM_E_LIMIT, "metadata of %zu bytes", n);
		goto bad_cond;
	}
	t->head.type = (unsigned char)type;
	t->head.meta_bytes = (uint32_t)n;
	if (jm_sha256_of(jm_span_of(t->meta_text, n), t->meta_sha256, err) < 0 || jm_sha256_of(jm_span_str(""), t->body_sha256, err) < 0)
		goto bad_cond;
	return t;
bad_cond:
	(void)pthread_cond_destroy(&t->wake);
bad:
	json_decref(t->meta);
	free(t->meta_text);
	free(t);
	return NULL;
}

void jm_ticket_drop(struct jm_ticket *t)
{
	if (--t->refs > 0)
		return;
	(void)pthread_cond_destroy(&t->wake);
	json_decref(t->meta);
	free(t->meta_text);
	free(t);
}

static struct jm_flight **flight_find(struct jm_archive *a, const unsigned char *sha256)
{
	struct jm_flight **f = &a->flights[sha256[0]];

	while (*f != NULL && memcmp((*f)->sha256, sha256, JM_SHA256_BYTES) != 0)
		f = &(*f)->next;
	return f;
}

static void flight_add(struct jm_archive *a, struct jm_flight *f, const unsigned char *sha256)
{
	memcpy(f->sha256, sha256, JM_SHA256_BYTES);
	f->next = a->flights[sha256[0]];
	a->flights[sha256[0]] = f;
}

int jm_flight_claim(struct jm_archive *a, struct jm_flight *flight, const unsigned char *first, const unsigned char *second, unsigned *n_r,
    struct jm_err *err)
{
	int rc = 0;

	(void)pthread_mutex_lock(&a->lock);
	if (second != NULL && memcmp(first, second, JM_SHA256_BYTES) == 0)
		second = NULL;
	while (!a->behind && !a->stopping && (*flight_find(a, first) != NULL || (second != NULL && *flight_find(a, second) != NULL)))
		(void)pthread_cond_wait(&a->applied, &a->lock);
	if (a->behind || a->stopping) {
		rc = jm_err_set(err, JM_E_TEMP, a->stopping ? "the archive is closing" : "the catalog cannot be written");
	} else {
		flight_add(a, &flight[0], first);
		if (second != NULL)
			flight_add(a, &flight[1], second);
		*n_r = second != NULL ? 2 : 1;
	}
	(void)pthread_mutex_unlock(&a->lock);
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
		(void)pthread_cond_broadcast(&a->applied);
}
