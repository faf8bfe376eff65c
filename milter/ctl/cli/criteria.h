/* SPDX-License-Identifier: BSD-2-Clause */
/* Which items are meant: the criteria that search and export share, from options to a request. */
#ifndef JM_MILTER_CTL_CLI_CRITERIA_H
#define JM_MILTER_CTL_CLI_CRITERIA_H

#include <jansson.h>
#include <stdbool.h>

#include "milter/ctl/cli/option.h"

/* NULL, false: not given. Strings are borrowed from the command line. */
struct jm_criteria {
	const char *sender, *recipient, *address, *domain, *subject, *message_id, *since, *until,
	    *sent_since, *sent_until, *service;
	const char *min_size, *max_size, *attachment;
	bool subdomains, set_aside, bcc;
};

#define JM_CRITERIA_OPTIONS(c) \
	{ "sender", JM_CTL_TEXT, &(c)->sender, "ADDRESS", "sent by, or on behalf of" }, \
	    { "recipient", JM_CTL_TEXT, &(c)->recipient, "ADDRESS", \
		    "received by, as the reports say" }, \
	    { "address", JM_CTL_TEXT, &(c)->address, "ADDRESS", \
		    "with this sender or recipient (letter case does not matter)" }, \
	    { "domain", JM_CTL_TEXT, &(c)->domain, "DOMAIN", \
		    "with a sender or recipient at this domain" }, \
	    { "subdomains", JM_CTL_FLAG, &(c)->subdomains, NULL, "or at a domain below it" }, \
	    { "subject", JM_CTL_TEXT, &(c)->subject, "WORDS", \
		    "whose subject has all these words, in any order, also within longer ones" }, \
	    { "message-id", JM_CTL_TEXT, &(c)->message_id, "ID", \
		    "with this Message-ID, with or without <>" }, \
	    { "since", JM_CTL_TEXT, &(c)->since, "DATE", \
		    "archived at or after DATE, UTC: 2026-11-22 or 2026-11-22T08:30:00Z" }, \
	    { "until", JM_CTL_TEXT, &(c)->until, "DATE", "archived before DATE" }, \
	    { "sent-since", JM_CTL_TEXT, &(c)->sent_since, "DATE", \
		    "sent at or after DATE, by the message's own Date" }, \
	    { "sent-until", JM_CTL_TEXT, &(c)->sent_until, "DATE", "sent before DATE" }, \
	    { "service", JM_CTL_TEXT, &(c)->service, "ADDRESS", \
		    "that came through this journal address" }, \
	    { "min-size", JM_CTL_TEXT, &(c)->min_size, "BYTES", \
		    "of at least this size; 500k, 10M, 1G are understood" }, \
	    { "max-size", JM_CTL_TEXT, &(c)->max_size, "BYTES", "of at most this size" }, \
	    { "attachment", JM_CTL_TEXT, &(c)->attachment, "NAME", \
		    "with an attachment whose name has NAME in it, or fits a pattern with * and ?" }, \
	    { "set-aside", JM_CTL_FLAG, &(c)->set_aside, NULL, \
		    "what is set aside, not what is archived" }, \
	{ \
		"bcc", JM_CTL_FLAG, &(c)->bcc, NULL, "Bcc recipients count, and are told" \
	}

/* Is any of them given (but for set_aside and bcc)? */
bool jm_criteria_given(const struct jm_criteria *c);

/* {"verb": verb, ...} for jm_target_ask(); the caller owns it. NULL: USAGE for a size or a text
 * that is none. Dates are checked where they are used. */
json_t *jm_criteria_request(const struct jm_criteria *c, const char *verb, struct jm_err *err);

/* A size: decimal digits, and k, M, G or T for thousands, millions, ...; 0, or -1. */
int jm_criteria_size(const char *text, uint64_t *bytes_r);

#endif
