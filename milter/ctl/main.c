/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * jmctl: the table of verbs, --help, --version and the verbs help and completion. Each other verb
 * is in a file of its name in ask/, files/, doctor/ or setup/.
 */
#include <locale.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "common/base/program.h"
#include "common/settings/near.h"
#include "milter/ctl/ask/events.h"
#include "milter/ctl/ask/list.h"
#include "milter/ctl/ask/queue.h"
#include "milter/ctl/ask/ask_reload.h"
#include "milter/ctl/ask/search.h"
#include "milter/ctl/ask/show.h"
#include "milter/ctl/ask/status.h"
#include "milter/ctl/ask/top.h"
#include "milter/ctl/ask/verify.h"
#include "milter/ctl/ask/watch.h"
#include "milter/ctl/cli/option.h"
#include "milter/ctl/cli/outcome.h"
#include "milter/ctl/cli/print.h"
#include "milter/ctl/cli/target.h"
#include "milter/ctl/doctor/doctor.h"
#include "milter/ctl/files/backup.h"
#include "milter/ctl/files/dump.h"
#include "milter/ctl/files/export.h"
#include "milter/ctl/files/import.h"
#include "milter/ctl/files/load.h"
#include "milter/ctl/files/rebuild.h"
#include "milter/ctl/setup/check.h"
#include "milter/ctl/setup/domain.h"
#include "milter/ctl/setup/explain.h"
#include "milter/ctl/setup/ranges.h"
#include "milter/ctl/setup/setup.h"
#include "milter/ctl/setup/test.h"
#include "milter/ctl/setup/unwrap.h"

/*
 * A verb. It gets its name as argv[0], prints results on standard output and all else on standard
 * error, and returns the exit code.
 */
struct verb {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *help; /* one line */
};

static int verb_help(int argc, char **argv);
static int verb_completion(int argc, char **argv);

/* In the order of the manual page. */
static const struct verb verbs[] = {
	{ "status", jm_ctl_status, "the state of archive and daemon" },
	{ "list", jm_ctl_list, "the items of the archive" },
	{ "search", jm_ctl_search,
	    "items by sender, recipient, domain, subject, date, size, attachment" },
	{ "show", jm_ctl_show, "one item: envelope, recipients, text, attachments, reports" },
	{ "export", jm_ctl_export,
	    "the exact bytes of messages or reports: files, mbox, Maildir, EDRM XML" },
	{ "queue", jm_ctl_queue, "the processing queue: list, show, retry, release" },
	{ "set-aside", jm_ctl_set_aside, "what is set aside: list, show, release, expire" },
	{ "verify", jm_ctl_verify, "re-read and compare every record" },
	{ "events", jm_ctl_events, "what happened" },
	{ "watch", jm_ctl_watch, "what happens, line by line" },
	{ "top", jm_ctl_top, "the state of the daemon, redrawn all the time" },
	{ "backup", jm_ctl_backup, "a copy of the archive, brought up to date and verified" },
	{ "restore", jm_ctl_restore, "an archive from a backup" },
	{ "dump", jm_ctl_dump, "all messages as plain files with manifest and digests" },
	{ "load", jm_ctl_load, "a dump into a new archive" },
	{ "import", jm_ctl_import, "messages from files, mbox and Maildir" },
	{ "rebuild", jm_ctl_rebuild, "make the catalog anew from the volumes" },
	{ "upgrade", jm_ctl_upgrade, "bring an older archive to the newest format" },
	{ "reload", jm_ctl_reload, "have the daemon read its settings file again" },
	{ "check", jm_ctl_check, "check a settings file and show what it says" },
	{ "test", jm_ctl_test, "try a journal mailbox (POP3) step by step" },
	{ "explain", jm_ctl_explain, "what would become of a message, and which setting decides" },
	{ "domain", jm_ctl_domain, "show that an internal domain is yours, by a TXT record" },
	{ "unwrap", jm_ctl_unwrap, "show what the rules make of a message; needs no archive" },
	{ "setup", jm_ctl_setup, "write what MTA, archive and Exchange need for a domain" },
	{ "doctor", jm_ctl_doctor,
	    "look for what loses, delays or refuses journal mail; changes nothing" },
	{ "ranges", jm_ctl_ranges,
	    "the addresses of Microsoft 365, and what a newer list changes" },
	{ "completion", verb_completion, "what the next word may be, for the shell" },
	{ "help", verb_help, "list the verbs, or show the options of one" },
};

#define VERBS_N (sizeof verbs / sizeof verbs[0])

static int verb_unknown(const char *word)
{
	const char *names[VERBS_N + 2], *near;
	size_t i, n = 0;

	for (i = 0; i < VERBS_N; i++)
		names[n++] = verbs[i].name;
	names[n++] = "--help";
	names[n++] = "--version";
	near = jm_near_of(jm_span_str(word), names, n);
	jm_print(stderr, "jmctl: no verb \"%s\"", word);
	if (near)
		jm_print(stderr, ", did you mean \"%s\"?", near);
	fputs("; jmctl --help lists them\n", stderr);
	return EX_USAGE;
}

