/* SPDX-License-Identifier: BSD-2-Clause */
/* Finding items by criteria. */
#ifndef JM_QUERY_SEARCH_H
#define JM_QUERY_SEARCH_H

#include "common/archive/archive.h"

enum jm_archive_sort { JM_SORT_ID, JM_SORT_SENT, JM_SORT_SIZE, JM_SORT_SENDER, JM_SORT_SUBJECT };

/*
 * Which items, and in which order. All criteria that are given must hold. Addresses are compared
 * whole, ASCII letter case ignored. Strings are borrowed; NULL or 0: no such criterion. Without bcc
 * the answer gives no Bcc recipient away: an address or domain that only a Bcc recipient has finds
 * nothing (see common/query/bcc.h).
 */
struct jm_archive_filter {
	uint64_t after_id;   /* continue after this item, in the given order; 0: from the start */
	uint64_t limit;      /* at most so many; 0: all */
	bool reverse;        /* the other way round: newest, largest, "z" first */
	bool set_aside;      /* the set-aside items instead of the archived ones */
	bool expired;        /* with set_aside: the expired ones instead */
	bool bcc;            /* Bcc recipients count, too */
	const char *address; /* of the sender or of a recipient */
	const char *sender, *recipient;
	const char *domain; /* of any of them; any letter case, U-labels or A-labels */
	bool subdomains;    /* or a domain below it */
	const char *message_id;
	const char *service;
	const char *subject;    /* words that it has, in any order; see common/mail/fold.h */
	const char *attachment; /* a part of the name of one, or a pattern; see common/mail/fold.h.
				   Reads the messages of all items that meet the other criteria */
	uint64_t min_bytes, max_bytes;        /* of the message as archived; 0: no limit */
	int64_t since_ms, until_ms;           /* archived at or after, and before; 0: no limit */
	int64_t sent_since_ms, sent_until_ms; /* the same by the message's Date field; a message
						 without a readable one does not match */
	enum jm_archive_sort sort;  /* JM_SORT_ID: by id (with since_ms or until_ms as the main
				       criterion: by time). Ties by id. Sender and subject count
				       with their first 64 octets in lower case */
	jm_archive_visit *progress; /* gets {looked_at, found, done, total} now and then, with the
				       visitor's ctx; NULL: none */
};

/*
 * Visit the items; each object is an "item" of SCHEMA.md. No lock is held during a visit. USAGE:
 * criteria that make no sense. NOTFOUND: after_id is no item, but the sort needs it. LIMIT: more
 * than a million items to be sorted, without a limit. CORRUPT, after the last item: some items
 * could not be examined. TEMP. Any thread.
 */
int jm_archive_list(struct jm_archive *a, const struct jm_archive_filter *f,
    jm_archive_visit *visit, void *ctx, struct jm_err *err) JM_MUST_CHECK;

#endif
