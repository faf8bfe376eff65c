/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading the metadata fields of a message: subject, ids, dates and, for a message without a
 * report, its parties. Reports are read in report.c. See describe.h. */
#include "common/journal/describe.h"

#include "common/journal/report.h"
#include "common/mail/address.h"
#include "common/mail/charset.h"
#include "common/mail/domain.h"
#include "common/mail/field.h"
#include "common/mail/part.h"
#include "common/mail/token.h"
#include "common/mail/word.h"

enum form { FORM_RAW, FORM_UTF8, FORM_DECODED };

struct describer {
	struct jm_unwrap *u;
	const struct jm_unwrap_options *options;
	bool has_label;
	struct jm_buf fold, text, label; /* label: the message's charset */
	unsigned traces;
	size_t recipients_cap;
};

/* Pass on the outcome rc, but only count a reached cap: it costs metadata, never the message. */
static int soften(struct jm_unwrap *u, int rc, const struct jm_err *cause, struct jm_err *err)
{
	if (rc == 0)
		return 0;
	if (cause->kind == JM_E_LIMIT) {
		u->limits++;
		return 0;
	}
	if (err)
		*err = *cause;
	return -1;
}

/* The first max bytes of value; a cut is counted. */
static struct jm_span clip(struct jm_unwrap *u, struct jm_span value, size_t max)
{
	if (value.len <= max)
		return value;
	u->limits++;
	return jm_span_sub(value, 0, max);
}

/* Copy value, an unfolded field, into the arena in the given form. */
static int copy_text(struct describer *d, struct jm_span value, enum form form,
    struct jm_span *text_r, struct jm_err *err)
{
	int rc = 0;

	jm_buf_reset(&d->text);
	if (form != FORM_RAW && jm_word_needs_label(value) && !d->has_label) {
		if (jm_part_charset(d->u->message.raw, &d->label, err) != 0)
			return -1;
		d->has_label = true;
	}
	if (form == FORM_UTF8)
		rc = jm_charset_raw(value, jm_buf_span(&d->label), &d->text, err);
	else if (form == FORM_DECODED)
		rc = jm_word_decode(value, jm_buf_span(&d->label), &d->text, err);
	if (rc != 0)
		return -1;
	return jm_arena_copy(
	    &d->u->arena, form == FORM_RAW ? value : jm_buf_span(&d->text), text_r, err);
}

/* Keep the octets of the subject, if another reading of them is possible. */
static int keep_original(struct describer *d, struct jm_span value, struct jm_err *err)
{
	const struct jm_original from = { value, jm_buf_span(&d->label), true };

	return jm_original_keep(&d->u->original, &from, &d->u->arena, err);
}

/* Set *text_r, unless it is set, to the first field of this name in message, if there is one. */
static int take_field(struct describer *d, struct jm_span message, const char *name, enum form form,
    struct jm_span *text_r, struct jm_err *err)
{
	struct jm_field f;
	struct jm_span value;

	if (!jm_span_none(*text_r) || !jm_field_find(message, name, &f))
		return 0;
	if (jm_field_unfold(clip(d->u, f.value, JM_FIELD_VALUE_BYTES), &d->fold, &value, err) !=
		0 ||
	    copy_text(d, value, form, text_r, err) != 0)
		return -1;
	return form == FORM_DECODED ? keep_original(d, value, err) : 0;
}

/* The first address that is no part of a name; else the first. */
struct first {
	struct describer *d;
	bool final;
};

static int keep_sender(void *ctx, const struct jm_address *a, struct jm_err *err)
{
	struct first *first = ctx;
	struct jm_span *sender = &first->d->u->envelope_sender;

	if (first->final || (a->in_name && !jm_span_none(*sender)))
		return 0;
	first->final = !a->in_name;
	return copy_text(first->d, a->text, FORM_UTF8, sender, err);
}

static int take_sender(struct describer *d, struct jm_err *err)
{
	static const char *const names[] = { "From", "Sender", "Resent-From", "Return-Path" };
	struct jm_unwrap *u = d->u;
	struct jm_field f;

	for (size_t k = 0; jm_span_none(u->envelope_sender) && k < sizeof names / sizeof names[0];
	     k++) {
		struct first first = { .d = d };

		if (jm_field_find(u->message.raw, names[k], &f) &&
		    jm_addresses_read(clip(u, f.value, JM_DESCRIBE_ADDRESSES_BYTES), keep_sender,
			&first, &u->defects[JM_DEFECT_ADDRESS], err) != 0)
			return -1;
	}
	return 0;
}

/* An address field that is being read. */
struct taken {
	struct describer *d;
	enum jm_recipient_type type;
	bool trace; /* left by a relay: only what is not known yet counts */
};

/* Is a recipient that a relay left in the header none that is known, and no journal? */
static bool is_new(struct describer *d, struct jm_span address)
{
	if (jm_domain_among(address, d->options->journal_domains))
		return false;
	if (++d->traces > JM_DESCRIBE_TRACES) {
		d->u->limits += d->traces == JM_DESCRIBE_TRACES + 1;
		return false;
	}
	for (size_t k = 0; k < d->u->recipients_n; k++)
		if (jm_span_eq_nocase(d->u->recipients[k].address, address))
			return false;
	return true;
}

