/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unwrapping: from the bytes of a received message to its envelope and to the journaled message
 * inside it.
 *
 * Pure: no I/O of its own, no globals, linear time. Everything is described as offsets into the
 * bytes that came in, so what is archived is what was received by construction. A message that is
 * no proper journal report is not an error: it "steps down" and stands for itself. Rules R1 to R14:
 * t/corpus/journal/README.md, after MS-XJRNL.
 */
#ifndef JM_JOURNAL_UNWRAP_H
#define JM_JOURNAL_UNWRAP_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/arena.h"
#include "common/base/err.h"
#include "common/base/span.h"

enum jm_journal_type {
	JM_JOURNAL_ENVELOPE,
	JM_JOURNAL_EML
}; /* Exchange envelope journaling; standard EML: never unwrapped */
enum jm_variant { JM_VARIANT_PLAIN, JM_VARIANT_2007, JM_VARIANT_2003 };
enum jm_recipient_type { JM_RCPT_TO, JM_RCPT_CC, JM_RCPT_BCC, JM_RCPT_RECIPIENT };
enum jm_recipient_via { JM_VIA_NONE, JM_VIA_EXPANDED, JM_VIA_FORWARDED };
enum jm_cte { JM_CTE_IDENTITY, JM_CTE_BASE64, JM_CTE_QP };

#define JM_UNWRAP_MAX_STEPS 18 /* eight levels, an NDR and a decoding each */

struct jm_recipient {
	struct jm_span address; /* UTF-8, as written */
	enum jm_recipient_type type;
	enum jm_recipient_via via;
	struct jm_span via_address; /* the list expanded or the mailbox forwarded from; with via
				       only */
};

/* One step of the way from the received bytes to the journaled message: take this slice, then
 * decode it. */
struct jm_step {
	size_t off, len; /* of the bytes that the step before gave (the first: of the received
			    bytes) */
	enum jm_cte cte;
};

/* A header field that is removed from the journaled message, with all its continuation lines. */
struct jm_cut {
	size_t off, len;     /* of content.raw */
	struct jm_span name; /* as spelled there */
};

/* One message to be archived. Its bytes are raw without the cuts. */
struct jm_content {
	struct jm_span raw; /* before the removal; points into the received bytes or into a decoded
			       buffer */
	struct jm_step steps[JM_UNWRAP_MAX_STEPS]; /* neighbouring identity steps are joined, so
						      mostly one */
	size_t steps_n;
	struct jm_cut *cuts; /* ascending, not overlapping; in the arena */
	size_t cuts_n;
	size_t size_bytes; /* raw.len less the cuts */
};

/* Where decoded messages (base64 or quoted-printable message/rfc822) are put. alloc gives n
 * writable bytes that live until the caller releases them itself, after jm_unwrap_release(); NULL
 * with err filled. */
struct jm_unwrap_memory {
	void *(*alloc)(void *ctx, size_t n, struct jm_err *err);
	void *ctx;
};

struct jm_unwrap_options {
	const char *const *journal_domains; /* NULL-terminated, any letter case; for R12 */
	enum jm_journal_type type;
	bool prefer_clear_text;         /* R13 */
	bool remove_journal_headers;    /* R14 */
	struct jm_unwrap_memory memory; /* alloc NULL: malloc; then jm_unwrap_release() frees */
};

struct jm_unwrap {
	enum jm_variant variant;
	bool step_down;   /* no proper report; false for JM_JOURNAL_EML, where a message stands for
			     itself anyway */
	bool ndr;         /* the report was found inside a delivery status notification */
	unsigned nesting; /* reports unwrapped */
	struct jm_span envelope_sender; /* spans: UTF-8 in the arena; .p NULL means none (JSON null)
					 */
	struct jm_span on_behalf_of;
	struct jm_span subject; /* decoded */
	struct jm_span message_id;
	struct jm_recipient *recipients;
	size_t recipients_n;
	struct jm_span label, mailbox, sent_utc, received_utc;
	struct jm_content message; /* what is archived */
	bool has_companion; /* R13: a protected message and its clear text came together; companion
			       is the one not archived */
	bool companion_is_clear; /* true: companion is the clear text; false: it is the protected
				    message */
	struct jm_content companion;
	struct jm_span date; /* the archived message's Date field, unfolded, as written; none when
				it has none */
	struct jm_span from; /* its From field, unfolded, raw bytes */
	struct jm_span report_date; /* the received message's Date field */
	unsigned limits;            /* how often a cap was reached: report.h, describe.h, strip.h,
				     * mail/field.h. In the report: step-down;	    in a header: that value
				     * is cut	    short. The message itself is always whole */
	struct jm_arena arena;      /* owns all of the above but the message bytes */
	void *decoded;              /* internal: malloc'ed decodings */
};

/*
 * Unwrap received into *u. received must stay unchanged and in place until jm_unwrap_release(u).
 * Content never makes it fail; -1 only for TEMP (no memory, options->memory.alloc failed). Then *u
 * needs no release. Any thread, one object at a time.
 */
int jm_unwrap(struct jm_span received, const struct jm_unwrap_options *options, struct jm_unwrap *u,
    struct jm_err *err) JM_MUST_CHECK;

/* Free what u owns. */
void jm_unwrap_release(struct jm_unwrap *u);

/*
 * Walk the way to a message again, as recorded in steps: gives its raw bytes. What is not decoded
 * points into received; a decoding allocates through memory (alloc NULL: malloc, and *owned_r must
 * be freed by the caller; else *owned_r is NULL). CORRUPT when a step does not fit received.
 */
int jm_unwrap_follow(struct jm_span received, const struct jm_step *steps, size_t steps_n,
    const struct jm_unwrap_memory *memory, struct jm_span *raw_r, void **owned_r,
    struct jm_err *err) JM_MUST_CHECK;

/* "exchange-2007", "exchange-2003", "plain"; "to", "cc", "bcc", "recipient". Static storage. */
const char *jm_variant_name(enum jm_variant v);
const char *jm_recipient_type_name(enum jm_recipient_type t);

#endif
