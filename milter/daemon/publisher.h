/* SPDX-License-Identifier: BSD-2-Clause */
/* The publisher: a thread that writes the published document (document.h) to the publish folder
 * every few seconds, and sends its summary to the service manager. */
#ifndef JM_DAEMON_PUBLISHER_H
#define JM_DAEMON_PUBLISHER_H

#include "milter/daemon/daemon.h"

struct jm_publisher;

/* Write the path of the publish folder of s to path (PATH_MAX bytes). Returns 0, or -1 with CONFIG
 * when it is too long. */
int jm_publisher_folder(const struct jm_settings *s, char *path, struct jm_err *err) JM_MUST_CHECK;

/*
 * Start the thread. It writes to the folder of s, also after a reload that names another one. A
 * failure to write is logged and noted as an event when it begins and when it ends; it never stops
 * mail. *p_r lives as long as the process. CONFIG, TEMP.
 */
int jm_publisher_start(struct jm_daemon *d, const struct jm_settings *s, struct jm_publisher **p_r,
    struct jm_err *err) JM_MUST_CHECK;

/* Publish nothing more: waits for the end of the round in progress. The archive may be closed
 * afterwards. p may be NULL. To be called once. */
void jm_publisher_stop(struct jm_publisher *p);

#endif
