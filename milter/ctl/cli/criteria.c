/* SPDX-License-Identifier: BSD-2-Clause */
/* Search criteria of a command line, as options and as a request. The criteria themselves are in
 * common/control/criterion.c. */
#include "milter/ctl/cli/criteria.h"

#include <string.h>

#include "common/base/num.h"
#include "common/mail/charset.h"

struct jm_ctl_option *jm_criteria_options(struct jm_ctl_option *o, struct jm_criteria *c, bool list)
{
	size_t n;
	const struct jm_criterion *rows = jm_criteria(&n);

	for (size_t i = 0; i < n; i++) {
		bool flag = rows[i].type == JM_CRITERION_FLAG;

		if (list && !rows[i].list)
			continue;
		*o++ = (struct jm_ctl_option){ .name = rows[i].name,
			.kind = flag ? JM_CTL_FLAG : JM_CTL_TEXT,
			.value = flag ? (void *)&c->flag[i] : (void *)&c->text[i],
			.argument = rows[i].argument,
			.help = rows[i].help };
	}
	return o;
}

bool jm_criteria_given(const struct jm_criteria *c)
{
	size_t n;
	const struct jm_criterion *rows = jm_criteria(&n);

	for (size_t i = 0; i < n; i++)
		if (rows[i].selects && (c->text[i] || c->flag[i]))
			return true;
	return false;
}

bool jm_criteria_flag(const struct jm_criteria *c, const char *name)
{
	size_t n;

	return c->flag[jm_criterion_named(name) - jm_criteria(&n)];
}

int jm_criteria_size(const char *text, uint64_t *bytes_r)
{
	static const char units[] = "kMGT";
	size_t n = strlen(text);
	const char *unit = n > 1 ? strchr(units, text[n - 1]) : NULL;
	uint64_t factor = 1;

	for (const char *u = units; unit && u <= unit; u++)
		factor *= 1000;
	if (jm_num_u64(jm_span_of(text, unit ? n - 1 : n), 0, INT64_MAX / factor, bytes_r) != 0)
		return -1;
	*bytes_r *= factor;
	return 0;
}

/* A value as JSON; NULL with err. */
static json_t *criteria_value(
    const struct jm_criterion *row, const char *text, bool flag, struct jm_err *err)
{
	uint64_t bytes = 0;
	json_t *value;

	if (text && row->type == JM_CRITERION_SIZE && jm_criteria_size(text, &bytes) != 0) {
		jm_err_set(err, JM_E_USAGE,
		    "--%s is a number of bytes such as 20000, 500k or 10M, not \"%.40s\"",
		    row->name, text);
		return NULL;
	}
	if (text && !jm_charset_is_utf8(jm_span_str(text))) {
		jm_err_set(err, JM_E_USAGE, "what --%s is given is no UTF-8", row->name);
		return NULL;
	}
	value = row->type == JM_CRITERION_FLAG ? json_boolean(flag)
	    : row->type == JM_CRITERION_SIZE   ? json_integer((json_int_t)bytes)
					       : json_string(text);
	if (!value)
		jm_err_set(err, JM_E_TEMP, "out of memory");
	return value;
}

json_t *jm_criteria_request(const struct jm_criteria *c, const char *verb, struct jm_err *err)
{
	size_t n;
	const struct jm_criterion *rows = jm_criteria(&n);
	json_t *request, *value;

	if (jm_criteria_flag(c, "subdomains") && !c->text[jm_criterion_named("domain") - rows]) {
		jm_err_set(err, JM_E_USAGE, "--subdomains goes with --domain");
		return NULL;
	}
	request = json_pack("{s:s}", "verb", verb);
	if (!request)
		jm_err_set(err, JM_E_TEMP, "out of memory");
	for (size_t i = 0; request && i < n; i++) {
		if (!c->text[i] && !c->flag[i])
			continue;
		value = criteria_value(&rows[i], c->text[i], c->flag[i], err);
		if (value && json_object_set_new(request, rows[i].name, value) == 0)
			continue;
		if (value)
			jm_err_set(err, JM_E_TEMP, "out of memory");
		json_decref(request);
		request = NULL;
	}
	return request;
}
