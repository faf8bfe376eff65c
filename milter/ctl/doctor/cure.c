/* SPDX-License-Identifier: BSD-2-Clause */
/* Commands that correct a finding. See cure.h. */
#include "milter/ctl/doctor/cure.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "milter/ctl/cli/quote.h"

void jm_cure_more(char *text, const char *fmt, ...)
{
	size_t n = strlen(text);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text + n, JM_CURE_BYTES - n, fmt, ap);
	va_end(ap);
}

void jm_cure_quote(char *text, const char *word)
{
	struct jm_buf b;

	jm_buf_init(&b, JM_CURE_BYTES);
	if (jm_ctl_quote(&b, word, NULL) == 0)
		jm_cure_more(text, "%s", jm_buf_str(&b));
	jm_buf_release(&b);
}

static void begin_postconf(char *text, const struct jm_doctor *d)
{
	jm_cure_more(text, "postconf ");
	if (d->postfix_given) {
		jm_cure_more(text, "-c ");
		jm_cure_quote(text, d->postfix);
		jm_cure_more(text, " ");
	}
}

static void add_main(char *text, const struct jm_doctor *d, const char *setting, const char *value)
{
	char line[JM_CURE_BYTES];

	begin_postconf(text, d);
	snprintf(line, sizeof line, "%.200s = %.7000s", setting, value);
	jm_cure_more(text, "-e ");
	jm_cure_quote(text, line);
}

const char *jm_cure_main(
    char *text, const struct jm_doctor *d, const char *setting, const char *value)
{
	text[0] = '\0';
	add_main(text, d, setting, value);
	return text;
}

/*
 * postconf -P takes no white space in a value. A value with white space gets a name of its own in
 * main.cf, to which the service refers.
 */
const char *jm_cure_service(char *text, const struct jm_doctor *d, const char *service,
    const char *setting, const char *value)
{
	char name[300], line[JM_CURE_BYTES];
	bool blank = value[strcspn(value, " \t\n")] != '\0';

	text[0] = '\0';
	if (blank) {
		snprintf(name, sizeof name, "journal_%.200s", setting);
		add_main(text, d, name, value);
		jm_cure_more(text, " && ");
		snprintf(line, sizeof line, "%.200s/%.200s=$%.250s", service, setting, name);
	} else {
		snprintf(line, sizeof line, "%.200s/%.200s=%.7000s", service, setting, value);
	}
	begin_postconf(text, d);
	jm_cure_more(text, "-P ");
	jm_cure_quote(text, line);
	return text;
}

static const char *with_word(char *value, size_t n, const char *old, const char *word, bool first)
{
	if (!*old)
		snprintf(value, n, "%s", word);
	else if (first)
		snprintf(value, n, "%s, %s", word, old);
	else
		snprintf(value, n, "%s, %s", old, word);
	return value;
}

const char *jm_cure_add(char *text, const struct jm_doctor *d, const struct jm_postfix *p,
    const char *setting, const char *word)
{
	char value[JM_CURE_BYTES];

	return jm_cure_main(text, d, setting,
	    with_word(value, sizeof value, jm_postfix_raw(p, NULL, setting), word, false));
}

const char *jm_cure_add_first(char *text, const struct jm_doctor *d, const struct jm_postfix *p,
    const char *setting, const char *word)
{
	char value[JM_CURE_BYTES];

	return jm_cure_main(text, d, setting,
	    with_word(value, sizeof value, jm_postfix_raw(p, NULL, setting), word, true));
}

/* Write the words of a list but one into value. False when the list lacks it. */
static bool without_word(char *value, size_t n, const char *list, const char *word)
{
	struct jm_span rest = jm_span_str(list), one;
	bool found = false;

	value[0] = '\0';
	while (jm_postfix_word(&rest, &one)) {
		size_t at = strlen(value);

		if (jm_span_eq_nocase(one, jm_span_str(word)))
			found = true;
		else
			snprintf(value + at, n - at, "%s%.*s", at ? ", " : "", (int)one.len,
			    (const char *)one.p);
	}
	return found;
}

const char *jm_cure_drop(char *text, const struct jm_doctor *d, const struct jm_postfix *p,
    const char *setting, const char *word)
{
	char value[JM_CURE_BYTES];

	/* The word may come from a name that the list refers to. */
	if (!without_word(value, sizeof value, jm_postfix_raw(p, NULL, setting), word))
		(void)without_word(value, sizeof value, jm_postfix_value(p, NULL, setting), word);
	return jm_cure_main(text, d, setting, value);
}

const char *jm_cure_drop_service(char *text, const struct jm_doctor *d, const struct jm_postfix *p,
    const char *service, const char *setting, const char *word)
{
	char value[JM_CURE_BYTES];

	if (!without_word(value, sizeof value, jm_postfix_raw(p, service, setting), word))
		(void)without_word(
		    value, sizeof value, jm_postfix_value(p, service, setting), word);
	return jm_cure_service(text, d, service, setting, value);
}

const char *jm_cure_column(char *text, const struct jm_doctor *d, const char *service,
    const char *column, const char *value)
{
	char line[600];

	text[0] = '\0';
	begin_postconf(text, d);
	snprintf(line, sizeof line, "%.300s/%.100s=%.100s", service, column, value);
	jm_cure_more(text, "-F ");
	jm_cure_quote(text, line);
	return text;
}

const char *jm_cure_service_first(char *text, const struct jm_doctor *d, const struct jm_postfix *p,
    const char *service, const char *setting, const char *word)
{
	char value[JM_CURE_BYTES];

	if (!jm_postfix_overrides(p, service, setting))
		return jm_cure_add_first(text, d, p, setting, word);
	return jm_cure_service(text, d, service, setting,
	    with_word(value, sizeof value, jm_postfix_raw(p, service, setting), word, true));
}
