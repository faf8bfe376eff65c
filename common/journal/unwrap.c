/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unwrapping: the structure of the wrapper, reports inside of wrappers, the clear-text copy,
 * step-down. The report text is read in report.c; steps.c decodes and records the way; describe.c
 * reads the message's own header. See unwrap.h.
 */
#include "common/journal/unwrap.h"

#include "common/journal/describe.h"
#include "common/journal/report.h"
#include "common/journal/steps.h"
#include "common/journal/strip.h"
#include "common/mail/charset.h"
#include "common/mail/decode.h"
#include "common/mail/domain.h"
#include "common/mail/field.h"
#include "common/mail/mime.h"
#include "common/mail/token.h"

#define ARENA_BYTES (64u * 1024 * 1024)
#define MAX_WRAPS 4u     /* R3: multiparts inside of the wrapper */
#define LIKEST 3         /* the likeness of a report text that has everything */
#define SNIFF_BYTES 4096 /* of a message, to see how it is encoded */

/* The header of one message or part; its Content-Type is in job->type. */
struct head {
	struct jm_span body;
	bool complete;          /* the header ends with an empty line */
	enum jm_variant marker; /* R2; JM_VARIANT_PLAIN: there is no marker */
	struct jm_transfer_fields coding;
	bool rpmsg; /* Content-Class: rpmsg.message */
};

/* A proper report and what it contains. */
struct opened {
	struct jm_report report;
	struct jm_original original; /* of its subject */
	enum jm_variant family;
	struct jm_arena arena;  /* owns the values of report */
	struct jm_view from;    /* the message that is the report */
	struct jm_view message; /* the journaled message */
	struct jm_span second;  /* slice of from.raw: a second message/rfc822 child, or none */
	enum jm_cte second_cte;
	unsigned odd_codings, odd_text; /* of the messages, of the report text */
	struct jm_span first;           /* the first message/rfc822 child, not decoded, or none */
	enum jm_cte first_cte;
	unsigned depth;       /* multiparts around the part that is read */
	unsigned first_depth; /* around the first message */
};

struct job {
	const struct jm_unwrap_options *options;
	struct jm_unwrap *u;
	struct jm_steps_memory mem;
	struct jm_mime_type type;  /* Content-Type of the header read last */
	struct jm_buf value;       /* an unfolded value */
	struct jm_buf boundary[2]; /* of the wrapper, and of a multipart in it */
	struct jm_buf param;
	struct jm_buf octets, text; /* what may be the report text, in octets and in UTF-8 */
};

/* Apply R2 to one field. */
static void read_marker(const struct jm_field *f, struct head *h)
{
	if (jm_span_eq_nocase(f->name, jm_span_str("X-MS-Journal-Report")) ||
	    jm_span_eq_nocase(f->name, jm_span_str("X-WM-Journal-Report")))
		h->marker = JM_VARIANT_2007;
	else if (h->marker == JM_VARIANT_PLAIN &&
	    (jm_span_eq_nocase(f->name, jm_span_str("Content-Identifier")) ||
		jm_span_eq_nocase(f->name, jm_span_str("Content-Identifer"))) &&
	    jm_token_is(f->value, "exjournalreport"))
		h->marker = JM_VARIANT_2003;
}

/* Read the header at the top of raw. The first field of each name counts. */
static int read_head(struct job *j, struct jm_span raw, struct head *h, struct jm_err *err)
{
	bool had_type = false, had_class = false;
	struct jm_span type = { NULL, 0 }, v = { NULL, 0 };
	struct jm_field f;
	struct jm_fields w;

	*h = (struct head){ .marker = JM_VARIANT_PLAIN };
	jm_fields_start(&w, raw);
	while (jm_fields_next(&w, &f)) {
		read_marker(&f, h);
		if (!had_type && jm_span_eq_nocase(f.name, jm_span_str("Content-Type"))) {
			had_type = true;
			type = f.value;
		} else if (jm_span_eq_nocase(f.name, jm_span_str("Content-Transfer-Encoding"))) {
			jm_transfer_add(&h->coding, f.value);
		} else if (!had_class && jm_span_eq_nocase(f.name, jm_span_str("Content-Class"))) {
			had_class = true;
			h->rpmsg = jm_token_is(f.value, "rpmsg.message");
		}
	}
	h->body = jm_span_sub(raw, w.pos, raw.len);
	h->complete = w.complete;
	if (had_type && jm_field_unfold(type, &j->value, &v, err) != 0)
		return -1;
	return jm_mime_type_parse(&j->type, v, err);
}

