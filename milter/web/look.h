/* SPDX-License-Identifier: BSD-2-Clause */
/* How the page shows that something is well or not: a CSS class, an icon and a word. Any thread. */
#ifndef JM_WEB_LOOK_H
#define JM_WEB_LOOK_H

#include "milter/web/html.h"

enum {
	JM_LOOK_OK,
	JM_LOOK_PARTLY, /* OK, but not all messages of the mailbox are retrievable */
	JM_LOOK_WAIT,
	JM_LOOK_ERROR,
	JM_LOOK_OFF,
	JM_LOOK_OTHER,
	JM_LOOKS
};

struct jm_look {
	const char *state; /* of a service, without "Service "; NULL: any other */
	const char *class, *mark;
};

extern const struct jm_look jm_looks[JM_LOOKS];

/* The text of an object's member; "" when it is not a text. Borrowed. */
const char *jm_look_text(const json_t *o, const char *key);

/* The look of a service, by its state. */
const struct jm_look *jm_look_of(const json_t *service);

/* How many messages of the service's mailbox the server does not deliver. */
json_int_t jm_look_unretrievable(const json_t *service);

/* How many of these services have this look. */
size_t jm_look_count(const json_t *services, const struct jm_look *l);

/* Write the icon of a look. It is hidden from screen readers: a word has to follow. */
void jm_look_put(struct jm_html *h, const struct jm_look *l);

#endif