static int keep_recipient(void *ctx, const struct jm_address *a, struct jm_err *err)
{
	struct taken *taken = ctx;
	struct describer *d = taken->d;
	struct jm_unwrap *u = d->u;
	struct jm_recipient *to;
	struct jm_span text;
	void *array;

	if (taken->trace && !is_new(d, a->text))
		return 0;
	if (u->recipients_n >= JM_REPORT_RECIPIENTS)
		return jm_err_set(err, JM_E_LIMIT, "a message names more than %u recipients",
		    JM_REPORT_RECIPIENTS);
	if (copy_text(d, a->text, FORM_UTF8, &text, err) != 0)
		return -1;
	array = u->recipients;
	to = jm_arena_grow(
	    &u->arena, &array, &u->recipients_n, &d->recipients_cap, sizeof *to, err);
	u->recipients = array;
	if (!to)
		return -1;
	to->address = text;
	to->type = taken->type;
	return 0;
}

static int take_recipients_of(struct describer *d, const struct jm_field *f,
    enum jm_recipient_type type, bool trace, struct jm_err *err)
{
	struct taken taken = { d, type, trace };

	return jm_addresses_read(clip(d->u, f->value, JM_DESCRIBE_ADDRESSES_BYTES), keep_recipient,
	    &taken, &d->u->defects[JM_DEFECT_ADDRESS], err);
}

/* Take the recipients that people see or, with trace, those of the envelope, as relays and
 * mailboxes leave them in the header. */
static int take_recipients(struct describer *d, bool trace, struct jm_err *err)
{
	static const struct {
		const char *name;
		enum jm_recipient_type type;
		bool trace;
	} field[] = {
		{ "To", JM_RCPT_TO, false },
		{ "Cc", JM_RCPT_CC, false },
		{ "Bcc", JM_RCPT_BCC, false },
		{ "Resent-To", JM_RCPT_TO, false },
		{ "Resent-Cc", JM_RCPT_CC, false },
		{ "Resent-Bcc", JM_RCPT_BCC, false },
		{ "Apparently-To", JM_RCPT_RECIPIENT, true },
		{ "Delivered-To", JM_RCPT_RECIPIENT, true },
		{ "Envelope-To", JM_RCPT_RECIPIENT, true },
		{ "X-Envelope-To", JM_RCPT_RECIPIENT, true },
		{ "X-Gm-Original-To", JM_RCPT_RECIPIENT, true },
		{ "X-Original-To", JM_RCPT_RECIPIENT, true },
		{ "X-Rcpt-To", JM_RCPT_RECIPIENT, true },
	};
	struct jm_fields w;
	struct jm_field f;
	size_t k;

	jm_fields_start(&w, d->u->message.raw);
	while (jm_fields_next(&w, &f))
		for (k = 0; k < sizeof field / sizeof field[0]; k++)
			if (field[k].trace == trace &&
			    jm_span_eq_nocase(f.name, jm_span_str(field[k].name)) &&
			    take_recipients_of(d, &f, field[k].type, trace, err) != 0)
				return -1;
	return 0;
}

int jm_describe(struct jm_unwrap *u, struct jm_span received,
    const struct jm_unwrap_options *options, struct jm_err *err)
{
	struct describer d = { .u = u, .options = options };
	struct jm_span message = u->message.raw;
	struct jm_err cause;
	int rc = -1;

	jm_buf_init(&d.fold, JM_DESCRIBE_ADDRESSES_BYTES);
	jm_buf_init(&d.label, 4096);
	jm_buf_init(&d.text, 3 * JM_DESCRIBE_ADDRESSES_BYTES);
	/* First the short ones, so that a hostile address list cannot use up their memory. */
	if (soften(u, take_field(&d, message, "Subject", FORM_DECODED, &u->subject, &cause), &cause,
		err) != 0 ||
	    soften(u, take_field(&d, message, "Message-ID", FORM_UTF8, &u->message_id, &cause),
		&cause, err) != 0 ||
	    soften(u, take_field(&d, message, "Date", FORM_RAW, &u->date, &cause), &cause, err) !=
		0 ||
	    soften(u, take_field(&d, message, "From", FORM_RAW, &u->from, &cause), &cause, err) !=
		0 ||
	    soften(u, take_field(&d, received, "Date", FORM_RAW, &u->report_date, &cause), &cause,
		err) != 0)
		goto out;
	u->defects[JM_DEFECT_CODING] += jm_transfer_of(message).odd;
	if (u->message_id.len == 0)
		u->message_id.p = NULL;
	if (options &&
	    (soften(u, take_sender(&d, &cause), &cause, err) != 0 ||
		soften(u, take_recipients(&d, false, &cause), &cause, err) != 0 ||
		soften(u, take_recipients(&d, true, &cause), &cause, err) != 0))
		goto out;
	rc = 0;
out:
	jm_buf_release(&d.fold);
	jm_buf_release(&d.text);
	jm_buf_release(&d.label);
	return rc;
}
