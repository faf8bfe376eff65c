/* SPDX-License-Identifier: BSD-2-Clause */
/* Completions for the shell, made from the table of options. */
#ifndef JM_MILTER_CTL_CLI_COMPLETION_H
#define JM_MILTER_CTL_CLI_COMPLETION_H

#include "milter/ctl/cli/option.h"

/*
 * Print what the last of the n words may be, a line each. words: the words after the verb's name,
 * up to the one that is being typed. "\tfiles" and "\tfolders" stand for names that the shell
 * completes itself. usage as in jm_ctl_options().
 */
void jm_ctl_complete(
    char *const *words, int n, const struct jm_ctl_option *table, const char *usage);

#endif
