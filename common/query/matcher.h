/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Deciding whether an item meets the criteria of a search. First its row is compared, with the
 * catalog held. Then its records are read for criteria that the row cannot answer (Bcc, domains of
 * recipients, names of attachments). One thread at a time uses a matcher.
 */
#ifndef JM_QUERY_MATCHER_H
#define JM_QUERY_MATCHER_H

#include "common/base/buf.h"
#include "common/catalog/catalog.h"
#include "common/mail/domain.h"
#include "common/mail/fold.h"
#include "common/query/search.h"

#define JM_MATCHER_ADDRESSES 3
#define JM_MATCHER_PARTLY 1000u

/* The members are private to matcher.c but for the first six. */
struct jm_matcher {
	struct jm_archive *a;
	const struct jm_archive_filter *f;
	bool by_message_id;           /* the ids come from the index of Message-IDs */
	char domain[JM_DOMAIN_BYTES]; /* to search for; empty: no such criterion */
	/* the criteria in the form in which they are compared; those of addresses with their roles
	 */
	struct jm_matcher_address {
		struct jm_buf key;
		bool wanted, as_sender, as_recipient;
	} address[JM_MATCHER_ADDRESSES];
	struct jm_buf message_id, service, words, pattern;
	bool plain_words;    /* there are words, and JSON writes all of them unchanged */
	struct jm_buf text;  /* the folded text that is compared with them */
	struct jm_buf entry; /* of an index */
	uint64_t unreadable; /* items that could not be examined */
	bool no_memory;      /* to compare an address */
	uint64_t partly;     /* items whose parts were not all examined, without a hit */
	json_t *partly_ids;  /* of them, at most JM_MATCHER_PARTLY; owned */
};

/* The verdict by a row. undated: the item only lacks a Date that can be compared. */
struct jm_matched {
	enum { JM_MATCHED_NO, JM_MATCHED_YES, JM_MATCHED_READ /* the records must say */ } by_row;
	bool undated;
};

/* Prepare a matcher for a filter (borrowed as long as *m is used). The caller releases *m, also
 * after an error. USAGE: a criterion makes no sense. TEMP, LIMIT. */
int jm_matcher_init(struct jm_matcher *m, struct jm_archive *a, const struct jm_archive_filter *f,
    struct jm_err *err) JM_MUST_CHECK;

/* Free the matcher's buffers. */
void jm_matcher_release(struct jm_matcher *m);

/* True when the stored text of a row shows, without parsing, that the item does not match. */
bool jm_matcher_raw_fails(struct jm_matcher *m, struct jm_span raw);

/* Compare the whole row of an item, with the catalog c held. 0 with *v_r; -1: TEMP, CORRUPT. */
int jm_matcher_row(struct jm_matcher *m, struct jm_catalog *c, const json_t *row,
    struct jm_matched *v_r, struct jm_err *err) JM_MUST_CHECK;

/* Compare the records of item id. 1: it matches; 0: it does not, or it is damaged, which is counted
 * in m->unreadable; -1: TEMP. The catalog must not be held. */
int jm_matcher_records(struct jm_matcher *m, uint64_t id, struct jm_err *err) JM_MUST_CHECK;

/* Is an address at the domain that is searched for? */
bool jm_matcher_at_domain(const struct jm_matcher *m, struct jm_span address);

/* Fold a text into m->text. TEMP, LIMIT. */
int jm_matcher_fold(struct jm_matcher *m, struct jm_span text, struct jm_err *err) JM_MUST_CHECK;

#endif