/* Begin a walk through the parts of the body whose header was just read. *usable_r: it is a
 * multipart with a boundary. */
static int start_parts(struct job *j, const struct head *h, struct jm_buf *boundary,
    struct jm_multipart *m, bool *usable_r, struct jm_err *err)
{
	*usable_r = false;
	if (!jm_mime_type_is_multipart(&j->type))
		return 0;
	if (jm_mime_type_boundary(&j->type, boundary, usable_r, err) != 0)
		return -1;
	if (*usable_r)
		jm_multipart_start(m, h->body, jm_buf_span(boundary));
	return 0;
}

/* Does text begin with a field, perhaps after an mbox "From " line? */
static bool begins_with_field(struct jm_span text)
{
	struct jm_fields w;
	struct jm_field f;

	jm_fields_start(&w, text);
	if (!jm_fields_next(&w, &f))
		return false;
	if (jm_span_none(f.name) && jm_span_starts_nocase(f.all, jm_span_str("From ")) &&
	    !jm_fields_next(&w, &f))
		return false;
	return !jm_span_none(f.name);
}

/* Does body begin with a field once it is decoded? Its first octets say so. */
static bool decodes_to_field(struct jm_span body, enum jm_cte cte)
{
	unsigned char out[SNIFF_BYTES];
	struct jm_span head = jm_span_sub(body, 0, sizeof out);

	return begins_with_field(jm_span_of(out, jm_decode(cte, head, out)));
}

/* R6: the coding of a journaled message. A declared one with which it does not begin like a message
 * gives way to one with which it does. */
static enum jm_cte message_cte(const struct head *h, unsigned *odd_r)
{
	static const enum jm_cte other[] = { JM_CTE_IDENTITY, JM_CTE_BASE64 };
	enum jm_cte cte = jm_transfer_cte(h->coding.coding);

	*odd_r += h->coding.odd;
	if (decodes_to_field(h->body, cte))
		return cte;
	for (size_t k = 0; k < sizeof other / sizeof other[0]; k++)
		if (other[k] != cte && decodes_to_field(h->body, other[k])) {
			*odd_r += !h->coding.odd;
			return other[k];
		}
	return cte;
}

/* Keep the octets of the subject in a report text, if another reading of them is possible. */
static int keep_original(
    const struct job *j, struct jm_span octets, struct opened *o, struct jm_err *err)
{
	const struct jm_original from = { jm_original_line(octets), jm_buf_span(&j->param), false };

	o->original = (struct jm_original){ .header = false };
	if (jm_span_none(from.octets) || jm_span_none(o->report.subject))
		return 0;
	return jm_original_keep(&o->original, &from, &o->arena, err);
}

/* Read octets, decoded as cte says, as a report text. */
static int try_decoded(struct job *j, struct jm_span octets, enum jm_cte cte, struct opened *o,
    bool *proper_r, struct jm_err *err)
{
	bool found;

	if (cte != JM_CTE_IDENTITY) {
		jm_buf_reset(&j->octets);
		if (jm_buf_reserve(&j->octets, octets.len + 2, err) != 0)
			return -1;
		j->octets.len = jm_decode(cte, octets, j->octets.p);
		octets = jm_buf_span(&j->octets);
	}
	jm_buf_reset(&j->text);
	if (jm_mime_type_param(&j->type, "charset", &j->param, &found, err) != 0 ||
	    jm_charset_decode(octets, jm_buf_span(&j->param), &j->text, err) != 0 ||
	    jm_report_read(
		jm_buf_span(&j->text), o->family, &o->arena, &o->report, proper_r, err) != 0)
		return -1;
	if (*proper_r)
		return keep_original(j, octets, o, err);
	jm_arena_release(&o->arena);
	return 0;
}