static int verb_run(int argc, char **argv)
{
	size_t i;

	for (i = 0; i < VERBS_N; i++)
		if (strcmp(argv[0], verbs[i].name) == 0) {
			jm_target_name(argv[0]);
			return verbs[i].run(argc, argv);
		}
	return verb_unknown(argv[0]);
}

/* Print the options of a verb by running it with --help: only the verb knows them. */
static int print_options(const char *name, bool json)
{
	static char option[] = "--help", as_json[] = "--json";
	char *verb = strdup(name), *args[] = { verb, option, json ? as_json : NULL, NULL };
	int code = verb ? verb_run(json ? 3 : 2, args) : jm_ctl_exit_code(JM_E_TEMP);

	free(verb);
	return code;
}

static void list_verbs(FILE *f)
{
	fputs("usage: jmctl VERB [options]\n       jmctl --help | --version\n\nverbs:\n", f);
	for (size_t i = 0; i < VERBS_N; i++)
		jm_print(f, "  %-10s %s\n", verbs[i].name, verbs[i].help);
	fputs("\njmctl VERB --help shows the options of a verb; everything is in jmctl(8).\n", f);
}

static int verb_help(int argc, char **argv)
{
	bool json = false;
	const struct jm_ctl_option options[] = {
		{ "json", JM_CTL_FLAG, &json, NULL, "print JSON, one object a verb" }, { NULL }
	};
	int code,
	    n = jm_ctl_options(argc, argv, options, "[options] [VERB]",
		"List the verbs, or show the options of one.", &code);
	size_t i;

	if (n < 0)
		return code;
	if (n > 1)
		return jm_ctl_fail_usage(argv[0], argv[2]);
	if (n == 1)
		return print_options(argv[1], json);
	if (json) {
		for (i = 0; i < VERBS_N; i++)
			(void)print_options(verbs[i].name, true);
		return EX_OK;
	}
	list_verbs(stdout);
	return EX_OK;
}

/*
 * Complete a command line, given as words up to the one that is being typed. The verb's name is
 * completed here, the rest by the verb.
 */
static int verb_completion(int argc, char **argv)
{
	static const struct jm_ctl_option none[] = { { NULL } };
	static char ask[] = JM_CTL_COMPLETE;
	size_t i;
	int code;

	/* words follow, even if they look like options */
	if (argc > 1 && strcmp(argv[1], "--") == 0) {
		argv++;
		argc--;
	} else if (
	    jm_ctl_options(argc, argv, none, "-- WORD...",
		"Print what the last WORD of a command line may be, a line each; \"files\" and "
		"\"folders\" after a tab stand for their names.",
		&code) < 0) {
		return code;
	}
	if (argc < 2)
		return jm_ctl_fail_missing("completion", "WORD");
	if (argc == 2 || (strcmp(argv[1], "help") == 0 && argv[argc - 1][0] != '-')) {
		for (i = 0; i < VERBS_N; i++)
			if (strncmp(verbs[i].name, argv[argc - 1], strlen(argv[argc - 1])) == 0)
				jm_print(stdout, "%s\n", verbs[i].name);
		return EX_OK;
	}
	for (i = 0; i < VERBS_N; i++) {
		if (strcmp(argv[1], verbs[i].name) != 0)
			continue;
		argv[0] = argv[1];
		argv[1] = ask;
		return verbs[i].run(argc, argv);
	}
	return EX_OK;
}

/*
 * Options before the verb belong to it: "jmctl --archive DIR list". Moves the verb to the front.
 * Works for the options that all verbs of the archive share, because for others it is not known
 * here which word is a value.
 */
static void verb_first(int argc, char **argv)
{
	static const char *const with_argument[] = { "--config", "--archive", "--socket" };
	char *verb;
	size_t k;
	int i = 1;

	while (i < argc &&
	    (strcmp(argv[i], "--json") == 0 || strncmp(argv[i], "--config", 8) == 0 ||
		strncmp(argv[i], "--archive", 9) == 0 || strncmp(argv[i], "--socket", 8) == 0)) {
		for (k = 0; k < 3; k++)
			if (strcmp(argv[i], with_argument[k]) == 0)
				i++;
		i++;
	}
	if (i == 1 || i >= argc)
		return;
	verb = argv[i];
	memmove(argv + 2, argv + 1, (size_t)(i - 1) * sizeof *argv);
	argv[1] = verb;
}

int main(int argc, char **argv)
{
	jm_program_forbid_dumps();
	/* Only for the width of characters. Debian's C library always has this locale. */
	setlocale(LC_CTYPE, "C.UTF-8");
	if (argc < 2) {
		list_verbs(stderr);
		return EX_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
		return verb_help(1, (char *[]){ (char *)(uintptr_t) "help", NULL });
	if (strcmp(argv[1], "--version") == 0) {
		puts("jmctl (" PACKAGE_NAME ") " PACKAGE_VERSION);
		return EX_OK;
	}
	verb_first(argc, argv);
	return verb_run(argc - 1, argv + 1);
}
