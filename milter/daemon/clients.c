/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A fixed number of rows, one per client. Each has a score that decays, so that it is about the
 * number of messages a minute. A new client takes the row with the lowest score, so many clients
 * that come once never displace a busy one. See clients.h.
 */
#include "milter/daemon/clients.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"

#define ROWS 256
#define CLIENT_BYTES 64
/* Half-life: a minute times ln 2, so that a steady rate of n messages a minute has the score n. */
#define HALF_US 41588830

struct row {
	char client[CLIENT_BYTES]; /* "": the row is free */
	double score;              /* at the time at_us */
	int64_t at_us, last_ms;
	uint64_t messages, turned_away;
};

struct jm_clients {
	pthread_mutex_t lock; /* guards the rows */
	struct row rows[ROWS];
};

struct jm_clients *jm_clients_new(void)
{
	struct jm_clients *c = calloc(1, sizeof *c);

	if (c)
		pthread_mutex_init(&c->lock, NULL);
	return c;
}

/* The score at now_us: it halves every HALF_US. Within a half-life it falls in a straight line,
 * which needs no libm and is exact enough for an order. */
static double score_at(const struct row *r, int64_t now_us)
{
	int64_t age_us = now_us > r->at_us ? now_us - r->at_us : 0;
	double score = r->score;

	if (age_us / HALF_US > 60)
		return 0;
	for (; age_us >= HALF_US; age_us -= HALF_US)
		score /= 2;
	return score * (1 - (double)age_us / (2.0 * HALF_US));
}

void jm_clients_count(struct jm_clients *c, const char *client, bool turned_away)
{
	int64_t now_us = jm_clock_mono_us();
	struct row *r = NULL, *least = NULL;
	double least_score = 0;

	if (!client || !*client || strlen(client) >= CLIENT_BYTES)
		return;
	pthread_mutex_lock(&c->lock);
	for (size_t i = 0; i < ROWS && !r; i++) {
		double score = c->rows[i].client[0] ? score_at(&c->rows[i], now_us) : -1;

		if (strcmp(c->rows[i].client, client) == 0)
			r = &c->rows[i];
		else if (!least || score < least_score) {
			least = &c->rows[i];
			least_score = score;
		}
	}
	if (!r) {
		r = least;
		*r = (struct row){ .score = 0 };
		memcpy(r->client, client, strlen(client) + 1);
	}
	r->score = score_at(r, now_us) + 1;
	r->at_us = now_us;
	r->last_ms = jm_clock_now_ms();
	r->messages += !turned_away;
	r->turned_away += turned_away;
	pthread_mutex_unlock(&c->lock);
}

/* Busiest first. Both scores are of the same moment. */
static int busier_first(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	return x->score > y->score ? -1 : x->score < y->score;
}

json_t *jm_clients_list(struct jm_clients *c, size_t n)
{
	struct row *copy = malloc(sizeof c->rows);
	int64_t now_us = jm_clock_mono_us();
	json_t *list = copy ? json_array() : NULL;
	char last[JM_CLOCK_TEXT_BYTES];

	if (!list) {
		free(copy);
		return NULL;
	}
	pthread_mutex_lock(&c->lock);
	memcpy(copy, c->rows, sizeof c->rows);
	pthread_mutex_unlock(&c->lock);
	for (size_t i = 0; i < ROWS; i++)
		copy[i].score = copy[i].client[0] ? score_at(&copy[i], now_us) : -1;
	qsort(copy, ROWS, sizeof *copy, busier_first);
	for (size_t i = 0; i < ROWS && i < n && copy[i].client[0]; i++)
		json_array_append_new(list,
		    json_pack("{s:s, s:I, s:I, s:I, s:s}", "client", copy[i].client, "per_minute",
			(json_int_t)(copy[i].score + 0.5), "messages", (json_int_t)copy[i].messages,
			"turned_away", (json_int_t)copy[i].turned_away, "last",
			jm_clock_format(copy[i].last_ms, last)));
	free(copy);
	return list;
}