/* R7: read the text/plain part whose header was just read as a report text: with the declared
 * coding, else with the others. */
static int read_text(
    struct job *j, const struct head *h, struct opened *o, bool *proper_r, struct jm_err *err)
{
	static const enum jm_cte other[] = { JM_CTE_IDENTITY, JM_CTE_BASE64, JM_CTE_QP };
	enum jm_cte cte = jm_transfer_cte(h->coding.coding);

	if (h->body.len > JM_REPORT_TEXT_BYTES) {
		j->u->limits++; /* another part may be the report */
		return 0;
	}
	if (try_decoded(j, h->body, cte, o, proper_r, err) != 0)
		return -1;
	if (*proper_r)
		o->odd_text += h->coding.odd;
	for (size_t k = 0; !*proper_r && k < sizeof other / sizeof other[0]; k++) {
		if (other[k] == cte)
			continue;
		if (try_decoded(j, h->body, other[k], o, proper_r, err) != 0)
			return -1;
		o->odd_text += *proper_r;
	}
	return 0;
}

/* R7: a report of Exchange begins with its Sender line and has a Message-ID line. A text that a
 * gateway added may resemble a report. */
static int likeness(const struct jm_report *r)
{
	return 2 * r->at_top + r->has_id;
}

/* Take the text/plain part whose header was just read as the report text, if it is more like one
 * than the text taken before. */
static int try_text(
    struct job *j, const struct head *h, struct opened *o, bool *proper_r, struct jm_err *err)
{
	struct opened t = { .family = o->family };
	bool proper = false;
	int rc;

	if (*proper_r && likeness(&o->report) == LIKEST)
		return 0;
	jm_arena_init(&t.arena, ARENA_BYTES);
	rc = read_text(j, h, &t, &proper, err);
	if (rc != 0 || !proper || (*proper_r && likeness(&t.report) <= likeness(&o->report))) {
		jm_arena_release(&t.arena);
		return rc;
	}
	jm_arena_release(&o->arena);
	o->arena = t.arena;
	o->report = t.report;
	o->original = t.original;
	o->odd_text = t.odd_text;
	*proper_r = true;
	return 0;
}

/* R7: find the report text in the multipart/alternative whose header was just read. */
static int try_alternative(
    struct job *j, const struct head *h, struct opened *o, bool *proper_r, struct jm_err *err)
{
	struct jm_multipart m;
	struct jm_span raw;
	struct head part;
	bool usable;

	if (start_parts(j, h, &j->boundary[1], &m, &usable, err) != 0)
		return -1;
	while (usable && jm_multipart_next(&m, &raw)) {
		if (read_head(j, raw, &part, err) != 0)
			return -1;
		if (strcmp(j->type.kind, "text/plain") == 0 &&
		    try_text(j, &part, o, proper_r, err) != 0)
			return -1;
	}
	return 0;
}

/* R6: is it the type of a message? message/global is that of RFC 6532. */
static bool is_message(const char *kind)
{
	return strcmp(kind, "message/rfc822") == 0 || strcmp(kind, "message/global") == 0;
}

/* A message that is less deep than the first counts instead of it: that one may be attached to what
 * a gateway put in front. */
static void take_message(struct opened *o, const struct head *part)
{
	if (jm_span_none(o->first) || o->depth < o->first_depth) {
		o->first = part->body;
		o->first_depth = o->depth;
		o->second = (struct jm_span){ NULL, 0 };
		o->odd_codings = 0;
		o->first_cte = message_cte(part, &o->odd_codings);
	} else if (jm_span_none(o->second)) {
		o->second = part->body;
		o->second_cte = message_cte(part, &o->odd_codings);
	}
}

