/* SPDX-License-Identifier: BSD-2-Clause */
/* The list of decisions. The checks themselves: admit.c, judge.c, wait.c. */
#include "common/service/decision.h"

#include <stdarg.h>
#include <stdio.h>

#include "common/base/visible.h"

bool jm_decide(
    struct jm_decisions *d, const char *setting, int line, bool passed, const char *fmt, ...)
{
	struct jm_decision *one = &d->v[d->n < JM_DECISIONS_MAX ? d->n++ : JM_DECISIONS_MAX - 1];
	char text[JM_DECISION_TEXT_BYTES];
	va_list ap;

	one->setting = setting;
	one->line = line;
	one->passed = passed;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	jm_visible_line(text, one->text, sizeof one->text);
	return passed;
}
