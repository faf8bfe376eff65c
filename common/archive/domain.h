/* SPDX-License-Identifier: BSD-2-Clause */
/* Recording the ownership of internal domains. How it is applied: common/catalog/apply_domain.h. */
#ifndef JM_ARCHIVE_DOMAIN_H
#define JM_ARCHIVE_DOMAIN_H

#include "common/archive/archive.h"

/* Does an internal domain belong to the organisation, as far as DNS says? */
enum jm_domain_state { JM_DOMAIN_PENDING, JM_DOMAIN_VERIFIED, JM_DOMAIN_FAILED, JM_DOMAIN_REMOVED };

/* Strings are borrowed for the call. */
struct jm_domain_change {
	const char *domain; /* lower-case A-labels */
	enum jm_domain_state state;
	const char *code; /* that its TXT record must have */
	const char *text; /* what was found, for people; or NULL */
};

/* Record a change as an event, durable when it returns. actor: who asks. TEMP. Any thread. */
int jm_archive_domain(struct jm_archive *a, const char *actor, const struct jm_domain_change *c,
    struct jm_err *err) JM_MUST_CHECK;

#endif
