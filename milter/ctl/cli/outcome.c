/* SPDX-License-Identifier: BSD-2-Clause */
/* How a verb ends: exit codes and the message of a failure. */
#include "milter/ctl/cli/outcome.h"

#include <stdio.h>
#include <sysexits.h>

#include "milter/ctl/cli/print.h"

int jm_ctl_exit_code(enum jm_err_kind kind)
{
	switch (kind) {
	case JM_E_NONE:
		return EX_OK;
	case JM_E_TEMP:
	case JM_E_LIMIT:
		return EX_TEMPFAIL; /* 75: a later try may succeed */
	case JM_E_NOTFOUND:
		return EX_UNAVAILABLE; /* 69: no such item, file, archive */
	case JM_E_DENIED:
		return EX_NOPERM; /* 77 */
	case JM_E_CONFIG:
		return EX_CONFIG; /* 78 */
	case JM_E_CORRUPT:
		return EX_DATAERR; /* 65: also what verify returns when it found something */
	case JM_E_USAGE:
		return EX_USAGE; /* 64 */
	case JM_E_BUG:
		break;
	}
	return EX_SOFTWARE; /* 70 */
}

int jm_ctl_fail(const char *verb, const struct jm_err *err)
{
	jm_print(stderr, "jmctl %s: ", verb);
	jm_print_text(stderr, jm_span_str(err->text));
	fputc('\n', stderr);
	return jm_ctl_exit_code(err->kind);
}

int jm_ctl_fail_usage(const char *verb, const char *word)
{
	jm_print(stderr, "jmctl %s: \"", verb);
	jm_print_text(stderr, jm_span_str(word));
	jm_print(stderr, "\" is one word too many; see jmctl %s --help\n", verb);
	return EX_USAGE;
}

int jm_ctl_fail_missing(const char *verb, const char *operand)
{
	jm_print(stderr, "jmctl %s: %s is missing; see jmctl %s --help\n", verb, operand, verb);
	return EX_USAGE;
}
