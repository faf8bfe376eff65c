/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of digests in flight. Guarded by the archive's lock. */
#include "common/archive/flight.h"

#include <string.h>

#include "common/archive/await.h"

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

static void flight_remove(struct jm_archive *a, struct jm_flight *flight, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		struct jm_flight **f = flight_find(a, flight[i].sha256);

		if (*f == &flight[i])
			*f = flight[i].next;
	}
	if (n > 0)
		pthread_cond_broadcast(&a->applied_more);
}

int jm_flight_claim(struct jm_archive *a, struct jm_claims *c, const unsigned char *first,
    const unsigned char *second, struct jm_err *err)
{
	int rc = 0;

	c->n = 0;
	if (second && memcmp(first, second, JM_SHA256_BYTES) == 0)
		second = NULL;
	pthread_mutex_lock(&a->lock);
	while (!a->behind && !a->stopping &&
	    (*flight_find(a, first) || (second && *flight_find(a, second))))
		jm_await_applier(a);
	if (a->behind || a->stopping) {
		rc = jm_err_set(err, JM_E_TEMP,
		    a->stopping ? "the archive is closing" : "the catalog cannot be written");
	} else {
		flight_add(a, &c->flight[c->n++], first);
		if (second)
			flight_add(a, &c->flight[c->n++], second);
	}
	pthread_mutex_unlock(&a->lock);
	return rc;
}

void jm_flight_unclaim(struct jm_archive *a, struct jm_claims *c)
{
	pthread_mutex_lock(&a->lock);
	flight_remove(a, c->flight, c->n);
	c->n = 0;
	pthread_mutex_unlock(&a->lock);
}

void jm_flight_hand_over(struct jm_archive *a, struct jm_claims *c, struct jm_ticket *t)
{
	pthread_mutex_lock(&a->lock);
	for (unsigned i = 0; i < c->n; i++) {
		struct jm_flight **f = flight_find(a, c->flight[i].sha256);

		t->flight[i] = c->flight[i];
		if (*f == &c->flight[i])
			*f = &t->flight[i];
	}
	t->flights = c->n;
	c->n = 0;
	pthread_mutex_unlock(&a->lock);
}

void jm_flight_release_locked(struct jm_archive *a, struct jm_ticket *t)
{
	flight_remove(a, t->flight, t->flights);
	t->flights = 0;
}

void jm_flight_release(struct jm_archive *a, struct jm_ticket *t)
{
	pthread_mutex_lock(&a->lock);
	jm_flight_release_locked(a, t);
	pthread_mutex_unlock(&a->lock);
}