/* Is it a multipart into which a gateway or a list may have put the parts of the report? */
static bool wraps_again(const struct opened *o, const char *kind)
{
	return jm_span_none(o->first) && o->depth < MAX_WRAPS &&
	    (strcmp(kind, "multipart/mixed") == 0 || strcmp(kind, "multipart/related") == 0 ||
		strcmp(kind, "multipart/signed") == 0);
}

/* Walk the parts of the wrapper once, or of a multipart in it. The report text and the slices of
 * the messages go into o. */
static int read_parts(
    struct job *j, struct jm_multipart *m, struct opened *o, bool *proper_r, struct jm_err *err)
{
	struct jm_buf boundary;
	struct jm_multipart inner;
	struct jm_span raw;
	struct head part;
	bool usable;
	int rc = 0;

	jm_buf_init(&boundary, JM_FIELD_VALUE_BYTES);
	while (rc == 0 && jm_multipart_next(m, &raw)) {
		rc = read_head(j, raw, &part, err);
		if (rc != 0)
			break;
		if (is_message(j->type.kind) && part.complete) {
			take_message(o, &part);
		} else if (strcmp(j->type.kind, "text/plain") == 0) {
			rc = try_text(j, &part, o, proper_r, err);
		} else if (strcmp(j->type.kind, "multipart/alternative") == 0) {
			rc = try_alternative(j, &part, o, proper_r, err);
		} else if (wraps_again(o, j->type.kind)) {
			rc = start_parts(j, &part, &boundary, &inner, &usable, err);
			o->depth++;
			if (rc == 0 && usable)
				rc = read_parts(j, &inner, o, proper_r, err);
			o->depth--;
		}
	}
	jm_buf_release(&boundary);
	return rc;
}

/* Open the message in from. *proper_r: it is a proper report (R2, R3, R6, R7); then *o has it. */
static int open_strictly(
    struct job *j, const struct jm_view *from, struct opened *o, bool *proper_r, struct jm_err *err)
{
	struct jm_multipart m;
	struct head h;
	bool usable;

	if (read_head(j, from->raw, &h, err) != 0)
		return -1;
	if (h.marker == JM_VARIANT_PLAIN || !h.complete)
		return 0;
	o->family = h.marker;
	if (start_parts(j, &h, &j->boundary[0], &m, &usable, err) != 0)
		return -1;
	if (!usable)
		return 0;
	if (read_parts(j, &m, o, proper_r, err) != 0)
		return -1;
	*proper_r = *proper_r && !jm_span_none(o->first);
	if (!*proper_r)
		return 0;
	o->from = *from;
	if (jm_steps_into(from, o->first, o->first_cte, &j->mem, &o->message, err) != 0)
		return -1;
	*proper_r = o->message.raw.len > 0;
	return 0;
}

/* The same, but a message that reaches a cap is not a proper report; the cap is counted. *o owns
 * something only if *proper_r. */
static int open_report(
    struct job *j, const struct jm_view *from, struct opened *o, bool *proper_r, struct jm_err *err)
{
	struct jm_err cause;
	int rc;

	*proper_r = false;
	*o = (struct opened){ .family = JM_VARIANT_PLAIN };
	jm_arena_init(&o->arena, ARENA_BYTES);
	rc = open_strictly(j, from, o, proper_r, &cause);
	if (rc != 0) {
		*proper_r = false;
		if (cause.kind == JM_E_LIMIT) {
			j->u->limits++;
			rc = 0;
		} else if (err) {
			*err = cause;
		}
	}
	if (!*proper_r)
		jm_arena_release(&o->arena);
	return rc;
}

/* R12 (b): if from is a delivery status notification, make *inner_r its first message/rfc822 child.
 * *found_r: there is one. */
