/* SPDX-License-Identifier: BSD-2-Clause */
/* Completions for the shell, from the table of options. */
#ifndef JM_MILTER_CTL_CLI_COMPLETION_H
#define JM_MILTER_CTL_CLI_COMPLETION_H

#include "milter/ctl/cli/option.h"

/* Print what the last of the n words may be, as "jmctl completion" does (completion.c). words:
 * those that follow the verb. */
void jm_ctl_complete(
    char *const *words, int n, const struct jm_ctl_option *table, const char *usage);

#endif
