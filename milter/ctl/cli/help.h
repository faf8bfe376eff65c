/* SPDX-License-Identifier: BSD-2-Clause */
/* The answer to --help, made from the table of options. */
#ifndef JM_MILTER_CTL_CLI_HELP_H
#define JM_MILTER_CTL_CLI_HELP_H

#include <stdbool.h>

#include "milter/ctl/cli/option.h"

/*
 * Print the help of a verb on standard output, as text or as a JSON object on one line. usage and
 * help as in jm_ctl_options().
 */
void jm_ctl_help(const char *verb, const struct jm_ctl_option *table, const char *usage,
    const char *help, bool json);

#endif
