/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading the report text of the 2007 family (R8) and of the 2003 family (R9). An entry of a 2003
 * report is read in entry.c. See report.h. */
#include "common/journal/report.h"

#include "common/journal/entry.h"
#include "common/mail/field.h"

enum line_name {
	LINE_OTHER,
	LINE_SENDER,
	LINE_ON_BEHALF_OF,
	LINE_SUBJECT,
	LINE_MESSAGE_ID,
	LINE_TO,
	LINE_CC,
	LINE_BCC,
	LINE_RECIPIENT,
	LINE_LABEL,
	LINE_MAILBOX,
	LINE_SENT_UTC,
	LINE_RECEIVED_UTC,
	LINE_RECIPIENTS,
};

struct name {
	const char *text;
	enum line_name id;
};

static const struct name names_2007[] = {
	{ "Sender", LINE_SENDER },
	{ "On-Behalf-Of", LINE_ON_BEHALF_OF },
	{ "Subject", LINE_SUBJECT },
	{ "Message-ID", LINE_MESSAGE_ID },
	{ "To", LINE_TO },
	{ "Cc", LINE_CC },
	{ "Bcc", LINE_BCC },
	{ "Recipient", LINE_RECIPIENT },
	{ "Label", LINE_LABEL },
	{ "Mailbox", LINE_MAILBOX },
	{ "SentUtc", LINE_SENT_UTC },
	{ "ReceivedUtc", LINE_RECEIVED_UTC },
};

static const struct name names_2003[] = {
	{ "Sender", LINE_SENDER },
	{ "Message-ID", LINE_MESSAGE_ID },
	{ "Recipients", LINE_RECIPIENTS },
};

struct line {
	enum line_name id;
	struct jm_span all;   /* without the line end */
	struct jm_span rest;  /* after the colon */
	struct jm_span value; /* rest, trimmed */
};

struct reader {
	struct jm_span text;
	size_t pos;
	enum jm_variant family;
	struct jm_arena *arena;
};

static enum line_name line_name_of(enum jm_variant family, struct jm_span name)
{
	const struct name *names = names_2007;
	size_t k, n = sizeof names_2007 / sizeof names_2007[0];

	if (family == JM_VARIANT_2003) {
		names = names_2003;
		n = sizeof names_2003 / sizeof names_2003[0];
	}
	for (k = 0; k < n; k++)
		if (jm_span_eq_nocase(name, jm_span_str(names[k].text)))
			return names[k].id;
	return LINE_OTHER;
}

/* Get the next line of the text; false at the end. A CR at the end of the text counts as a part of
 * a line end, too. */
static bool next_line(struct reader *r, struct line *l)
{
	struct jm_span rest = jm_span_sub(r->text, r->pos, r->text.len), name;
	size_t colon, lf = jm_span_index(rest, '\n');

	if (rest.len == 0)
		return false;
	r->pos += lf < rest.len ? lf + 1 : lf;
	l->all = jm_span_sub(rest, 0, lf);
	if (l->all.len > 0 && l->all.p[l->all.len - 1] == '\r')
		l->all.len--;
	colon = jm_span_index(l->all, ':');
	name = jm_span_sub(l->all, 0, colon);
	while (name.len > 0 && (name.p[name.len - 1] == ' ' || name.p[name.len - 1] == '\t'))
		name.len--;
	l->id = colon < l->all.len ? line_name_of(r->family, name) : LINE_OTHER;
	l->rest = jm_span_sub(l->all, colon + 1, l->all.len);
	l->value = jm_span_trim(l->rest);
	return true;
}

/* v without blanks at its ends, or none when it means that there is no address. */
static struct jm_span address_or_none(struct jm_span v)
{
	v = jm_span_trim(v);
	if (v.len == 0 || jm_span_eq(v, jm_span_str("<>")) ||
	    jm_span_eq(v, jm_span_str("Unspecified Address")))
		return (struct jm_span){ NULL, 0 };
	return v;
}

/* Copy v into the arena; none stays none. */
static int report_keep(
    struct reader *r, struct jm_span v, struct jm_span *kept_r, struct jm_err *err)
{
	*kept_r = (struct jm_span){ NULL, 0 };
	return jm_span_none(v) ? 0 : jm_arena_copy(r->arena, v, kept_r, err);
}

static int add_recipient(
    struct reader *r, struct jm_report *report, const struct jm_recipient *from, struct jm_err *err)
{
	struct jm_recipient *to;
	void *array = report->recipients;

