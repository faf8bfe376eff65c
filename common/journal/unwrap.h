/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unwrapping: from the bytes of a received message to its envelope and to the journaled message
 * inside it.
 *
 * Pure: no I/O of its own, no globals, linear time. Messages are described by offsets into the
 * received bytes, so the archived bytes are the received bytes by construction. A message that is
 * not a proper journal report is not an error: it "steps down" and is archived whole. The rules R1
 * to R14 are in t/corpus/journal/README.md, after MS-XJRNL. steps.h reads a message again by the
 * offsets.
 */
#ifndef JM_JOURNAL_UNWRAP_H
#define JM_JOURNAL_UNWRAP_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/arena.h"
#include "common/base/err.h"
#include "common/base/span.h"
#include "common/journal/original.h"
#include "common/mail/decode.h"

/* The kinds of mail that services receive: envelope journaling of Exchange; messages as they are,
 * which are never unwrapped. */
enum jm_journal_type { JM_JOURNAL_ENVELOPE, JM_JOURNAL_EML };

/* Families of reports, R2: none, Exchange 2007 and later, Exchange 2003. */
enum jm_variant { JM_VARIANT_PLAIN, JM_VARIANT_2007, JM_VARIANT_2003 };

enum jm_recipient_type { JM_RCPT_TO, JM_RCPT_CC, JM_RCPT_BCC, JM_RCPT_RECIPIENT };

/* Why a recipient got the message: directly, as the member of a list, by forwarding. */
enum jm_recipient_via { JM_VIA_NONE, JM_VIA_EXPANDED, JM_VIA_FORWARDED };

#define JM_UNWRAP_MAX_LEVELS 8u /* reports around each other, R12 */

/* Eight levels and a delivery status, each with two decodings: of a wrapper, of a part. */
#define JM_UNWRAP_MAX_STEPS 36

/* Oddities of a message that cost nothing, but are counted. */
enum jm_defect {
	JM_DEFECT_CODING, /* a Content-Transfer-Encoding that is unknown or does not fit its part */
	JM_DEFECT_ADDRESS, /* a text among addresses that is no address */
	JM_DEFECTS_N
};

/* Why the message in the innermost report was not unwrapped again, R12. */
enum jm_inner_rule {
	JM_INNER_NONE,       /* it is no proper report */
	JM_INNER_RECIPIENTS, /* the report around it has a recipient that is no journal address */
	JM_INNER_SENDER,     /* the sender of the report around it does not send reports */
	JM_INNER_LEVELS,     /* the limit of levels was reached */
};

struct jm_recipient {
	struct jm_span address; /* UTF-8, as written */
	enum jm_recipient_type type;
	enum jm_recipient_via via;
	struct jm_span via_address; /* with via only: the expanded list or the forwarding mailbox */
};

/* The envelope in a report around the innermost one, R12. Texts are UTF-8, or none. */
struct jm_level {
	enum jm_variant variant;
	struct jm_span sender, on_behalf_of, subject, message_id;
	bool null_sender; /* the sender is the null path */
	struct jm_recipient *recipients;
	size_t recipients_n;
	struct jm_arena arena; /* internal: owns the above */
};

/* One step on the way from the received bytes to the journaled message: take a slice of the bytes
 * that the step before gave (the first: of the received bytes), then decode it. */
struct jm_step {
	size_t off, len; /* the slice, in bytes */
	enum jm_cte cte;
};

/* A header field to be removed from the journaled message, with all its continuation lines. */
struct jm_cut {
	size_t off, len;     /* of raw in struct jm_content, in bytes */
	struct jm_span name; /* as spelled there */
};

/* One message to be archived. Its bytes are raw without the cuts. */
struct jm_content {
	struct jm_span raw; /* cuts included; in the received bytes or in a decoded buffer */
	/* mostly one, as adjacent identity steps are merged */
	struct jm_step steps[JM_UNWRAP_MAX_STEPS];
	size_t steps_n;
	struct jm_cut *cuts; /* ascending, not overlapping; in the arena */
	size_t cuts_n;
	size_t size_bytes; /* raw.len without the cuts */
};

/*
 * Where decoded messages (message/rfc822 in base64 or quoted-printable) are put. alloc returns n
 * writable bytes, or NULL with err filled. They must live until after jm_unwrap_release(), which
 * does not free them.
 */
