/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Options of the verbs: the table that declares them, and the parser of command lines. It is
 * strict: no abbreviations, no short options but -h. --help is in help.h, the shell's completion in
 * completion.h.
 */
#ifndef JM_MILTER_CTL_CLI_OPTION_H
#define JM_MILTER_CTL_CLI_OPTION_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"

/* Kinds of options. FLAG has no value, LIST may be given many times. TEXT and NUMBER may be given
 * once: of two values one would be ignored. */
enum jm_ctl_kind { JM_CTL_FLAG, JM_CTL_TEXT, JM_CTL_NUMBER, JM_CTL_LIST };

struct jm_ctl_list {
	const char **v; /* NULL-terminated, the array owned by the verb; NULL while empty */
	size_t n;
};

struct jm_ctl_option {
	const char *name; /* without "--" */
	enum jm_ctl_kind kind;
	void *value;          /* bool *, const char **, uint64_t *, struct jm_ctl_list * */
	const char *argument; /* what --help calls the value; NULL for a flag */
	const char *help;
	/* Possible values with blanks between, for the shell's completion; the verb checks its
	 * value itself. NULL: any value */
	const char *words;
};

/*
 * Asks a verb for completions instead of --help. Used by the shell's script only, through "jmctl
 * completion".
 */
#define JM_CTL_COMPLETE "--complete-these-words"

#define JM_CTL_OPTIONS_MAX 48 /* of a verb */

/*
 * Append the options of table, up to its NULL name, at o, where the caller has room for them.
 * Returns the place after them, which has the NULL name that ends a table.
 */
struct jm_ctl_option *jm_ctl_options_add(
    struct jm_ctl_option *o, const struct jm_ctl_option *table);

/*
 * Read options (--name value, --name=value) into their values. An option that is not given leaves
 * its value alone. Operands, "-" and everything after "--" included, are moved to argv[1] and on.
 *
 * usage: the text after the verb's name in --help, "[options] list | show ID". Words in lower case
 * are written as they are, words in capitals are placeholders. help: what the verb does, a
 * sentence.
 *
 * Returns the number of operands, or -1 when the verb must return *exit_r: EX_USAGE after a message
 * on standard error that names the nearest option, or one with a single value that was given twice,
 * EX_TEMPFAIL without memory, 0 after --help or JM_CTL_COMPLETE.
 */
int jm_ctl_options(int argc, char **argv, const struct jm_ctl_option *table, const char *usage,
    const char *help, int *exit_r);

/* Read the operand ID: decimal digits, from 1 on. 0, or -1: USAGE. */
int jm_ctl_id(const char *text, uint64_t *id_r, struct jm_err *err) JM_MUST_CHECK;

#endif