static int find_returned(struct job *j, const struct jm_view *from, struct jm_view *inner_r,
    bool *found_r, struct jm_err *err)
{
	struct jm_multipart m;
	struct jm_span raw;
	struct head h;
	unsigned ignored = 0;
	bool usable;

	*found_r = false;
	if (read_head(j, from->raw, &h, err) != 0)
		return -1;
	if (!h.complete || strcmp(j->type.kind, "multipart/report") != 0)
		return 0;
	if (jm_mime_type_param(&j->type, "report-type", &j->param, &usable, err) != 0)
		return -1;
	if (!jm_span_eq_nocase(jm_buf_span(&j->param), jm_span_str("delivery-status")))
		return 0;
	if (start_parts(j, &h, &j->boundary[0], &m, &usable, err) != 0)
		return -1;
	while (usable && jm_multipart_next(&m, &raw)) {
		if (read_head(j, raw, &h, err) != 0)
			return -1;
		if (is_message(j->type.kind) && h.complete) {
			*found_r = true;
			return jm_steps_into(
			    from, h.body, message_cte(&h, &ignored), &j->mem, inner_r, err);
		}
	}
	return 0;
}

/* Open the report inside of a delivery status notification. */
static int open_returned(
    struct job *j, const struct jm_view *from, struct opened *o, bool *proper_r, struct jm_err *err)
{
	struct jm_view inner;
	struct jm_err cause;
	bool found;

	*proper_r = false;
	if (find_returned(j, from, &inner, &found, &cause) != 0) {
		if (cause.kind != JM_E_LIMIT) {
			if (err)
				*err = cause;
			return -1;
		}
		j->u->limits++;
		return 0;
	}
	return found ? open_report(j, &inner, o, proper_r, err) : 0;
}

static bool all_at_journal_domains(const struct jm_report *r, const char *const *domains)
{
	size_t k;

	for (k = 0; k < r->recipients_n; k++)
		if (!jm_domain_among(r->recipients[k].address, domains))
			return false;
	return true;
}

/* R12 (a): may a report inside of this one be believed? */
static enum jm_inner_rule rule_of(const struct job *j, const struct jm_report *r)
{
	if (!all_at_journal_domains(r, j->options->journal_domains))
		return JM_INNER_RECIPIENTS;
	return r->null_sender || jm_sends_reports(r->sender, j->options->report_senders)
	    ? JM_INNER_NONE
	    : JM_INNER_SENDER;
}

/* Keep what the report o says as a level around the next one. Takes its arena. */
static void keep_level(struct jm_unwrap *u, const struct opened *o)
{
	u->levels[u->levels_n++] = (struct jm_level){
		.variant = o->family,
		.sender = o->report.sender,
		.on_behalf_of = o->report.on_behalf_of,
		.subject = o->report.subject,
		.message_id = o->report.message_id,
		.null_sender = o->report.null_sender,
		.recipients = o->report.recipients,
		.recipients_n = o->report.recipients_n,
		.arena = o->arena,
	};
}

/* R12 (a): go one level deeper as long as the reports may be believed. */
static int descend(struct job *j, struct opened *o, struct jm_err *err)
{
	struct opened deeper;
	bool proper;

	for (;;) {
		enum jm_inner_rule rule = j->u->nesting < JM_UNWRAP_MAX_LEVELS
		    ? rule_of(j, &o->report)
		    : JM_INNER_LEVELS;
		unsigned limits = j->u->limits;

		if (open_report(j, &o->message, &deeper, &proper, err) != 0)
			return -1;
		if (!proper)
			return 0;
		if (rule != JM_INNER_NONE) {
			j->u->inner = rule;
			j->u->limits = limits;
			jm_arena_release(&deeper.arena);
			return 0;
		}
		keep_level(j->u, o);
		*o = deeper;
		j->u->nesting++;
	}
}