	if (report->recipients_n >= JM_REPORT_RECIPIENTS)
		return jm_err_set(err, JM_E_LIMIT, "a report names more than %u recipients",
		    JM_REPORT_RECIPIENTS);
	to = jm_arena_grow(
	    r->arena, &array, &report->recipients_n, &report->recipients_cap, sizeof *to, err);
	report->recipients = array;
	if (!to)
		return -1;
	to->type = from->type;
	to->via = from->via;
	if (report_keep(r, from->address, &to->address, err) != 0)
		return -1;
	return report_keep(r, from->via_address, &to->via_address, err);
}

/* Read a redirection, ", Expanded: " or ", Forwarded: ", at the comma at k. Returns its kind;
 * *at_r: the offset of its address. */
static enum jm_recipient_via via_at(struct jm_span v, size_t k, size_t *at_r)
{
	struct jm_span rest = jm_span_trim(jm_span_sub(v, k + 1, v.len)), after;
	enum jm_recipient_via via = JM_VIA_NONE;

	if (jm_span_starts_nocase(rest, jm_span_str("expanded"))) {
		via = JM_VIA_EXPANDED;
		after = jm_span_sub(rest, 8, rest.len);
	} else if (jm_span_starts_nocase(rest, jm_span_str("forwarded"))) {
		via = JM_VIA_FORWARDED;
		after = jm_span_sub(rest, 9, rest.len);
	} else {
		return JM_VIA_NONE;
	}
	after = jm_span_trim(after);
	if (after.len == 0 || after.p[0] != ':')
		return JM_VIA_NONE;
	*at_r = (size_t)(after.p - v.p) + 1;
	return via;
}

/* Read "address [, Expanded: address]". The last redirection outside of quoted strings counts. */
static void split_recipient(struct jm_span v, struct jm_recipient *to)
{
	size_t k, cut = v.len, at = v.len, here = 0;
	enum jm_recipient_via via;
	bool quoted = false;

	for (k = 0; k < v.len; k++) {
		if (v.p[k] == '\\' && quoted) {
			k++;
		} else if (v.p[k] == '"') {
			quoted = !quoted;
		} else if (v.p[k] == ',' && !quoted) {
			via = via_at(v, k, &here);
			if (via != JM_VIA_NONE) {
				to->via = via;
				cut = k;
				at = here;
			}
		}
	}
	to->address = address_or_none(jm_span_sub(v, 0, cut));
	to->via_address = address_or_none(jm_span_sub(v, at, v.len));
	if (jm_span_none(to->via_address))
		to->via = JM_VIA_NONE;
}

/* Read Subject and Message-ID, and the lines that count only before these two. *from_r: the offset
 * from which on there may be recipients. */
static int read_first_part(
    struct reader *r, struct jm_report *report, bool *sender_r, size_t *from_r, struct jm_err *err)
{
	struct jm_span sender = { NULL, 0 }, behalf = sender, subject = sender, id = sender;
	bool early = true, had_behalf = false, had_id = false;
	struct line l;

	*sender_r = false;
	*from_r = r->text.len;
	while (next_line(r, &l)) {
		if (l.id == LINE_SENDER && early && !*sender_r) {
			*sender_r = true;
			sender = address_or_none(l.value);
			*from_r = r->pos;
		} else if (l.id == LINE_ON_BEHALF_OF && early && !had_behalf) {
			had_behalf = true;
			behalf = address_or_none(l.value);
		} else if (l.id == LINE_SUBJECT) {
			early = false;
			if (jm_span_none(subject))
				subject = l.value;
		} else if (l.id == LINE_MESSAGE_ID) {
			early = false;
			had_id = true;
			id = l.value;
			if (*sender_r)
				*from_r = r->pos;
		}
	}
	if (had_id && (id.len == 0 || jm_span_eq(id, jm_span_str("Unknown Message-ID"))))
		id.p = NULL;
	if (report_keep(r, sender, &report->sender, err) != 0 ||
	    report_keep(r, behalf, &report->on_behalf_of, err) != 0 ||
	    report_keep(r, subject, &report->subject, err) != 0)
		return -1;
	return report_keep(r, id, &report->message_id, err);
}

