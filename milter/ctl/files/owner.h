/* SPDX-License-Identifier: BSD-2-Clause */
/* The owner of an archive that restore, load or import makes: the daemon's user, when root runs
 * jmctl. Not thread-safe (getpwnam). */
#ifndef JM_MILTER_CTL_FILES_OWNER_H
#define JM_MILTER_CTL_FILES_OWNER_H

#include <sys/types.h>

#include "milter/ctl/cli/target.h"

/*
 * Make the folder dir, with mode, and give it to the user of the settings, unless it belongs to
 * another user than root already. verb: for a remark on standard error when the installed settings
 * cannot be read. Does no more than make the folder when jmctl does not run as root, or the
 * settings name no user. CONFIG: --config cannot be read, or there is no such user. DENIED, TEMP.
 */
int jm_owner_make_folder(const struct jm_target *t, const char *verb, const char *dir, mode_t mode,
    struct jm_err *err) JM_MUST_CHECK;

/* Refuse to make the archive dir as a user who is neither root nor the user of the settings that
 * name it: the daemon could not open it. DENIED; CONFIG as jm_owner_make_folder(). */
int jm_owner_check(
    const struct jm_target *t, const char *verb, const char *dir, struct jm_err *err) JM_MUST_CHECK;

/* Give all files in dir to the owner of dir. Does nothing without root. DENIED, TEMP. */
int jm_owner_spread(const char *dir, struct jm_err *err) JM_MUST_CHECK;

#endif
