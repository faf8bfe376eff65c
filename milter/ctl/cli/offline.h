/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Asking an archive that no daemon has. A process of its own opens it, as the archive's owner when
 * root runs this, and answers over a pair of sockets as a daemon does. So it can give the archive
 * to a daemon that starts at any moment, whatever this process is waiting for. One thread.
 */
#ifndef JM_MILTER_CTL_CLI_OFFLINE_H
#define JM_MILTER_CTL_CLI_OFFLINE_H

#include <sys/types.h>

#include "common/control/answer.h"

struct jm_offline {
	pid_t pid; /* 0: not started */
	int fd;
};

/* The archive in dir to be opened; all strings are borrowed for the call. */
struct jm_offline_place {
	const char *dir, *socket; /* socket: where its daemon would listen, for messages */
	const char *program;      /* the name of this program, for other processes */
	bool writes; /* the requests change the archive: a daemon that starts waits for them */
	bool busy;   /* set by jm_offline_busy() */
};

/* Start the process. Its errors come with the first answer. TEMP. */
int jm_offline_start(
    struct jm_offline *o, const struct jm_offline_place *place, struct jm_err *err) JM_MUST_CHECK;

/* Ask it, as jm_client_ask() does. Also NOTFOUND, DENIED, CORRUPT, TEMP of opening the archive. */
int jm_offline_ask(struct jm_offline *o, const json_t *request, const struct jm_answer_out *out,
    struct jm_err *err) JM_MUST_CHECK;

/*
 * End the process, which closes the archive; harmless when it was not started. True when it does
 * not have the archive because another process has it or wants it: after an error, a daemon may
 * answer the same request soon. err (may be NULL) is completed when the process was killed.
 */
bool jm_offline_end(struct jm_offline *o, struct jm_err *err);

/* A callback for struct jm_archive_options: refuse to wait, with a message that names the process.
 * ctx: struct jm_offline_place. */
int jm_offline_busy(void *ctx, const struct jm_archive_user *user, struct jm_err *err);

/* Is dir a copy that jmctl backup or jmctl load made? It must stay a copy: recovery must not write
 * events into it. */
bool jm_offline_is_copy(const char *dir);

/* A file in the folder of a copy that jmctl backup made: up to which record it was verified. */
#define JM_BACKUP_FILE "backup.json"
/* A file in the folder of an archive while jmctl load is not finished. */
#define JM_LOADING_FILE "loading"

#endif
