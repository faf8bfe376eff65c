/* SPDX-License-Identifier: BSD-2-Clause */
/* The users, groups and password files of this machine that settings name. Not thread-safe
 * (getpwnam). */
#ifndef JM_MILTER_CTL_SETUP_CHECK_MACHINE_H
#define JM_MILTER_CTL_SETUP_CHECK_MACHINE_H

#include "common/base/buf.h"
#include "common/settings/settings.h"

/*
 * Add findings to report: errors for what keeps the daemon from starting (no such user or group),
 * warnings for what keeps a service from working (a password file that is missing, empty or can be
 * read by everybody). Returns the number of errors; the first one is in *err.
 */
unsigned jm_check_machine(
    const struct jm_settings *s, struct jm_buf *report, struct jm_err *err) JM_MUST_CHECK;

#endif