/* R13: *protected_r: raw is a rights-protected message. */
static int is_protected(struct job *j, struct jm_span raw, bool *protected_r, struct jm_err *err)
{
	struct jm_multipart m;
	struct jm_span part;
	struct head h;
	bool usable;

	if (read_head(j, raw, &h, err) != 0)
		return -1;
	*protected_r = h.rpmsg;
	if (h.rpmsg)
		return 0;
	if (start_parts(j, &h, &j->boundary[0], &m, &usable, err) != 0)
		return -1;
	while (usable && !*protected_r && jm_multipart_next(&m, &part)) {
		if (read_head(j, part, &h, err) != 0)
			return -1;
		*protected_r = strcmp(j->type.kind, "application/x-microsoft-rpmsg-message") == 0;
	}
	return 0;
}

static void set_content(struct jm_content *c, const struct jm_view *v)
{
	c->raw = v->raw;
	memcpy(c->steps, v->steps, sizeof c->steps);
	c->steps_n = v->steps_n;
}

/* Set message, and by R13 companion: the journaled message and its clear-text copy, if there is
 * one. */
static int set_messages(struct job *j, const struct opened *o, struct jm_err *err)
{
	struct jm_unwrap *u = j->u;
	struct jm_view clear;
	bool guarded = false;
	struct jm_err cause;

	set_content(&u->message, &o->message);
	if (jm_span_none(o->second))
		return 0;
	if (is_protected(j, o->message.raw, &guarded, &cause) != 0) {
		if (cause.kind != JM_E_LIMIT) {
			if (err)
				*err = cause;
			return -1;
		}
		u->limits++;
	}
	if (!guarded)
		return 0;
	if (jm_steps_into(&o->from, o->second, o->second_cte, &j->mem, &clear, err) != 0)
		return -1;
	if (clear.raw.len == 0)
		return 0;
	u->has_companion = true;
	u->companion_is_clear = !j->options->prefer_clear_text;
	set_content(&u->message, j->options->prefer_clear_text ? &clear : &o->message);
	set_content(&u->companion, j->options->prefer_clear_text ? &o->message : &clear);
	return 0;
}

/* Move the values of the innermost report into u, and the arena that owns them. */
static void take_report(struct jm_unwrap *u, struct opened *o)
{
	u->variant = o->family;
	u->envelope_sender = o->report.sender;
	u->on_behalf_of = o->report.on_behalf_of;
	u->subject = o->report.subject;
	u->original = o->original;
	u->message_id = o->report.message_id;
	u->label = o->report.label;
	u->mailbox = o->report.mailbox;
	u->sent_utc = o->report.sent_utc;
	u->received_utc = o->report.received_utc;
	u->recipients = o->report.recipients;
	u->recipients_n = o->report.recipients_n;
	u->defects[JM_DEFECT_CODING] += o->odd_codings + o->odd_text;
	u->defects[JM_DEFECT_ADDRESS] += o->report.defects;
	u->arena = o->arena;
}

static int unwrap_envelope(
    struct job *j, const struct jm_view *all, bool *proper_r, struct jm_err *err)
{
	struct opened o;

	if (open_report(j, all, &o, proper_r, err) != 0)
		return -1;
	if (!*proper_r) {
		if (open_returned(j, all, &o, proper_r, err) != 0)
			return -1;
		if (!*proper_r)
			return 0;
		j->u->ndr = true;
	}
	j->u->nesting = 1;
	if (descend(j, &o, err) != 0 || set_messages(j, &o, err) != 0) {
		jm_arena_release(&o.arena);
		return -1;
	}
	take_report(j->u, &o);
	return 0;
}

static int strip_content(struct jm_unwrap *u, struct jm_content *c, bool remove, struct jm_err *err)
{
	bool limited;

	if (jm_strip(c, remove, &u->arena, &limited, err) != 0)
		return -1;
	u->limits += limited;
	return 0;
}

static void job_start(struct job *j, const struct jm_unwrap_options *options, struct jm_unwrap *u)
{
	*j = (struct job){ .options = options, .u = u, .mem = { &options->memory, &u->decoded } };
	jm_mime_type_init(&j->type);
	jm_buf_init(&j->value, JM_FIELD_VALUE_BYTES);
	jm_buf_init(&j->boundary[0], JM_FIELD_VALUE_BYTES);
	jm_buf_init(&j->boundary[1], JM_FIELD_VALUE_BYTES);
	jm_buf_init(&j->param, JM_FIELD_VALUE_BYTES);
	jm_buf_init(&j->octets, JM_REPORT_TEXT_BYTES + 2);
	jm_buf_init(&j->text, 2 * JM_REPORT_TEXT_BYTES);
}

