/* SPDX-License-Identifier: BSD-2-Clause */
/* The list of findings of jmctl doctor. See finding.h. */
#include "milter/ctl/doctor/finding.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *jm_doctor_level_name(enum jm_doctor_level level)
{
	static const char *const names[] = { "ok", "warn", "FAIL" };

	return names[level];
}

void jm_doctor_add(struct jm_doctor *d, enum jm_doctor_level level, const char *name,
    const char *change, const char *fmt, ...)
{
	char text[1024];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	/* A finding that cannot be added to the list still counts. */
	if (n < 0 ||
	    json_array_append_new(d->findings,
		json_pack("{s:s, s:s, s:s, s:s%, s:s?}", "level", jm_doctor_level_name(level),
		    "group", d->group, "name", name, "text", text, strlen(text), "change",
		    change)) != 0)
		fprintf(stderr, "jmctl doctor: %s: %s\n", jm_doctor_level_name(level), name);
	if (level > d->worst)
		d->worst = level;
}
