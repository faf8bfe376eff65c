/* SPDX-License-Identifier: BSD-2-Clause */
/* Asking on the terminal. */
#include "milter/ctl/cli/confirm.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "milter/ctl/cli/print.h"

bool jm_ctl_can_ask(void)
{
	return isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
}

bool jm_ctl_confirm(const char *question)
{
	char line[16];

	jm_print(stderr, "%s [y/N] ", question);
	(void)fflush(stderr);
	if (!fgets(line, sizeof line, stdin)) {
		fputc('\n', stderr);
		return false;
	}
	line[strcspn(line, "\n")] = '\0';
	return strcasecmp(line, "y") == 0 || strcasecmp(line, "yes") == 0;
}
