/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The status page: an HTTP server that reads status.json of the publish folder, and nothing else.
 * main.c starts it, listen.c makes its socket, serve.c answers requests, state.c reads, page.c
 * writes the page. libmicrohttpd is included in serve.c only.
 */
#ifndef JM_WEB_WEB_H
#define JM_WEB_WEB_H

#include <jansson.h>
#include <stdint.h>

#include "common/base/buf.h"

#define JM_WEB_PAGE_BYTES (4u << 20)

/* What was read. */
struct jm_state {
	unsigned char *text; /* the file; owned */
	size_t text_n;
	json_t *document;  /* owned; NULL: there is none that can be used */
	int64_t age_s;     /* since it was published */
	char trouble[300]; /* why it is missing, or stale; "" when all is well */
};

/* Read status.json in folder; older than stale_s (0: three intervals and ten seconds) is stale.
 * Release it. Any thread. */
void jm_state_read(struct jm_state *s, const char *folder, int64_t stale_s);
void jm_state_release(struct jm_state *s);

/* Write the page. LIMIT, TEMP. */
int jm_page_write(const struct jm_state *s, struct jm_buf *b, struct jm_err *err) JM_MUST_CHECK;

/* The style sheet. Static. */
extern const char jm_style[];

/* A listening socket at "127.0.0.1:8385", "[::1]:8385" or "unix:/PATH"; CONFIG, TEMP. */
int jm_web_listen(const char *where, int *fd_r, struct jm_err *err) JM_MUST_CHECK;

struct jm_server;

/* Answer requests on fd, in a thread of the server's, until jm_server_stop(). */
struct jm_server *jm_server_start(int fd, const char *folder, int64_t stale_s);
void jm_server_stop(struct jm_server *s);

/* About once a second: cut off the connections that have taken longer than any request needs. */
void jm_server_tick(struct jm_server *s);

#endif
