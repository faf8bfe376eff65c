/* SPDX-License-Identifier: BSD-2-Clause */
/* The answer to --help, from the table of options. */
#ifndef JM_MILTER_CTL_CLI_HELP_H
#define JM_MILTER_CTL_CLI_HELP_H

#include <stdbool.h>

#include "milter/ctl/cli/option.h"

/* What --help prints (help.c), as text or as one JSON object a line. */
void jm_ctl_help(const char *verb, const struct jm_ctl_option *table, const char *usage,
    const char *help, bool json);

#endif