static struct jm_span *extra_of(struct jm_report *report, enum line_name id)
{
	switch (id) {
	case LINE_LABEL:
		return &report->label;
	case LINE_MAILBOX:
		return &report->mailbox;
	case LINE_SENT_UTC:
		return &report->sent_utc;
	case LINE_RECEIVED_UTC:
		return &report->received_utc;
	default:
		return NULL;
	}
}

static int read_2007(struct reader *r, struct jm_report *report, bool *sender_r, struct jm_err *err)
{
	struct jm_recipient to;
	struct jm_span *extra;
	struct line l;
	size_t from;

	if (read_first_part(r, report, sender_r, &from, err) != 0)
		return -1;
	r->pos = from;
	while (*sender_r && next_line(r, &l)) {
		extra = extra_of(report, l.id);
		if (extra && jm_span_none(*extra) && report_keep(r, l.value, extra, err) != 0)
			return -1;
		if (l.id < LINE_TO || l.id > LINE_RECIPIENT)
			continue;
		to = (struct jm_recipient){ .type = (enum jm_recipient_type)(
						JM_RCPT_TO + (l.id - LINE_TO)) };
		split_recipient(l.value, &to);
		if (!jm_span_none(to.address) && add_recipient(r, report, &to, err) != 0)
			return -1;
	}
	return 0;
}

static bool line_is_blank(struct jm_span line)
{
	return jm_field_strip(line).len == 0;
}

/* If e is a whole entry, add it as a recipient and begin the next one. */
static int take_entry(
    struct reader *r, struct jm_report *report, struct jm_entry *e, struct jm_err *err)
{
	struct jm_recipient to = { .type = JM_RCPT_RECIPIENT };

	if (!jm_entry_done(e, &to.address))
		return 0;
	if (to.address.len > 0 && add_recipient(r, report, &to, err) != 0)
		return -1;
	jm_entry_reset(e);
	return 0;
}

/* Read the value that begins on line l, with the following lines that belong to it. r is left at
 * the first line that does not. */
static int read_value_2003(struct reader *r, const struct line *l, struct jm_report *report,
    struct jm_entry *e, struct jm_err *err)
{
	struct jm_span done;
	struct line next;
	size_t back;

	jm_entry_reset(e);
	if (jm_entry_add(e, l->rest, err) != 0)
		return -1;
	if (l->id == LINE_RECIPIENTS && take_entry(r, report, e, err) != 0)
		return -1;
	for (;;) {
		back = r->pos;
		if (l->id == LINE_SENDER && jm_entry_done(e, &done))
			return 0;
		if (!next_line(r, &next))
			return 0;
		if (line_is_blank(next.all) || next.id != LINE_OTHER) {
			r->pos = back;
			return 0;
		}
		if (jm_entry_add(e, next.all, err) != 0)
			return -1;
		if (l->id == LINE_RECIPIENTS && take_entry(r, report, e, err) != 0)
			return -1;
	}
}

static int read_2003(struct reader *r, struct jm_report *report, bool *sender_r, struct jm_err *err)
{
	struct jm_span v;
	struct jm_entry e;
	struct line l;
	int rc = -1;

	jm_entry_init(&e, r->text.len + 1);
	while (next_line(r, &l)) {
		if (l.id == LINE_OTHER)
			continue;
		if (read_value_2003(r, &l, report, &e, err) != 0)
			goto out;
		if (l.id == LINE_SENDER && !*sender_r && jm_entry_done(&e, &v)) {
			*sender_r = true;
			if (v.len > 0 && report_keep(r, v, &report->sender, err) != 0)
				goto out;
		}
		v = jm_field_strip(jm_buf_span(&e.text));
		if (l.id == LINE_MESSAGE_ID && jm_span_none(report->message_id) && v.len > 0 &&
		    report_keep(r, v, &report->message_id, err) != 0)
			goto out;
	}
	rc = 0;
out:
	jm_entry_release(&e);
	return rc;
}

int jm_report_read(struct jm_span text, enum jm_variant family, struct jm_arena *arena,
    struct jm_report *report, bool *proper_r, struct jm_err *err)
{
	struct reader r = { .text = text, .family = family, .arena = arena };
	bool sender = false;
	int rc;

	*report = (struct jm_report){ .recipients = NULL };
	*proper_r = false;
	rc = family == JM_VARIANT_2003 ? read_2003(&r, report, &sender, err)
				       : read_2007(&r, report, &sender, err);
	*proper_r = rc == 0 && sender && report->recipients_n > 0;
	return rc;
}
