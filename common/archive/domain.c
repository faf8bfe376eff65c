/* SPDX-License-Identifier: BSD-2-Clause */
/* Events that carry the state of an internal domain: durable, listed among the events, and applied
 * again whenever the catalog is made again. */
#include "common/archive/domain.h"

#include <stdio.h>

#include "common/archive/commit.h"
#include "common/base/clock.h"
#include "common/volume/metadata.h"

static const char *domain_kind(enum jm_domain_state state)
{
	static const char *const kinds[] = { [JM_DOMAIN_PENDING] = "domain-added",
		[JM_DOMAIN_VERIFIED] = "domain-verified",
		[JM_DOMAIN_FAILED] = "domain-not-verified",
		[JM_DOMAIN_REMOVED] = "domain-removed" };

	return kinds[state];
}

static const char *const domain_words[] = { [JM_DOMAIN_PENDING] = "pending",
	[JM_DOMAIN_VERIFIED] = "verified",
	[JM_DOMAIN_FAILED] = "failed",
	[JM_DOMAIN_REMOVED] = "removed" };

int jm_archive_domain(
    struct jm_archive *a, const char *actor, const struct jm_domain_change *c, struct jm_err *err)
{
	char text[400];
	const struct jm_event e = { .time_ms = jm_clock_now_ms(),
		.kind = domain_kind(c->state),
		.actor = actor,
		.text = text };
	json_t *meta;

	snprintf(text, sizeof text, "domain %.255s: %.120s", c->domain,
	    c->text ? c->text : domain_words[c->state]);
	meta = jm_describe_event(&e, err);
	if (!meta)
		return -1;
	if (json_object_set_new(meta, "domain",
		json_pack("{s:s, s:s, s:s, s:s*}", "domain", c->domain, "state",
		    domain_words[c->state], "code", c->code ? c->code : "", "text", c->text)) !=
	    0) {
		json_decref(meta);
		return jm_err_set(
		    err, JM_E_TEMP, "no memory for a domain, or a name that is not UTF-8");
	}
	return jm_commit_record(a, JM_RECORD_EVENT, meta, err);
}
