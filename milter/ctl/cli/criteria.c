/* SPDX-License-Identifier: BSD-2-Clause */
/* Which items are meant. See criteria.h. */
#include "milter/ctl/cli/criteria.h"

#include <string.h>

#include "common/base/num.h"

bool jm_criteria_given(const struct jm_criteria *c)
{
	return c->sender || c->recipient || c->address || c->domain || c->subject ||
	    c->message_id || c->since || c->until || c->sent_since || c->sent_until || c->service ||
	    c->min_size || c->max_size || c->attachment;
}

int jm_criteria_size(const char *text, uint64_t *bytes_r)
{
	static const char units[] = "kMGT";
	size_t n = strlen(text);
	const char *unit = n > 1 ? strchr(units, text[n - 1]) : NULL;
	uint64_t factor = 1;

	for (const char *u = units; unit && u <= unit; u++)
		factor *= 1000;
	if (jm_num_u64(jm_span_of(text, unit ? n - 1 : n), 0, INT64_MAX / factor, bytes_r) < 0)
		return -1;
	*bytes_r *= factor;
	return 0;
}

static int set_size(json_t *q, const char *name, const char *text, struct jm_err *err)
{
	uint64_t bytes;

	if (!text)
		return 0;
	if (jm_criteria_size(text, &bytes) < 0)
		return jm_err_set(err, JM_E_USAGE,
		    "--%s is a number of bytes such as 20000, 500k or 10M, not \"%.40s\"", name,
		    text);
	return json_object_set_new(q, name, json_integer((json_int_t)bytes)) == 0
	    ? 0
	    : jm_err_set(err, JM_E_TEMP, "out of memory");
}

json_t *jm_criteria_request(const struct jm_criteria *c, const char *verb, struct jm_err *err)
{
	const struct {
		const char *name, *text;
	} texts[] = {
		{ "verb", verb },
		{ "sender", c->sender },
		{ "recipient", c->recipient },
		{ "address", c->address },
		{ "domain", c->domain },
		{ "subject", c->subject },
		{ "message-id", c->message_id },
		{ "since", c->since },
		{ "until", c->until },
		{ "sent-since", c->sent_since },
		{ "sent-until", c->sent_until },
		{ "service", c->service },
		{ "attachment", c->attachment },
	};
	const struct {
		const char *name;
		bool on;
	} flags[] = {
		{ "subdomains", c->subdomains },
		{ "set-aside", c->set_aside },
		{ "bcc", c->bcc },
	};
	json_t *q = json_object();
	size_t i;

	if (c->subdomains && !c->domain) {
		jm_err_set(err, JM_E_USAGE, "--subdomains goes with --domain");
		goto fail;
	}
	for (i = 0; i < sizeof texts / sizeof texts[0]; i++)
		if (texts[i].text &&
		    json_object_set_new(q, texts[i].name, json_string(texts[i].text)) != 0) {
			jm_err_set(
			    err, JM_E_USAGE, "what --%s is given is no UTF-8", texts[i].name);
			goto fail;
		}
	for (i = 0; i < sizeof flags / sizeof flags[0]; i++)
		if (flags[i].on && json_object_set_new(q, flags[i].name, json_true()) != 0) {
			jm_err_set(err, JM_E_TEMP, "out of memory");
			goto fail;
		}
	if (set_size(q, "min-size", c->min_size, err) < 0 ||
	    set_size(q, "max-size", c->max_size, err) < 0)
		goto fail;
	return q;
fail:
	json_decref(q);
	return NULL;
}
