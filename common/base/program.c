/* SPDX-License-Identifier: BSD-2-Clause */
/* getopt(3) by a table, whose values only the caller understands; core dumps. See program.h. */
#include "common/base/program.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sysexits.h>

#include "common/base/err.h"
#include "common/base/visible.h"

#define OPTIONS_MAX 24

static const struct jm_program_option *option_of(const struct jm_program *p, int letter)
{
	for (size_t i = 0; i < p->options_n; i++)
		if (p->options[i].letter == letter)
			return &p->options[i];
	return NULL;
}

/* The third parameter of getopt(3). */
static void write_letters(const struct jm_program *p, char letters[2 * OPTIONS_MAX + 3])
{
	size_t n = 0;

	for (size_t i = 0; i < p->options_n && i < OPTIONS_MAX; i++) {
		letters[n++] = p->options[i].letter;
		if (!p->options[i].given)
			letters[n++] = ':';
	}
	memcpy(letters + n, "Vh", sizeof "Vh");
}

void jm_program_complain(const char *name, const char *text)
{
	fprintf(stderr, "%s: ", name);
	jm_visible_put(stderr, text);
	putc('\n', stderr);
}

bool jm_program_options(const struct jm_program *p, int argc, char **argv, int *status)
{
	char letters[2 * OPTIONS_MAX + 3];
	struct jm_err err;
	int c;

	write_letters(p, letters);
	*status = EX_OK;
	while ((c = getopt(argc, argv, letters)) != -1) {
		const struct jm_program_option *o = option_of(p, c);

		if (o && o->given) {
			*o->given = true;
		} else if (o) {
			*o->value = optarg;
		} else if (c == 'V') {
			printf("%s " PACKAGE_VERSION "\n", p->name);
			return false;
		} else {
			*status = c == 'h' ? EX_OK : EX_USAGE;
			fputs(p->usage, c == 'h' ? stdout : stderr);
			return false;
		}
	}
	if (optind == argc)
		return true;
	(void)jm_err_set(&err, JM_E_USAGE, "unexpected argument \"%s\"", argv[optind]);
	jm_program_complain(p->name, err.text);
	fputs(p->usage, stderr);
	*status = EX_USAGE;
	return false;
}

void jm_program_forbid_dumps(void)
{
	/* The limit alone does not stop a dump that the kernel pipes into a program. */
	(void)prctl(PR_SET_DUMPABLE, 0);
	(void)setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
}
