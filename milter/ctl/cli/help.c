/* SPDX-License-Identifier: BSD-2-Clause */
/* Help of a verb, as text for people and as JSON for programs. */
#include "milter/ctl/cli/help.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

static void put_text(
    const char *verb, const struct jm_ctl_option *table, const char *usage, const char *help)
{
	const struct jm_ctl_option *o;
	char left[64];

	printf("usage: jmctl %s %s\n\n%s\n\noptions:\n", verb, usage, help);
	for (o = table; o->name; o++) {
		snprintf(left, sizeof left, "--%s%s%s", o->name, o->argument ? " " : "",
		    o->argument ? o->argument : "");
		printf("  %-26s %s\n", left, o->help);
	}
	printf("  %-26s %s\n", "--help, -h", "show this");
}

static json_t *words_of(const char *words)
{
	json_t *list = json_array();

	while (words && *words) {
		size_t n = strcspn(words, " ");

		(void)json_array_append_new(list, json_stringn(words, n));
		words += n + (words[n] == ' ');
	}
	return list;
}

static void put_json(
    const char *verb, const struct jm_ctl_option *table, const char *usage, const char *help)
{
	static const char *const kinds[] = { "flag", "text", "number", "list" };
	json_t *list = json_array(), *o;

	for (; table->name; table++)
		(void)json_array_append_new(list,
		    json_pack("{s:s, s:s, s:s?, s:s, s:o}", "name", table->name, "kind",
			kinds[table->kind], "argument", table->argument, "help", table->help,
			"words", words_of(table->words)));
	o = json_pack(
	    "{s:s, s:s, s:s, s:o}", "verb", verb, "usage", usage, "help", help, "options", list);
	json_dumpf(o, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(o);
}

void jm_ctl_help(const char *verb, const struct jm_ctl_option *table, const char *usage,
    const char *help, bool json)
{
	(json ? put_json : put_text)(verb, table, usage, help);
}
