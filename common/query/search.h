/* SPDX-License-Identifier: BSD-2-Clause */
/* Finding items by criteria. */
#ifndef JM_QUERY_SEARCH_H
#define JM_QUERY_SEARCH_H

#include "common/archive/archive.h"

enum jm_archive_sort { JM_SORT_ID, JM_SORT_SENT, JM_SORT_SIZE, JM_SORT_SENDER, JM_SORT_SUBJECT };

/*
 * The items to find, and their order. All given criteria must be met. Addresses are compared whole,
 * in the form of common/mail/address_form.h, Message-IDs in that of message_id.h. Strings are
 * borrowed; NULL or 0: no such criterion. Without bcc the answer discloses no Bcc recipient: an
 * address or domain that only a Bcc recipient has finds nothing (see common/query/bcc.h).
 */
struct jm_archive_filter {
	uint64_t after_id;   /* continue after this item, in the given order; 0: from the start */
	uint64_t limit;      /* at most so many items; 0: all */
	bool reverse;        /* the opposite order: newest, largest, "z" first */
	bool set_aside;      /* the set-aside items instead of the archived ones */
	bool expired;        /* with set_aside: the expired ones instead */
	bool waiting;        /* reports in the processing queue, too */
	bool bcc;            /* Bcc recipients count, too, and reasons may name them */
	const char *address; /* of the sender or of a recipient */
	const char *sender, *recipient;
	const char *domain; /* of the sender or a recipient; any case, U-labels or A-labels */
	bool subdomains;    /* also match domains below domain */
	const char *message_id;
	const char *service;
	const char *subject; /* words of the subject, in any order; see common/mail/fold.h */
	/* a part of the name of an attachment, or a pattern; see common/mail/fold.h. Reads the
	 * messages of all items that meet the other criteria */
	const char *attachment;
	uint64_t min_bytes, max_bytes; /* of the message as archived; 0: no limit */
	int64_t since_ms, until_ms;    /* archived at or after, and before; 0: no limit */
	/* since_ms and until_ms for the message's Date field; a message whose field is missing or
	 * cannot be read does not match, but is counted in left_out */
	int64_t sent_since_ms, sent_until_ms;
	/* JM_SORT_ID: by id (with since_ms or until_ms as the main criterion: by time). Equal keys
	 * are sorted by id. Sender and subject count with their first 64 octets in lower case */
	enum jm_archive_sort sort;
	/* gets {looked_at, found, done, total} now and then, with the visitor's ctx; may be NULL */
	jm_archive_visit *progress;
	/* gets {left_out: {undated, partly, items}} after the last item, with the visitor's ctx, if
	 * not all are 0; may be NULL. Numbers of items, among those examined, that meet the other
	 * criteria and are not visited: undated, since their Date field is missing or cannot be
	 * read, and partly, since not all of the message's parts were examined, and none of those
	 * that were has the attachment. items: the ids of these, at most 1,000 */
	jm_archive_visit *left_out;
};

/*
 * Visit the items; each object is an "item" of SCHEMA.md. No lock is held during a visit. USAGE: a
 * criterion makes no sense. NOTFOUND: after_id is not an item, but the sort needs it. LIMIT: more
 * than a million items would have to be sorted, and no limit was given. CORRUPT, after the last
 * item: one or more items could not be examined. TEMP, or a visitor's error. Any thread.
 */
int jm_archive_list(struct jm_archive *a, const struct jm_archive_filter *f,
    jm_archive_visit *visit, void *ctx, struct jm_err *err) JM_MUST_CHECK;

#endif
