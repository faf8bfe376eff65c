/* SPDX-License-Identifier: BSD-2-Clause */
/* The start of a program: no core dumps; and the command line of one that has options and nothing
 * else: every program here but jmctl, whose verbs have options of their own (milter/ctl). Nothing
 * here exits. */
#ifndef JM_BASE_PROGRAM_H
#define JM_BASE_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>

/* One option: a switch or one with a value. */
struct jm_program_option {
	char letter;
	bool *given;        /* made true when the switch is there; NULL: the option has a value */
	const char **value; /* the last value given, borrowed from argv; untouched without one */
};

struct jm_program {
	const char *name;
	const char *usage; /* the whole text, with its last newline */
	const struct jm_program_option *options;
	size_t options_n; /* at most 24 */
};

/*
 * Read argv by the table p. Two options need no row: -V prints the version and -h the usage, both
 * to standard output.
 *
 * Returns true when the program is to run. Returns false when it is to exit with *status: EX_OK
 * after -V or -h; EX_USAGE, with a message and the usage on standard error, after an unknown
 * option, a missing value or an argument that is no option. To be called once, from main().
 */
bool jm_program_options(const struct jm_program *p, int argc, char **argv, int *status);

/*
 * The memory has mail and passwords: write no core dump of it, and let no process of the same user
 * trace this one or read its memory. Lasts until execve(2), and until the process changes its user,
 * so to be called after that.
 */
void jm_program_forbid_dumps(void);

/* Print "NAME: TEXT" to standard error; hidden characters of the text are escaped. */
void jm_program_complain(const char *name, const char *text);

#endif
