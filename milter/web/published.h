/* SPDX-License-Identifier: BSD-2-Clause */
/* The state that journal-milter publishes, as this program reads it: status.json in the publish
 * folder. It is read anew for each request. */
#ifndef JM_WEB_PUBLISHED_H
#define JM_WEB_PUBLISHED_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* The result of one reading. */
struct jm_published {
	unsigned char *text; /* the file as it is; owned */
	size_t text_n;
	json_t *document;  /* the file as JSON, an object of our format; owned; NULL: not usable */
	int64_t age_s;     /* seconds since it was published; -1: unknown */
	bool stale;        /* it is too old */
	char trouble[300]; /* why document is missing or too old; "" when neither is so */
};

/*
 * Read status.json in folder into *s, whose old content is not freed. A state that is older than
 * stale_s seconds is too old; with stale_s 0 the limit is three times the interval of publishing
 * and ten seconds. A failure is not an error to the caller: s->trouble says what is wrong. Release
 * *s with jm_published_release(). Any thread.
 */
void jm_published_read(struct jm_published *s, const char *folder, int64_t stale_s);

/* Free what *s owns. */
void jm_published_release(struct jm_published *s);

#endif
