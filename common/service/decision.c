/* SPDX-License-Identifier: BSD-2-Clause */
/* The list of decisions. The checks themselves: admit.c, judge.c, wait.c. */
#include "common/service/decision.h"

#include <stdarg.h>
#include <stdio.h>

bool jm_decide(
    struct jm_decisions *d, const char *setting, int line, bool passed, const char *fmt, ...)
{
	struct jm_decision *one = &d->v[d->n < JM_DECISIONS_MAX ? d->n++ : JM_DECISIONS_MAX - 1];
	va_list ap;
	char *p;

	one->setting = setting;
	one->line = line;
	one->passed = passed;
	va_start(ap, fmt);
	vsnprintf(one->text, sizeof one->text, fmt, ap);
	va_end(ap);
	for (p = one->text; *p; p++)
		if (*p < ' ' || *p > '~')
			*p = '?';
	return passed;
}
