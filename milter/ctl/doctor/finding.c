/* SPDX-License-Identifier: BSD-2-Clause */
/* The list of findings of jmctl doctor. See finding.h. */
#include "milter/ctl/doctor/finding.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/json/value.h"
#include "milter/ctl/cli/print.h"

const char *jm_doctor_level_name(enum jm_doctor_level level)
{
	static const char *const names[] = { "ok", "skip", "note", "warn", "FAIL" };

	return names[level];
}

static json_t *make_finding(const struct jm_doctor *d, enum jm_doctor_level level, const char *name,
    const char *change, const char *text)
{
	json_t *cure = change ? jm_json_text(jm_span_str(change)) : json_null();

	return json_pack("{s:s, s:s, s:s, s:o, s:o}", "level", jm_doctor_level_name(level), "group",
	    d->group, "name", name, "text", jm_json_text(jm_span_str(text)), "change", cure);
}

/* The last finding that a check of this name began and that has no outcome yet; -1: none. */
static int open_check(const struct jm_doctor *d, const char *name)
{
	for (size_t i = json_array_size(d->findings); i-- > 0;) {
		const json_t *f = json_array_get(d->findings, i);

		if (strcmp(json_string_value(json_object_get(f, "name")), name) == 0 &&
		    strcmp(json_string_value(json_object_get(f, "group")), d->group) == 0)
			return strcmp(json_string_value(json_object_get(f, "level")), "ok") == 0
			    ? (int)i
			    : -1;
	}
	return -1;
}

void jm_doctor_check(struct jm_doctor *d, const char *name, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	d->checks++;
	/* A check that cannot be listed is made nevertheless. */
	(void)json_array_append_new(d->findings, make_finding(d, JM_DOCTOR_OK, name, NULL, text));
}

void jm_doctor_add(struct jm_doctor *d, enum jm_doctor_level level, const char *name,
    const char *change, const char *fmt, ...)
{
	char text[2048];
	int at = open_check(d, name), rc;
	json_t *finding;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	finding = make_finding(d, level, name, change, text);
	rc = at >= 0 ? json_array_set_new(d->findings, (size_t)at, finding)
		     : json_array_append_new(d->findings, finding);
	/* A finding that cannot be added to the list still counts. */
	if (rc != 0)
		jm_print(stderr, "jmctl doctor: %s: %s\n", jm_doctor_level_name(level), name);
	if (level == JM_DOCTOR_SKIP && at >= 0)
		d->checks--;
	if (level > d->worst)
		d->worst = level;
}

size_t jm_doctor_count(const struct jm_doctor *d, enum jm_doctor_level level)
{
	size_t n = 0, i;
	json_t *f;

	json_array_foreach(d->findings, i, f)
		n += strcmp(json_string_value(json_object_get(f, "level")),
			 jm_doctor_level_name(level)) == 0;
	return n;
}
