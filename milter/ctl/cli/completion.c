/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Completions of a command line, from the tables that parse it. contrib/bash-completion/jmctl asks
 * for them. For names of files and folders it gets a placeholder, since the shell completes them
 * better.
 */
#include "milter/ctl/cli/completion.h"

#include <stdio.h>
#include <string.h>

#include "common/settings/default.h"
#include "common/settings/loader.h"
#include "common/settings/settings.h"

#define FILES "\tfiles"
#define FOLDERS "\tfolders"

struct line {
	char *const *words;
	int n; /* the last one is being typed */
	const struct jm_ctl_option *table;
	const char *usage;
	int operands; /* before the last */
	const char *config;
	bool end; /* "--" was seen */
	bool any; /* something was printed */
};

static const char *completion_typed(const struct line *l)
{
	return l->words[l->n - 1];
}

static void completion_put(struct line *l, const char *before, const char *word, size_t n)
{
	const char *text = completion_typed(l);
	size_t k = strlen(before);

	if (strncmp(text, before, strlen(text) < k ? strlen(text) : k) != 0)
		return;
	text += strlen(text) < k ? strlen(text) : k;
	if (strlen(text) > n || memcmp(text, word, strlen(text)) != 0)
		return;
	printf("%s%.*s\n", before, (int)n, word);
	l->any = true;
}

static void put_list(struct line *l, const char *words)
{
	while (*words) {
		size_t n = strcspn(words, " ");

		if (n > 0 && strncmp(words, "...", 3) != 0)
			completion_put(l, "", words, n);
		words += n + (words[n] == ' ');
	}
}

/*
 * Services or domains of the settings. Prints nothing when they cannot be read: a completion must
 * not print messages.
 */
static void put_settings(struct line *l, bool services)
{
	struct jm_settings *s = NULL;
	struct jm_buf report;
	struct jm_err err;

	jm_buf_init(&report, 65536);
	if (jm_settings_load(l->config ? l->config : JM_SETTINGS_DEFAULT_FILE, &s, &report, &err) ==
	    0) {
		for (size_t i = 0; services && i < s->services_n; i++)
			completion_put(l, "", s->services[i].email_address,
			    strlen(s->services[i].email_address));
		for (size_t i = 0; !services && i < s->internal_domains_n; i++)
			completion_put(l, "", s->internal_domains[i].name,
			    strlen(s->internal_domains[i].name));
	}
	jm_settings_unref(&s);
	jm_buf_release(&report);
}

static bool completion_says(const char *text, size_t n, const char *word)
{
	return n >= strlen(word) && memcmp(text, word, strlen(word)) == 0;
}

/* Print what a placeholder in capitals can be. False when that is not known. */
static bool put_meaning(struct line *l, const char *name, size_t n)
{
	if (completion_says(name, n, "FILE") || completion_says(name, n, "PATH"))
		puts(FILES);
	else if (completion_says(name, n, "DIR") || completion_says(name, n, "NEW"))
		puts(FOLDERS);
	else if (completion_says(name, n, "SERVICE"))
		put_settings(l, true);
	else if (completion_says(name, n, "DOMAIN"))
		put_settings(l, false);
	else
		return false;
	l->any = true;
	return true;
}

static void put_value(struct line *l, const struct jm_ctl_option *o)
{
	if (o->words)
		put_list(l, o->words);
	else if (strcmp(o->name, "service") == 0)
		put_settings(l, true);
	else
		(void)put_meaning(l, o->argument, strlen(o->argument));
}

static void put_options(struct line *l)
{
	for (const struct jm_ctl_option *o = l->table; o->name; o++)
		completion_put(l, "--", o->name, strlen(o->name));
	completion_put(l, "--", "help", 4);
}

static bool is_of(char c, char first, char last)
{
	return c >= first && c <= last;
}

/*
 * Walk the usage word by word. For the first operand print the words in lower case, later what the
 * placeholder can be.
 */
static void put_operand(struct line *l)
{
	const char *at = l->usage;
	bool actions = false, meant = false;

	while (*at && !meant) {
		size_t n = strcspn(at, " |[]"), skip;

		if (n > 2 && is_of(at[0], 'a', 'z') && !completion_says(at, n, "options") &&
		    l->operands == 0) {
			completion_put(l, "", at, n);
			actions = true;
		} else if (n > 2 && is_of(at[0], 'A', 'Z') && !actions) {
			meant = put_meaning(l, at, n);
		} else if (completion_says(at, n, "--")) { /* a mandatory option and its value */
			at += n + strspn(at + n, " ");
			n = strcspn(at, " ");
		}
		skip = strspn(at + n, " |[]");
		at += n + skip;
	}
}

static const struct jm_ctl_option *option_named(const struct line *l, const char *word)
{
	for (const struct jm_ctl_option *o = l->table; word[0] == '-' && word[1] == '-' && o->name;
	     o++)
		if (strcmp(o->name, word + 2) == 0)
			return o;
	return NULL;
}

/*
 * Read the words before the last one. Returns the option whose value the last word is, or NULL. The
 * shell gives "=" as a word of its own.
 */
static const struct jm_ctl_option *read_words(struct line *l)
{
	for (int i = 0; i + 1 < l->n; i++) {
		const struct jm_ctl_option *o = l->end ? NULL : option_named(l, l->words[i]);
		bool equals = o && strcmp(l->words[i + 1], "=") == 0;

		if (o && o->kind != JM_CTL_FLAG) {
			i += equals;
			if (i + 2 >= l->n)
				return o;
			if (strcmp(o->name, "config") == 0)
				l->config = l->words[i + 1];
			i++;
		} else if (!l->end && strcmp(l->words[i], "--") == 0) {
			l->end = true;
		} else if (l->end || l->words[i][0] != '-') {
			l->operands++;
		}
	}
	return NULL;
}

void jm_ctl_complete(
    char *const *words, int n, const struct jm_ctl_option *table, const char *usage)
{
	struct line l = { .words = words, .n = n, .table = table, .usage = usage };
	static char nothing[] = "";
	const struct jm_ctl_option *o;

	if (n == 0)
		return;
	o = read_words(&l);
	if (o) {
		if (strcmp(completion_typed(&l), "=") == 0)
			l = (struct line){ .words = (char *[]){ nothing },
				.n = 1,
				.table = table,
				.usage = usage,
				.config = l.config };
		put_value(&l, o);
		return;
	}
	if (!l.end && completion_typed(&l)[0] == '-')
		put_options(&l);
	else
		put_operand(&l);
	if (!l.any && !l.end && completion_typed(&l)[0] == '\0')
		put_options(&l);
}
