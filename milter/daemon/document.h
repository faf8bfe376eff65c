/* SPDX-License-Identifier: BSD-2-Clause */
/* The published document: the figures of the archive and of the daemon that the publisher writes to
 * the publish folder and that "jmctl top" shows, in the order of the table of figures
 * (common/publish/figure.h). All functions may be called by any thread. */
#ifndef JM_DAEMON_DOCUMENT_H
#define JM_DAEMON_DOCUMENT_H

#include "milter/daemon/daemon.h"

/* Make the document under the settings s; the caller owns it. Figures that the archive cannot give
 * now are left out. TEMP when it gives none, or without memory. */
int jm_document_make(struct jm_daemon *d, const struct jm_settings *s, json_t **document_r,
    struct jm_err *err) JM_MUST_CHECK;

/*
 * Make the part of an answer that only the daemon knows, for the control socket: for "status",
 * "verify" and all that name a service its state (state.h); for "live" the document as it would be
 * published now, with the busiest clients and how many messages are in flight; NULL for others, and
 * without memory. ctx is the struct jm_daemon. The caller owns the object.
 */
json_t *jm_document_known(void *ctx, const json_t *request);

#define JM_DOCUMENT_LINE_BYTES 200

/* Write one line about the services of a document to line, and return it: "2 services: 1 OK, 1
 * Error (journaling@journal.example.com: why)". */
char *jm_document_line(const json_t *document, char line[JM_DOCUMENT_LINE_BYTES]);

#endif
