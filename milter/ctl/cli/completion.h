/* SPDX-License-Identifier: BSD-2-Clause */
/* Completions for the shell, made from the table of options. */
#ifndef JM_MILTER_CTL_CLI_COMPLETION_H
#define JM_MILTER_CTL_CLI_COMPLETION_H

#include "milter/ctl/cli/option.h"

/*
 * Print the possible values of the last of the n words, a line each. words: the words after the
 * verb's name, up to the one that is being typed. "\tfiles" and "\tfolders" ask the shell to
 * complete the name of a file or folder itself. usage as in jm_ctl_options().
 */
void jm_ctl_complete(
    char *const *words, int n, const struct jm_ctl_option *table, const char *usage);

#endif
