/* SPDX-License-Identifier: BSD-2-Clause */
/* Does an item meet the criteria of a search? First by its row, with the catalog held; then, where
 * the row does not say (who is Bcc, domains of recipients, names of attachments), by its records.
 */
#ifndef JM_QUERY_MATCHER_H
#define JM_QUERY_MATCHER_H

#include "common/base/buf.h"
#include "common/catalog/catalog.h"
#include "common/mail/domain.h"
#include "common/mail/fold.h"
#include "common/query/search.h"

/* The members are private to matcher.c but for the first four. */
struct jm_matcher {
	struct jm_archive *a;
	const struct jm_archive_filter *f;
	bool by_message_id;           /* the ids come from that index: do not look there again */
	char domain[JM_DOMAIN_BYTES]; /* to look for; empty: none */
	struct jm_fold fold;
	struct jm_buf words, pattern; /* subject and attachment, folded */
	bool plain_words;             /* there are words, and all are written in JSON as they are */
	struct jm_buf text;           /* that is compared with them */
	struct jm_buf entry;          /* of an index */
	uint64_t unreadable;          /* items that could not be examined */
};

/* The verdict by a row. */
enum jm_matched { JM_MATCHED_NO, JM_MATCHED_YES, JM_MATCHED_READ /* the records must say */ };

/* Prepare for a filter (borrowed). USAGE: a criterion makes no sense. TEMP, LIMIT. Release it, also
 * after an error. */
int jm_matcher_init(struct jm_matcher *m, struct jm_archive *a, const struct jm_archive_filter *f,
    struct jm_err *err) JM_MUST_CHECK;
void jm_matcher_release(struct jm_matcher *m);

/* Does the stored text of a row already show, without being parsed, that the item does not match?
 * False: it may match. */
bool jm_matcher_raw_fails(struct jm_matcher *m, struct jm_span raw);

/* By the whole row of item id, with the catalog c held. 0 with *v_r, -1. */
int jm_matcher_row(struct jm_matcher *m, struct jm_catalog *c, const json_t *row,
    enum jm_matched *v_r, struct jm_err *err) JM_MUST_CHECK;

/* By the records of item id. 1, 0: no, or it is damaged, which is counted; -1. */
int jm_matcher_records(struct jm_matcher *m, uint64_t id, struct jm_err *err) JM_MUST_CHECK;

/* Is an address at the domain to look for? */
bool jm_matcher_at_domain(const struct jm_matcher *m, struct jm_span address);

/* Text of a row, folded, into m->text. */
int jm_matcher_fold(struct jm_matcher *m, struct jm_span text, struct jm_err *err) JM_MUST_CHECK;

#endif