struct jm_unwrap_memory {
	void *(*alloc)(void *ctx, size_t n, struct jm_err *err);
	void *ctx;
};

struct jm_unwrap_options {
	const char *const *journal_domains; /* NULL-terminated, any letter case; for R12 */
	/* NULL-terminated, any letter case; NULL: none. The addresses that send reports,
	 * besides Exchange; R12 */
	const char *const *report_senders;
	enum jm_journal_type type;
	bool prefer_clear_text;         /* R13 */
	bool remove_journal_headers;    /* R14 */
	struct jm_unwrap_memory memory; /* alloc NULL: malloc(); jm_unwrap_release() frees */
};

/* The result. All spans but the raw bytes are UTF-8 in the arena unless said otherwise; none means
 * that there is no such value (null in JSON). */
struct jm_unwrap {
	enum jm_variant variant;
	bool step_down;   /* not a proper report; always false for JM_JOURNAL_EML */
	bool ndr;         /* the report was inside a delivery status notification */
	unsigned nesting; /* number of reports unwrapped */
	/* the reports around the innermost one, the outermost first: nesting - 1 of them */
	struct jm_level levels[JM_UNWRAP_MAX_LEVELS];
	size_t levels_n;
	enum jm_inner_rule inner; /* why nothing more was unwrapped */
	struct jm_span envelope_sender;
	struct jm_span on_behalf_of;
	struct jm_span subject;      /* decoded */
	struct jm_original original; /* what it was decoded from, if that is not certain */
	struct jm_span message_id;
	struct jm_recipient *recipients;
	size_t recipients_n;
	struct jm_span label, mailbox, sent_utc, received_utc;
	struct jm_content message; /* the message to be archived */
	/* R13: a protected message came together with its clear text; companion is the one of the
	 * two that is not archived. */
	bool has_companion;
	bool companion_is_clear; /* companion is the clear text, not the protected message */
	struct jm_content companion;
	struct jm_span date;        /* Date field of the archived message, unfolded, raw bytes */
	struct jm_span from;        /* its From field, unfolded, raw bytes */
	struct jm_span report_date; /* Date field of the received message, unfolded, raw bytes */
	/* How often a cap was reached (caps in report.h, describe.h, strip.h, mail/field.h). A cap
	 * reached in a report leads to step-down, in a header it cuts off that value. The message
	 * itself is always whole. */
	unsigned limits;
	unsigned defects[JM_DEFECTS_N]; /* how often each was met */
	/* owns everything above except levels and message bytes */
	struct jm_arena arena;
	void *decoded; /* internal: buffers of malloc() with decoded messages */
};

/*
 * Unwrap received into *u. received must stay unchanged and in place until jm_unwrap_release(u). No
 * content makes this fail. Returns 0, or -1 with err filled: TEMP when memory ran out, or what
 * options->memory.alloc gave. After -1, *u needs no release. Any thread, one at a time for one *u.
 */
int jm_unwrap(struct jm_span received, const struct jm_unwrap_options *options, struct jm_unwrap *u,
    struct jm_err *err) JM_MUST_CHECK;

/* Free what *u owns. */
void jm_unwrap_release(struct jm_unwrap *u);

/* The name of a variant: "exchange-2007", "exchange-2003", "plain". Static storage. */
const char *jm_variant_name(enum jm_variant v);

/* The name of a rule: "no-report", "recipients", "sender", "levels". Static storage. */
const char *jm_inner_rule_name(enum jm_inner_rule r);

/* The rule in words for people. Static storage. */
const char *jm_inner_rule_text(enum jm_inner_rule r);

/* Does this address send journal reports: Exchange's own at any domain, or one of senders
 * (NULL-terminated, or NULL)? Letter case does not matter. */
bool jm_sends_reports(struct jm_span address, const char *const *senders);

/* The name of a defect: "encoding", "address". Static storage. */
const char *jm_defect_name(enum jm_defect d);

/* The number of all defects. */
unsigned jm_unwrap_defects(const struct jm_unwrap *u);

/* The name of a recipient type: "to", "cc", "bcc", "recipient". Static storage. */
const char *jm_recipient_type_name(enum jm_recipient_type t);

#endif
