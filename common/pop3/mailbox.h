/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From the settings of a journal mailbox to an account that can log in, for the daemon and for
 * jmctl: the secret, the account, and the name under which the archive knows the mailbox.
 * Connecting is in connect.h. Nothing here knows the archive. All functions may be called by any
 * thread.
 *
 * A token command is run by posix_spawn(3), in a process group of its own, and waited for: no
 * process is left when jm_mailbox_secret() returns. Its standard error is discarded, as it
 * may have the token.
 */
#ifndef JM_POP3_MAILBOX_H
#define JM_POP3_MAILBOX_H

#include "common/base/buf.h"
#include "common/pop3/connect.h"
#include "common/settings/settings.h"

#define JM_SECRET_BYTES 65536u

/*
 * Read the password or the OAuth 2 token of m: the setting itself, the first line of the password
 * file, or the first line that the token command writes.
 *
 * The command has 60 s. stopped (may be NULL) is called with ctx about five times a second; the
 * command is killed when it returns true. secret_r is initialised here, on failure too; the caller
 * releases it with jm_mailbox_forget(). Returns 0, or -1 with CONFIG (the text says what to
 * change), TEMP, LIMIT, or the error of jm_io_read_file().
 */
int jm_mailbox_secret(const struct jm_mailbox *m, bool (*stopped)(void *ctx), void *ctx,
    struct jm_buf *secret_r, struct jm_err *err) JM_MUST_CHECK;

/* The cause of a failure of jm_mailbox_secret(). */
enum jm_pop3_cause jm_mailbox_secret_cause(const struct jm_mailbox *m);

/* Overwrite the secret with zeros and free it. */
void jm_mailbox_forget(struct jm_buf *secret);

/* Return the account for jm_pop3_connect(). Its strings are borrowed from m and secret. */
struct jm_pop3_account jm_mailbox_account(const struct jm_mailbox *m, const struct jm_buf *secret);

#define JM_MAILBOX_NAME_BYTES 640

/* Write "mailbox-name@hostname:port", the host in lower case, to name, and return name. The archive
 * keeps the marks of fetched messages under this name. Port 995 is left out: older archives have
 * names without a port. */
char *jm_mailbox_name(const struct jm_mailbox *m, char name[JM_MAILBOX_NAME_BYTES]);

#endif
