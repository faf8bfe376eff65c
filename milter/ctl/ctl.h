/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the verbs of jmctl share: the table's entry, options, and the one mapping from error kinds
 * to exit codes.
 *
 * One verb a file: milter/ctl/VERB.c with jm_ctl_VERB(), its prototype here, its line in the table
 * of main.c, its section in jmctl.8. A verb gets argv[0] = its name, writes results to stdout,
 * everything else to stderr, and returns the exit code.
 */
#ifndef JM_MILTER_CTL_H
#define JM_MILTER_CTL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"

struct jm_ctl_verb {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *help; /* one line */
};

/* An exit code of sysexits.h for an error; 0 for JM_E_NONE. The only place that maps them. */
int jm_ctl_exit_code(enum jm_err_kind kind);

/* Print "jmctl VERB: text" on stderr and return the error's exit code. */
int jm_ctl_fail(const char *verb, const struct jm_err *err);

/* The same for a word too many, or (word NULL) for a missing one: EX_USAGE. */
int jm_ctl_fail_usage(const char *verb, const char *word);

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

/* What --help prints (help.c), as text or as one JSON object a line. */
void jm_ctl_help(const char *verb, const struct jm_ctl_option *table, const char *usage,
    const char *help, bool json);

/* Print what the last of the n words may be, as "jmctl completion" does (completion.c). words:
 * those that follow the verb. */
void jm_ctl_complete(
    char *const *words, int n, const struct jm_ctl_option *table, const char *usage);

/* Kinds of events, for the options that select by them. */
#define JM_CTL_KINDS \
	"archived merged queued set-aside released expired refused deferred status service-disabled reloaded started stopped recovered verified " \
	"verify-failed ..."

/* Which of the n names is the nearest to word by edit distance; NULL when none is near enough to be
 * meant. Borrowed. */
const char *jm_ctl_nearest(const char *word, const char *const *names, size_t n);

/* The verbs. */
int jm_ctl_status(int argc, char **argv);
int jm_ctl_list(int argc, char **argv);
int jm_ctl_search(int argc, char **argv);
int jm_ctl_show(int argc, char **argv);
int jm_ctl_export(int argc, char **argv);
int jm_ctl_verify(int argc, char **argv);
int jm_ctl_queue(int argc, char **argv);
int jm_ctl_set_aside(int argc, char **argv);
int jm_ctl_events(int argc, char **argv);
int jm_ctl_top(int argc, char **argv);
int jm_ctl_watch(int argc, char **argv);
int jm_ctl_check(int argc, char **argv);
int jm_ctl_explain(int argc, char **argv);
int jm_ctl_domain(int argc, char **argv);
int jm_ctl_test(int argc, char **argv);
int jm_ctl_setup(int argc, char **argv);
int jm_ctl_doctor(int argc, char **argv);
int jm_ctl_ranges(int argc, char **argv);
int jm_ctl_dump(int argc, char **argv);
int jm_ctl_load(int argc, char **argv);
int jm_ctl_import(int argc, char **argv);
int jm_ctl_backup(int argc, char **argv);
int jm_ctl_restore(int argc, char **argv);
int jm_ctl_rebuild(int argc, char **argv);
int jm_ctl_upgrade(int argc, char **argv);
int jm_ctl_unwrap(int argc, char **argv);

#endif
