/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading the metadata fields of a message: subject, ids, dates and, for a message without a
 * report, its parties. Reports are read in report.c. See describe.h. */
#include "common/journal/describe.h"

#include "common/journal/report.h"
#include "common/mail/address.h"
#include "common/mail/charset.h"
#include "common/mail/field.h"
#include "common/mail/part.h"
#include "common/mail/token.h"
#include "common/mail/word.h"

enum form { FORM_RAW, FORM_UTF8, FORM_DECODED };

struct describer {
	struct jm_unwrap *u;
	bool has_label;
	struct jm_buf fold, text, list, label; /* label: the message's charset */
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

/* Set *text_r, unless it is set, to the first field of this name in message, if there is one. */
static int take_field(struct describer *d, struct jm_span message, const char *name, enum form form,
    struct jm_span *text_r, struct jm_err *err)
{
	struct jm_field f;
	struct jm_span value;

	if (!jm_span_none(*text_r) || !jm_field_find(message, name, &f))
		return 0;
	if (jm_field_unfold(clip(d->u, f.value, JM_FIELD_VALUE_BYTES), &d->fold, &value, err) != 0)
		return -1;
	return copy_text(d, value, form, text_r, err);
}

/* Put the value of an address field into d->list, without folds and comments. */
static int read_list(struct describer *d, const struct jm_field *f, struct jm_err *err)
{
	struct jm_span value;

	jm_buf_reset(&d->list);
	if (jm_field_unfold(
		clip(d->u, f->value, JM_DESCRIBE_ADDRESSES_BYTES), &d->fold, &value, err) != 0)
		return -1;
	return jm_field_uncomment(value, &d->list, err);
}

static int take_sender(struct describer *d, struct jm_err *err)
{
	struct jm_addresses w;
	struct jm_field f;
	struct jm_span a;

	if (!jm_field_find(d->u->message.raw, "From", &f))
		return 0;
	if (read_list(d, &f, err) != 0)
		return -1;
	jm_addresses_start(&w, jm_buf_span(&d->list));
	return jm_addresses_next(&w, &a) ? copy_text(d, a, FORM_UTF8, &d->u->envelope_sender, err)
					 : 0;
}

static int take_recipients_of(
    struct describer *d, const struct jm_field *f, enum jm_recipient_type type, struct jm_err *err)
{
	struct jm_unwrap *u = d->u;
	struct jm_recipient *to;
	struct jm_addresses w;
	struct jm_span a, text;
	void *array;

	if (read_list(d, f, err) != 0)
		return -1;
	jm_addresses_start(&w, jm_buf_span(&d->list));
	while (jm_addresses_next(&w, &a)) {
		if (u->recipients_n >= JM_REPORT_RECIPIENTS)
			return jm_err_set(err, JM_E_LIMIT,
			    "a message names more than %u recipients", JM_REPORT_RECIPIENTS);
		if (copy_text(d, a, FORM_UTF8, &text, err) != 0)
			return -1;
		array = u->recipients;
		to = jm_arena_grow(
		    &u->arena, &array, &u->recipients_n, &d->recipients_cap, sizeof *to, err);
		u->recipients = array;
		if (!to)
			return -1;
		to->address = text;
		to->type = type;
	}
	return 0;
}

static int take_recipients(struct describer *d, struct jm_err *err)
{
	static const struct {
		const char *name;
		enum jm_recipient_type type;
	} field[] = {
		{ "To", JM_RCPT_TO },
		{ "Cc", JM_RCPT_CC },
		{ "Bcc", JM_RCPT_BCC },
	};
	struct jm_fields w;
	struct jm_field f;
	size_t k;

	jm_fields_start(&w, d->u->message.raw);
	while (jm_fields_next(&w, &f))
		for (k = 0; k < sizeof field / sizeof field[0]; k++)
			if (jm_span_eq_nocase(f.name, jm_span_str(field[k].name)) &&
			    take_recipients_of(d, &f, field[k].type, err) != 0)
				return -1;
	return 0;
}

int jm_describe(struct jm_unwrap *u, struct jm_span received, bool parties, struct jm_err *err)
{
	struct describer d = { .u = u };
	struct jm_span message = u->message.raw;
	struct jm_err cause;
	int rc = -1;

	jm_buf_init(&d.fold, JM_DESCRIBE_ADDRESSES_BYTES);
	jm_buf_init(&d.list, JM_DESCRIBE_ADDRESSES_BYTES);
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
	if (parties &&
	    (soften(u, take_sender(&d, &cause), &cause, err) != 0 ||
		soften(u, take_recipients(&d, &cause), &cause, err) != 0))
		goto out;
	rc = 0;
out:
	jm_buf_release(&d.fold);
	jm_buf_release(&d.list);
	jm_buf_release(&d.text);
	jm_buf_release(&d.label);
	return rc;
}
