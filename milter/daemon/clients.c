/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A fixed number of rows. Each has a score that decays, so that it is about the number of messages
 * a minute; a client that is new takes the row with the lowest one. Who is busy is never displaced
 * by many that come once.
 */
#include "milter/daemon/clients.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"

#define ROWS 256
#define CLIENT_BYTES 64
#define HALF_US 41588830 /* a minute times ln 2: what decays so adds up to a minute's worth */

struct row {
	char client[CLIENT_BYTES]; /* empty: free */
	double score;              /* at at_us */
	int64_t at_us, last_ms;
	uint64_t messages, turned_away;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* rows */
static struct row rows[ROWS];

/* score at now: halves every HALF_US. By parts of a half, straight between them: no libm, and exact
 * enough for an order. */
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

void jm_clients_count(const char *client, bool turned_away)
{
	int64_t now_us = jm_clock_mono_us();
	struct row *r = NULL, *least = NULL;
	double least_score = 0;

	if (!client || !*client || strlen(client) >= CLIENT_BYTES)
		return;
	pthread_mutex_lock(&lock);
	for (size_t i = 0; i < ROWS && !r; i++) {
		double score = rows[i].client[0] ? score_at(&rows[i], now_us) : -1;

		if (strcmp(rows[i].client, client) == 0)
			r = &rows[i];
		else if (!least || score < least_score) {
			least = &rows[i];
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
	pthread_mutex_unlock(&lock);
}

/* Busiest first. Both have their score of one and the same moment. */
static int compare(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	return x->score > y->score ? -1 : x->score < y->score;
}

json_t *jm_clients_list(size_t n)
{
	struct row *copy = malloc(sizeof rows);
	int64_t now_us = jm_clock_mono_us();
	json_t *list = copy ? json_array() : NULL;
	char last[JM_CLOCK_TEXT_BYTES];

	if (!list) {
		free(copy);
		return NULL;
	}
	pthread_mutex_lock(&lock);
	memcpy(copy, rows, sizeof rows);
	pthread_mutex_unlock(&lock);
	for (size_t i = 0; i < ROWS; i++)
		copy[i].score = copy[i].client[0] ? score_at(&copy[i], now_us) : -1;
	qsort(copy, ROWS, sizeof *copy, compare);
	for (size_t i = 0; i < ROWS && i < n && copy[i].client[0]; i++)
		(void)json_array_append_new(list,
		    json_pack("{s:s, s:I, s:I, s:I, s:s}", "client", copy[i].client, "per_minute",
			(json_int_t)(copy[i].score + 0.5), "messages", (json_int_t)copy[i].messages,
			"turned_away", (json_int_t)copy[i].turned_away, "last",
			jm_clock_format(copy[i].last_ms, last)));
	free(copy);
	return list;
}
