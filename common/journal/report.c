/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading the report text of the 2007 family (R8) and of the 2003 family (R9). An entry of a 2003
 * report is read in entry.c. See report.h. */
#include "common/journal/report.h"

#include "common/journal/entry.h"
#include "common/mail/address.h"
#include "common/mail/field.h"

#define RAW_BYTES 1024 /* a longer text without any address is only counted */

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
	v = jm_field_strip(v);
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
	struct jm_span rest = jm_field_strip(jm_span_sub(v, k + 1, v.len)), after;
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
	after = jm_field_strip(after);
	if (after.len == 0 || after.p[0] != ':')
		return JM_VIA_NONE;
	*at_r = (size_t)(after.p - v.p) + 1;
	return via;
}

/* The addresses of a recipient line are added to the report one by one. */
struct line_reader {
	struct reader *r;
	struct jm_report *report;
	enum jm_recipient_type type;
	size_t start; /* the recipients from here on wait for a redirection */
	enum jm_recipient_via via;
	struct jm_span via_address; /* in the arena; none: it is still to be read */
	bool redirected;            /* no recipient came after the last redirection */
};

static int line_add(struct line_reader *l, struct jm_span address, struct jm_err *err)
{
	struct jm_recipient to = { .address = address_or_none(address), .type = l->type };

	return jm_span_none(to.address) ? 0 : add_recipient(l->r, l->report, &to, err);
}

/* The recipients that wait came by the last redirection. */
static void line_redirect(struct line_reader *l)
{
	struct jm_recipient *to = l->report->recipients;

	for (size_t k = l->start; !jm_span_none(l->via_address) && k < l->report->recipients_n;
	     k++) {
		to[k].via = l->via;
		to[k].via_address = l->via_address;
	}
	l->start = l->report->recipients_n;
	l->redirected = false;
	l->via_address = (struct jm_span){ NULL, 0 };
}

/* The first address after a redirection is that of the list or mailbox, for all recipients that
 * wait. Further ones are recipients. */
static int line_sink(void *ctx, const struct jm_address *a, struct jm_err *err)
{
	struct line_reader *l = ctx;

	if (jm_span_none(address_or_none(a->text)))
		return 0;
	if (l->redirected && jm_span_none(l->via_address))
		return report_keep(l->r, a->text, &l->via_address, err);
	if (l->redirected)
		line_redirect(l);
	return line_add(l, a->text, err);
}

/* Read a text that may name several addresses. A text without "@" is one, as written. */
static int read_addresses(struct jm_span text, jm_address_sink *sink, void *ctx,
    struct jm_report *report, struct jm_err *err)
{
	struct jm_address whole = { .text = address_or_none(text) };

	if (jm_span_index(text, '@') < text.len || jm_span_index(text, '\n') < text.len)
		return jm_addresses_read(text, sink, ctx, &report->defects, err);
	return jm_span_none(whole.text) ? 0 : sink(ctx, &whole, err);
}

/* The offset of the next redirection outside of quoted strings, from k on; v.len without one. */
static size_t find_redirection(
    struct jm_span v, size_t k, enum jm_recipient_via *via_r, size_t *at_r)
{
	bool quoted = false;

	*via_r = JM_VIA_NONE;
	for (; k < v.len; k++) {
		if (v.p[k] == '\\' && quoted) {
			k++;
		} else if (v.p[k] == '"') {
			quoted = !quoted;
		} else if (v.p[k] == ',' && !quoted) {
			*via_r = via_at(v, k, at_r);
			if (*via_r != JM_VIA_NONE)
				return k;
		}
	}
	return v.len;
}

/* Read "address [, Expanded: address]". There may be several of both. The last redirection counts;
 * the address of one before it is a recipient, too. */
static int read_recipients(struct reader *r, struct jm_report *report, struct jm_span v,
    enum jm_recipient_type type, struct jm_err *err)
{
	struct line_reader l = {
		.r = r, .report = report, .type = type, .start = report->recipients_n
	};
	enum jm_recipient_via via;
	size_t from = 0, cut, at = v.len;

	for (;;) {
		cut = find_redirection(v, from, &via, &at);
		if (read_addresses(jm_span_sub(v, from, cut - from), line_sink, &l, report, err) !=
		    0)
			return -1;
		if (via == JM_VIA_NONE)
			break;
		if (l.redirected && l.start < report->recipients_n &&
		    !jm_span_none(l.via_address) && line_add(&l, l.via_address, err) != 0)
			return -1;
		l.via = via;
		l.via_address = (struct jm_span){ NULL, 0 };
		l.redirected = true;
		from = at;
	}
	line_redirect(&l);
	return 0;
}

/* The first address of a Sender line, but for one in a name. */
struct first {
	struct jm_span *address_r;
	struct reader *r;
	bool final;
};

static int first_sink(void *ctx, const struct jm_address *a, struct jm_err *err)
{
	struct first *first = ctx;

	if (first->final || (a->in_name && !jm_span_none(*first->address_r)))
		return 0;
	first->final = !a->in_name;
	return report_keep(first->r, a->text, first->address_r, err);
}

static int read_first(struct reader *r, struct jm_report *report, struct jm_span v,
    struct jm_span *address_r, struct jm_err *err)
{
	struct first first = { address_r, r, false };

