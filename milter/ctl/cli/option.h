/* SPDX-License-Identifier: BSD-2-Clause */
/* Options of the verbs: the table that declares them, and reading a command line by it. */
#ifndef JM_MILTER_CTL_CLI_OPTION_H
#define JM_MILTER_CTL_CLI_OPTION_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"

/* One option of a verb. A table ends with a NULL name. */
enum jm_ctl_kind { JM_CTL_FLAG, JM_CTL_TEXT, JM_CTL_NUMBER, JM_CTL_LIST };

struct jm_ctl_list {
	const char **v; /* NULL-terminated, owned; NULL while empty. Freed at exit */
	size_t n;
};

struct jm_ctl_option {
	const char *name; /* without "--" */
	enum jm_ctl_kind kind;
	void *value;          /* bool *, const char **, uint64_t *, struct jm_ctl_list * */
	const char *argument; /* what --help calls the argument; NULL for a flag */
	const char *help;
	const char *words; /* what it may be, with blanks between; for the shell's completion. NULL:
			      anything. The verb checks */
};

/* What asks a verb for completions instead of --help: only the shell's script says so, through
 * "jmctl completion". */
#define JM_CTL_COMPLETE "--complete-these-words"

#define JM_CTL_OPTIONS_MAX 48 /* of a verb */

/* Append the options of table, up to its NULL name, at o, where there is room. Returns the place
 * after them, which has the NULL name that ends a table. */
struct jm_ctl_option *jm_ctl_options_add(
    struct jm_ctl_option *o, const struct jm_ctl_option *table);

/*
 * Read options (--name value, --name=value) into their values, which keep what they had otherwise.
 * Operands ("-" and everything after "--" included) are moved to argv[1] and on; returns how many
 * there are. -1: the verb is to return *exit_r: EX_USAGE after a message on stderr that names the
 * nearest option, 0 after --help or JM_CTL_COMPLETE. usage: what follows the verb's name,
 * "[options] list | show ID": words in small letters are to be written so, those in capitals stand
 * for something; help: what the verb does.
 */
int jm_ctl_options(int argc, char **argv, const struct jm_ctl_option *table, const char *usage,
    const char *help, int *exit_r);

/* Which of the n names is the nearest to word by edit distance; NULL when none is near enough to be
 * meant. Borrowed. */
const char *jm_ctl_nearest(const char *word, const char *const *names, size_t n);

/* The operand ID, decimal, as a number from 1 on. 0, or -1: USAGE. */
int jm_ctl_id(const char *text, uint64_t *id_r, struct jm_err *err) JM_MUST_CHECK;

#endif
