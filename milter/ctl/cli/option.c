/* SPDX-License-Identifier: BSD-2-Clause */
/* The parser of command lines. See option.h. */
#include "milter/ctl/cli/option.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "common/base/num.h"
#include "common/settings/near.h"
#include "milter/ctl/cli/completion.h"
#include "milter/ctl/cli/help.h"
#include "milter/ctl/cli/print.h"

#define WORD_MAX 40 /* longer words are cut in messages */

/* The option of that name; NULL after a message. */
static const struct jm_ctl_option *look_up(
    const char *verb, const struct jm_ctl_option *table, const char *name, size_t name_n)
{
	const char *names[JM_CTL_OPTIONS_MAX + 1], *near;
	const struct jm_ctl_option *o;
	char word[WORD_MAX + 2];
	size_t n = 0;

	for (o = table; o->name; o++) {
		if (strlen(o->name) == name_n && memcmp(o->name, name, name_n) == 0)
			return o;
		if (n < JM_CTL_OPTIONS_MAX)
			names[n++] = o->name;
	}
	names[n++] = "help";
	snprintf(word, sizeof word, "%.*s", (int)(name_n > WORD_MAX ? WORD_MAX + 1 : name_n), name);
	near = jm_near_of(jm_span_str(word), names, n);
	jm_print(stderr, "jmctl %s: no option \"--%s\"", verb, word);
	if (near)
		jm_print(stderr, ", did you mean \"--%s\"?", near);
	jm_print(stderr, "; jmctl %s --help lists them\n", verb);
	return NULL;
}

static int list_add(struct jm_ctl_list *list, const char *text)
{
	const char **v = realloc(list->v, (list->n + 2) * sizeof *v);

	if (!v)
		return -1;
	list->v = v;
	v[list->n++] = text;
	v[list->n] = NULL;
	return 0;
}

/* Store the value of an option. 0, or an exit code after a message. */
static int option_take(const char *verb, const struct jm_ctl_option *o, const char *text)
{
	switch (o->kind) {
	case JM_CTL_FLAG:
		*(bool *)o->value = true;
		return EX_OK;
	case JM_CTL_TEXT:
		*(const char **)o->value = text;
		return EX_OK;
	case JM_CTL_NUMBER:
		if (jm_num_u64(jm_span_str(text), 0, UINT64_MAX, o->value) == 0)
			return EX_OK;
		jm_print(stderr, "jmctl %s: --%s wants a number of decimal digits, not \"%s\"\n",
		    verb, o->name, text);
		return EX_USAGE;
	case JM_CTL_LIST:
		if (list_add(o->value, text) == 0)
			return EX_OK;
		jm_print(stderr, "jmctl %s: out of memory\n", verb);
		return EX_TEMPFAIL;
	}
	return EX_SOFTWARE;
}

/*
 * Read the word argv[*i_r], which begins with "--"; *i_r moves on when the value is the next word.
 * given: for each option of the table, whether it was given. 0, or an exit code after a message.
 */
static int take_word(
    int argc, char **argv, int *i_r, const struct jm_ctl_option *table, bool *given)
{
	const char *name = argv[*i_r] + 2, *equals = strchr(name, '='), *text = NULL;
	const struct jm_ctl_option *o = look_up(
	    argv[0], table, name, equals ? (size_t)(equals - name) : strlen(name));

	if (!o)
		return EX_USAGE;
	if (o->kind == JM_CTL_FLAG && equals) {
		jm_print(stderr, "jmctl %s: --%s takes no argument\n", argv[0], o->name);
		return EX_USAGE;
	}
	if (o->kind != JM_CTL_FLAG) {
		if (equals)
			text = equals + 1;
		else if (*i_r + 1 < argc)
			text = argv[++*i_r];
		else {
			jm_print(
			    stderr, "jmctl %s: --%s wants %s\n", argv[0], o->name, o->argument);
			return EX_USAGE;
		}
	}
	if (given[o - table] && (o->kind == JM_CTL_TEXT || o->kind == JM_CTL_NUMBER)) {
		jm_print(stderr,
		    "jmctl %s: --%s is given twice, the second time with \"%s\"; it has one "
		    "value\n",
		    argv[0], o->name, text);
		return EX_USAGE;
	}
	given[o - table] = true;
	return option_take(argv[0], o, text);
}

static bool option_has(int argc, char **argv, const char *word)
{
	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], word) == 0)
			return true;
	return false;
}

/* The index of the word that asks for help or completions; 0: none. Words after "--" do not count.
 */
static int option_asks(int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0 ||
		    strcmp(argv[i], JM_CTL_COMPLETE) == 0)
			return i;
	return 0;
}

struct jm_ctl_option *jm_ctl_options_add(struct jm_ctl_option *o, const struct jm_ctl_option *table)
{
	for (; table->name; table++)
		*o++ = *table;
	*o = *table;
	return o;
}

int jm_ctl_options(int argc, char **argv, const struct jm_ctl_option *table, const char *usage,
    const char *help, int *exit_r)
{
	bool given[JM_CTL_OPTIONS_MAX] = { false };
	int i, operands = 0, asked = option_asks(argc, argv);

	if (asked > 0) {
		if (strcmp(argv[asked], JM_CTL_COMPLETE) == 0)
			jm_ctl_complete(argv + asked + 1, argc - asked - 1, table, usage);
		else
			jm_ctl_help(argv[0], table, usage, help, option_has(argc, argv, "--json"));
		*exit_r = EX_OK;
		return -1;
	}
	for (i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--") == 0) {
			while (++i < argc)
				argv[++operands] = argv[i];
		} else if (argv[i][0] != '-' || argv[i][1] == '\0') {
			argv[++operands] = argv[i];
		} else if (argv[i][1] != '-') {
			jm_print(stderr,
			    "jmctl %s: no option \"%s\", all are long ones; jmctl %s --help lists "
			    "them\n",
			    argv[0], argv[i], argv[0]);
			*exit_r = EX_USAGE;
			return -1;
		} else if ((*exit_r = take_word(argc, argv, &i, table, given)) != EX_OK) {
			return -1;
		}
	}
	return operands;
}

int jm_ctl_id(const char *text, uint64_t *id_r, struct jm_err *err)
{
	if (jm_num_u64(jm_span_str(text), 1, INT64_MAX, id_r) == 0)
		return 0;
	return jm_err_set(
	    err, JM_E_USAGE, "an ID is a number as \"jmctl list\" prints it, not \"%.60s\"", text);
}
