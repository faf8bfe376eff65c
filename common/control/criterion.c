/* SPDX-License-Identifier: BSD-2-Clause */
/* The rows of the table of search criteria, in the order of jmctl search --help. See criterion.h.
 */
#include "common/control/criterion.h"

#include <string.h>

#include "common/query/search.h"

#define FIELD(name) offsetof(struct jm_archive_filter, name)

static const struct jm_criterion criteria[] = {
	{ "sender", JM_CRITERION_TEXT, "ADDRESS", "sent by, or on behalf of", FIELD(sender), false,
	    true },
	{ "recipient", JM_CRITERION_TEXT, "ADDRESS", "received by, as the reports say",
	    FIELD(recipient), false, true },
	{ "address", JM_CRITERION_TEXT, "ADDRESS",
	    "with this sender or recipient (letter case does not matter)", FIELD(address), true,
	    true },
	{ "domain", JM_CRITERION_TEXT, "DOMAIN", "with a sender or recipient at this domain",
	    FIELD(domain), false, true },
	{ "subdomains", JM_CRITERION_FLAG, NULL, "or at a domain below it", FIELD(subdomains),
	    false, false },
	{ "subject", JM_CRITERION_TEXT, "WORDS",
	    "whose subject has all these words, in any order, also within longer ones",
	    FIELD(subject), false, true },
	{ "message-id", JM_CRITERION_TEXT, "ID", "with this Message-ID, with or without <>",
	    FIELD(message_id), true, true },
	{ "since", JM_CRITERION_DATE, "DATE",
	    "archived at or after DATE, UTC: 2026-11-22 or 2026-11-22T08:30:00Z", FIELD(since_ms),
	    true, true },
	{ "until", JM_CRITERION_DATE, "DATE", "archived before DATE", FIELD(until_ms), true, true },
	{ "sent-since", JM_CRITERION_DATE, "DATE",
	    "sent at or after DATE, by the message's own Date", FIELD(sent_since_ms), false, true },
	{ "sent-until", JM_CRITERION_DATE, "DATE", "sent before DATE", FIELD(sent_until_ms), false,
	    true },
	{ "service", JM_CRITERION_TEXT, "ADDRESS", "that came through this journal address",
	    FIELD(service), true, true },
	{ "min-size", JM_CRITERION_SIZE, "BYTES",
	    "of at least this size; 500k, 10M, 1G are understood", FIELD(min_bytes), false, true },
	{ "max-size", JM_CRITERION_SIZE, "BYTES", "of at most this size", FIELD(max_bytes), false,
	    true },
	{ "attachment", JM_CRITERION_TEXT, "NAME",
	    "with an attachment whose name has NAME in it, or fits a pattern with * and ?",
	    FIELD(attachment), false, true },
	{ "set-aside", JM_CRITERION_FLAG, NULL, "what is set aside, not what is archived",
	    FIELD(set_aside), true, false },
	{ "waiting", JM_CRITERION_FLAG, NULL, "what waits in the processing queue, too",
	    FIELD(waiting), true, false },
	{ "bcc", JM_CRITERION_FLAG, NULL, "Bcc recipients count, and are shown", FIELD(bcc), true,
	    false },
};

#define CRITERIA_N (sizeof criteria / sizeof criteria[0])

_Static_assert(CRITERIA_N <= JM_CRITERIA_MAX, "JM_CRITERIA_MAX is too small");

const struct jm_criterion *jm_criteria(size_t *n_r)
{
	*n_r = CRITERIA_N;
	return criteria;
}

const struct jm_criterion *jm_criterion_named(const char *name)
{
	for (size_t i = 0; i < CRITERIA_N; i++)
		if (strcmp(criteria[i].name, name) == 0)
			return &criteria[i];
	return NULL;
}