	*address_r = (struct jm_span){ NULL, 0 };
	return jm_span_none(v) ? 0 : read_addresses(v, first_sink, &first, report, err);
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
			report->null_sender = jm_span_eq(l.value, jm_span_str("<>"));
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
	report->has_id = had_id;
	if (read_first(r, report, sender, &report->sender, err) != 0 ||
	    read_first(r, report, behalf, &report->on_behalf_of, err) != 0 ||
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

static bool line_is_blank(struct jm_span line)
{
	return jm_field_strip(line).len == 0;
}

/* Add the lines that continue l, which begin with white space, to its value. */
static void join_lines(struct reader *r, struct line *l)
{
	while (r->pos < r->text.len && (r->text.p[r->pos] == ' ' || r->text.p[r->pos] == '\t')) {
		struct line next;

		if (!next_line(r, &next) || line_is_blank(next.all))
			return;
		l->value = jm_field_strip(
		    jm_span_of(l->value.p, (size_t)(next.all.p + next.all.len - l->value.p)));
	}
}

static bool names_recipient(enum line_name id)
{
	return id >= LINE_TO && id <= LINE_RECIPIENT;
}

/* Count the recipient lines in what is taken for a footer: they may have been meant. */
static void count_left_out(struct reader *r, struct jm_report *report)
{
	struct line l;

	while (next_line(r, &l))
		report->defects += names_recipient(l.id) &&
		    jm_span_index(l.value, '@') < l.value.len;
}

static int read_2007(struct reader *r, struct jm_report *report, bool *sender_r, struct jm_err *err)
{
	bool after_blank = false, blank;
	struct jm_span *extra;
	struct line l;
	size_t from;

	if (read_first_part(r, report, sender_r, &from, err) != 0)
		return -1;
	r->pos = from;
	while (*sender_r && next_line(r, &l)) {
		blank = line_is_blank(l.all);
		/* A footer, which a gateway added, is no part of the report. */
		if (!blank && after_blank && l.id == LINE_OTHER && report->recipients_n > 0) {
			count_left_out(r, report);
			break;
		}
		after_blank = blank;
		extra = extra_of(report, l.id);
		if (extra && jm_span_none(*extra) && report_keep(r, l.value, extra, err) != 0)
			return -1;
		if (!names_recipient(l.id))
			continue;
		join_lines(r, &l);
		if (read_recipients(r, report, l.value,
			(enum jm_recipient_type)(JM_RCPT_TO + (l.id - LINE_TO)), err) != 0)
			return -1;
	}
	return 0;
}

/* Add the recipients that a text names which is no entry. */
static int take_text(
    struct reader *r, struct jm_report *report, struct jm_entry *e, struct jm_err *err)
{
	struct jm_span text = jm_field_strip(jm_buf_span(&e->text));
	struct line_reader l = { .r = r, .report = report, .type = JM_RCPT_RECIPIENT };
	int rc = 0;

	if (text.len > RAW_BYTES && jm_span_index(text, '@') == text.len)
		report->defects++;
	else if (text.len > 0)
		rc = jm_addresses_read(text, line_sink, &l, &report->defects, err);
	jm_entry_reset(e);
	return rc;
}

/* If e is a whole entry, add it as a recipient and begin the next one. If it never will be one, add
 * what it names. */
static int take_entry(
    struct reader *r, struct jm_report *report, struct jm_entry *e, struct jm_err *err)
{
	struct jm_recipient to = { .type = JM_RCPT_RECIPIENT };

	if (jm_entry_failed(e))
		return take_text(r, report, e, err);
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
	bool list = l->id == LINE_RECIPIENTS;
	struct jm_span done;
	struct line next;
	size_t back;

	jm_entry_reset(e);
	if (jm_entry_add(e, l->rest, err) != 0)
		return -1;
	if (list && take_entry(r, report, e, err) != 0)
		return -1;
	for (;;) {
		back = r->pos;
		if (l->id == LINE_SENDER && (jm_entry_done(e, &done) || jm_entry_failed(e)))
			return 0;
		if (!next_line(r, &next))
			break;
		if (line_is_blank(next.all) || next.id != LINE_OTHER) {
			r->pos = back;
			break;
		}
		if (jm_entry_add(e, next.all, err) != 0)
			return -1;
		if (list && take_entry(r, report, e, err) != 0)
			return -1;
	}
	return list ? take_text(r, report, e, err) : 0;
}

static int read_2003(struct reader *r, struct jm_report *report, bool *sender_r, struct jm_err *err)
{
	struct jm_span v, whole;
	struct jm_entry e;
	struct line l;
	int rc = -1;

	jm_entry_init(&e, r->text.len + 1);
	while (next_line(r, &l)) {
		if (l.id == LINE_OTHER)
			continue;
		if (read_value_2003(r, &l, report, &e, err) != 0)
			goto out;
		whole = jm_field_strip(jm_buf_span(&e.text));
		if (l.id == LINE_SENDER && !*sender_r && whole.len > 0) {
			*sender_r = true;
			report->null_sender = jm_span_eq(whole, jm_span_str("<>"));
			if (jm_entry_done(&e, &v)
				? v.len > 0 && report_keep(r, v, &report->sender, err) != 0
				: read_first(r, report, whole, &report->sender, err) != 0)
				goto out;
		}
		v = whole;
		report->has_id = report->has_id || l.id == LINE_MESSAGE_ID;
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
	bool sender = false, at_top;
	struct line first;
	int rc;

	*report = (struct jm_report){ .recipients = NULL };
	*proper_r = false;
	do
		at_top = next_line(&r, &first);
	while (at_top && line_is_blank(first.all));
	at_top = at_top && first.id == LINE_SENDER;
	r.pos = 0;
	rc = family == JM_VARIANT_2003 ? read_2003(&r, report, &sender, err)
				       : read_2007(&r, report, &sender, err);
	report->at_top = at_top;
	*proper_r = rc == 0 && sender && report->recipients_n > 0;
	return rc;
}
