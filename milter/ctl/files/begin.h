/* SPDX-License-Identifier: BSD-2-Clause */
/* Beginning the archive that a verb writes to, when it does not exist. One thread. */
#ifndef JM_MILTER_CTL_FILES_BEGIN_H
#define JM_MILTER_CTL_FILES_BEGIN_H

#include "common/base/buf.h"
#include "milter/ctl/cli/target.h"

/* The command that begins an archive, for an error: "jmctl import --yes" and all arguments. To be
 * called before the options are read, which are moved then. Empty when it is too long. */
void jm_begin_command(struct jm_buf *command, int argc, char **argv);

/*
 * Make the folder for a new archive, as the daemon does it at its first start: for the daemon's
 * user, when root runs this. yes: do not ask. command: that of jm_begin_command(). jm_target_open()
 * without must_exist makes the archive then.
 *
 * Returns 0, or -1: NOTFOUND when it may not be begun; DENIED, USAGE when the daemon could not open
 * it there; the kinds of jm_owner_make_folder().
 */
int jm_begin_folder(const struct jm_target *t, const char *verb, bool yes,
    const struct jm_buf *command, struct jm_err *err) JM_MUST_CHECK;

#endif