static void job_release(struct job *j)
{
	jm_mime_type_release(&j->type);
	jm_buf_release(&j->value);
	jm_buf_release(&j->boundary[0]);
	jm_buf_release(&j->boundary[1]);
	jm_buf_release(&j->param);
	jm_buf_release(&j->octets);
	jm_buf_release(&j->text);
}

int jm_unwrap(struct jm_span received, const struct jm_unwrap_options *options, struct jm_unwrap *u,
    struct jm_err *err)
{
	struct jm_view all;
	bool proper = false;
	struct job j;
	int rc = -1;

	*u = (struct jm_unwrap){ .variant = JM_VARIANT_PLAIN };
	jm_arena_init(&u->arena, ARENA_BYTES);
	job_start(&j, options, u);
	jm_steps_start(&all, received);
	if (options->type == JM_JOURNAL_ENVELOPE && unwrap_envelope(&j, &all, &proper, err) != 0)
		goto out;
	if (!proper)
		set_content(&u->message, &all);
	u->step_down = !proper && options->type == JM_JOURNAL_ENVELOPE;
	if (strip_content(u, &u->message, options->remove_journal_headers, err) != 0 ||
	    (u->has_companion &&
		strip_content(u, &u->companion, options->remove_journal_headers, err) != 0))
		goto out;
	rc = jm_describe(u, received, proper ? NULL : options, err);
out:
	job_release(&j);
	if (rc != 0)
		jm_unwrap_release(u);
	return rc;
}

void jm_unwrap_release(struct jm_unwrap *u)
{
	while (u->levels_n > 0)
		jm_arena_release(&u->levels[--u->levels_n].arena);
	jm_arena_release(&u->arena);
	jm_steps_release(&u->decoded);
}

const char *jm_variant_name(enum jm_variant v)
{
	return v == JM_VARIANT_2007 ? "exchange-2007"
	    : v == JM_VARIANT_2003  ? "exchange-2003"
				    : "plain";
}

unsigned jm_unwrap_defects(const struct jm_unwrap *u)
{
	unsigned n = 0;

	for (size_t k = 0; k < JM_DEFECTS_N; k++)
		n += u->defects[k];
	return n;
}

const char *jm_inner_rule_name(enum jm_inner_rule r)
{
	static const char *const name[] = { "no-report", "recipients", "sender", "levels" };

	return name[r];
}

const char *jm_inner_rule_text(enum jm_inner_rule r)
{
	static const char *const text[] = {
		[JM_INNER_NONE] = "the message in the report is no journal report",
		[JM_INNER_RECIPIENTS] = "the message is a journal report that is not believed: it "
					"was not sent to journal addresses only",
		[JM_INNER_SENDER] = "the message is a journal report that is not believed: its "
				    "sender is neither Exchange nor in report-senders",
		[JM_INNER_LEVELS] = "the message is a journal report, but there are too many "
				    "around it",
	};

	return text[r];
}

bool jm_sends_reports(struct jm_span address, const char *const *senders)
{
	size_t at = jm_span_rindex(address, '@');

	if (at < address.len &&
	    jm_span_eq_nocase(jm_span_sub(address, 0, at),
		jm_span_str("MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e")))
		return true;
	for (; senders && *senders; senders++)
		if (jm_span_eq_nocase(address, jm_span_str(*senders)))
			return true;
	return false;
}

const char *jm_defect_name(enum jm_defect d)
{
	static const char *const name[] = { "encoding", "address" };

	return name[d];
}

const char *jm_recipient_type_name(enum jm_recipient_type t)
{
	static const char *const name[] = { "to", "cc", "bcc", "recipient" };

	return name[t];
}
