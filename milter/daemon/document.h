/* SPDX-License-Identifier: BSD-2-Clause */
/* The published document: what archive and daemon know, in the order of the table of figures. */
#ifndef JM_DAEMON_DOCUMENT_H
#define JM_DAEMON_DOCUMENT_H

#include "milter/daemon/daemon.h"

/* Make it; caller owns. TEMP. */
int jm_document_make(struct jm_daemon *d, const struct jm_settings *s, json_t **document_r,
    struct jm_err *err) JM_MUST_CHECK;

/* What only the daemon (ctx) knows for a verb of the control socket: its state for "status" and
 * "verify"; for "live" the document as it would be published now, with the busiest clients and how
 * many messages are in flight; NULL for others. A new object. */
json_t *jm_document_known(void *ctx, const char *verb);

#define JM_DOCUMENT_LINE_BYTES 200

/* One line about the services of a document, for service managers: "2 services: 1 OK, 1 Error
 * (journaling@journal.example.com: why)". */
char *jm_document_line(const json_t *document, char line[JM_DOCUMENT_LINE_BYTES]);

#endif
