/* SPDX-License-Identifier: BSD-2-Clause */
/* From the settings of a journal mailbox to an account that can log in; shared by the daemon and
 * jmctl. */
#ifndef JM_MILTER_MAILBOX_H
#define JM_MILTER_MAILBOX_H

#include "common/base/buf.h"
#include "common/pop3/connect.h"
#include "common/settings/settings.h"

#define JM_SECRET_BYTES 65536u

/*
 * Read the password or the token: the setting, the first line of the file, or of the command's
 * output (at most 60 s; stopped may be NULL and ends it early). secret_r is initialised here;
 * release it with jm_mailbox_forget(). CONFIG with the cure, DENIED, TEMP.
 */
int jm_mailbox_secret(const struct jm_mailbox *m, bool (*stopped)(void *ctx), void *ctx,
    struct jm_buf *secret_r, struct jm_err *err) JM_MUST_CHECK;

/* Overwrite and free a secret. */
void jm_mailbox_forget(struct jm_buf *secret);

/* The account; everything in it is borrowed from m and secret. */
struct jm_pop3_account jm_mailbox_account(const struct jm_mailbox *m, const struct jm_buf *secret);

#define JM_MAILBOX_NAME_BYTES 640

/* "mailbox-name@hostname", the host in lower case: under which the archive keeps its marks. Returns
 * name. */
char *jm_mailbox_name(const struct jm_mailbox *m, char name[JM_MAILBOX_NAME_BYTES]);

#endif
