/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How a verb ends: the one mapping from kinds of errors to exit codes (sysexits.h), and the message
 * on standard error that goes with it.
 */
#ifndef JM_MILTER_CTL_CLI_OUTCOME_H
#define JM_MILTER_CTL_CLI_OUTCOME_H

#include "common/base/err.h"

/* The exit code for a kind of error; 0 for JM_E_NONE. */
int jm_ctl_exit_code(enum jm_err_kind kind);

/* Print "jmctl VERB: text" on standard error and return the error's exit code. */
int jm_ctl_fail(const char *verb, const struct jm_err *err);

/* The same for an operand too many. Returns EX_USAGE. */
int jm_ctl_fail_usage(const char *verb, const char *word);

/* The same for a missing operand, named as in the usage line: "DIR". Returns EX_USAGE. */
int jm_ctl_fail_missing(const char *verb, const char *operand);

#endif
