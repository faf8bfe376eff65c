/* SPDX-License-Identifier: BSD-2-Clause */
/* Report texts of both families (R8, R9), and the match key. */
#include "common/base/buf.h"
#include "common/journal/match_key.h"
#include "common/journal/report.h"
#include "t/lib/tap.h"

#define S(text) \
	{ \
		(const unsigned char *)(text), sizeof(text) - 1 \
	}

static int show(struct jm_buf *b, const char *key, struct jm_span s)
{
	return jm_span_none(s)
	    ? 0
	    : jm_buf_printf(b, NULL, "%s=%.*s;", key, (int)s.len, (const char *)s.p);
}

/* "no" when it is no report; else its values as key=value; */
static void read_one(struct jm_span text, enum jm_variant family, struct jm_buf *b)
{
	static const char *const via[] = { "", "<-list ", "<-box " };
	struct jm_arena arena;
	struct jm_report r;
	bool proper;
	size_t k;
	int rc;

	jm_buf_reset(b);
	jm_arena_init(&arena, 1u << 20);
	rc = jm_report_read(text, family, &arena, &r, &proper, NULL);
	if (!proper) {
		rc |= jm_buf_printf(b, NULL, "no");
	} else {
		rc |= show(b, "s", r.sender) | show(b, "o", r.on_behalf_of) |
		    show(b, "subj", r.subject) | show(b, "id", r.message_id);
		rc |= show(b, "label", r.label) | show(b, "mailbox", r.mailbox) |
		    show(b, "sent", r.sent_utc) | show(b, "received", r.received_utc);
	}
	for (k = 0; proper && k < r.recipients_n; k++)
		rc |= jm_buf_printf(b, NULL, "%s=%.*s%s%.*s;",
		    jm_recipient_type_name(r.recipients[k].type), (int)r.recipients[k].address.len,
		    (const char *)r.recipients[k].address.p, via[r.recipients[k].via],
		    (int)r.recipients[k].via_address.len,
		    (const char *)(r.recipients[k].via_address.p ? r.recipients[k].via_address.p
								 : (const unsigned char *)""));
	tap_ok(rc == 0, "the text is read");
	jm_arena_release(&arena);
}

#define HEAD "Sender: s@x\nSubject: t\nMessage-ID: <1>\n"

static const struct {
	struct jm_span text;
	const char *want, *what;
} report_2007[] = {
	{ S(""), "no", "no text" },
	{ S(HEAD), "no", "no recipient" },
	{ S("Subject: t\nTo: a@x\n"), "no", "no Sender line" },
	{ S("Subject: t\nSender: s@x\nMessage-ID: <1>\nTo: a@x\n"), "no",
	    "a Sender line behind the subject" },
	{ S(HEAD "To: a@x\n"), "s=s@x;subj=t;id=<1>;to=a@x;", "a report" },
	{ S("sender :\ts@x \r\nSUBJECT:t\r\nMessage-Id:<1>\r\ntO:a@x\r"),
	    "s=s@x;subj=t;id=<1>;to=a@x;", "case, white space, line ends" },
	{ S("Sender: s@x\nTo: a@x"), "s=s@x;to=a@x;", "neither subject nor message-id" },
	{ S("Sender: <>\nTo: a@x"), "to=a@x;", "a null sender" },
	{ S("Sender: Unspecified Address\nTo: unspecified address\n"), "to=unspecified address;",
	    "the words count as written" },
	{ S("Sender: s@x\nOn-Behalf-Of: o@x\nOn-Behalf-Of: p@x\nTo: a@x"), "s=s@x;o=o@x;to=a@x;",
	    "the first On-Behalf-Of" },
	{ S("Sender: s@x\nOn-Behalf-Of: <>\nOn-Behalf-Of: p@x\nTo: a@x"), "s=s@x;to=a@x;",
	    "the first On-Behalf-Of, which names nobody" },
	{ S("Sender: s@x\nSubject: t\nOn-Behalf-Of: o@x\nTo: a@x"), "s=s@x;subj=t;to=a@x;",
	    "On-Behalf-Of behind the subject" },
	{ S("Sender: s@x\nSubject:\nMessage-ID: Unknown Message-ID\nTo: a@x"),
	    "s=s@x;subj=;to=a@x;", "an empty subject, an unknown id" },
	{ S("Sender: s@x\nSubject: t\nTo: forged@x\nMessage-ID: <f>\nTo: f2@x\n"
	    "Message-ID: <1>\nTo: a@x"),
	    "s=s@x;subj=t;id=<1>;to=a@x;", "forged lines in front of the last message-id" },
	{ S("Sender: s@x\nMessage-ID: <f>\nMessage-ID:\nTo: a@x"), "s=s@x;to=a@x;",
	    "the last message-id, which is empty" },
	{ S(HEAD "Cc: a@x\nBCC: b@x\nrecipient: c@x\nX: y\n\nTo: a@x"),
	    "s=s@x;subj=t;id=<1>;cc=a@x;bcc=b@x;recipient=c@x;to=a@x;",
	    "types, order, duplicates" },
	{ S(HEAD "To:\nTo: <>\nTo: Unspecified Address\n To: i@x\nTo: a@x"),
	    "s=s@x;subj=t;id=<1>;to=i@x;to=a@x;", "recipients that are none; a folded line" },
	{ S(HEAD "To: a@x, Expanded: l@x\nTo: b@x ,\tFORWARDED : m@x "),
	    "s=s@x;subj=t;id=<1>;to=a@x<-list l@x;to=b@x<-box m@x;", "redirections" },
	{ S(HEAD "To: a@x, Expanded: l@x, Forwarded: m@x"),
	    "s=s@x;subj=t;id=<1>;to=a@x<-box m@x;to=l@x<-box m@x;", "the last redirection" },
	{ S(HEAD "To: \"a, Expanded: b\"@x"), "s=s@x;subj=t;id=<1>;to=\"a, Expanded: b\"@x;",
	    "none in a quoted string" },
	{ S(HEAD "To: \"a\\\", Expanded: b\"@x"),
	    "s=s@x;subj=t;id=<1>;to=\"a\\\", Expanded: b\"@x;", "none behind a quoted quote" },
	{ S(HEAD "To: a@x, Expanded: <>\nTo: , Expanded: b@x\nTo: c@x, Expandet: d@x"),
	    "s=s@x;subj=t;id=<1>;to=a@x;to=c@x;to=d@x;", "half redirections" },
	{ S("Sender: S <s@x>\nOn-Behalf-Of: <o@x>\nTo: <a@x>, \"B, C\" <b@x> c @ x\nBcc: A\n"
	    "Cc: d@x,\n\te@x"),
	    "s=s@x;o=o@x;to=a@x;to=b@x;to=c@x;bcc=A;cc=d@x;cc=e@x;",
	    "brackets, names and lists; folded lists" },
	{ S(HEAD "To: <a@x>, <b@x>, Expanded: <l@x>\n"
		 "Cc: c@x, Expanded: l@x, d@x, Forwarded: m@x, e@x"),
	    "s=s@x;subj=t;id=<1>;to=a@x<-list l@x;to=b@x<-list l@x;cc=c@x<-list l@x;"
	    "cc=d@x<-box m@x;cc=e@x;",
	    "lists with redirections" },
	{ S(HEAD "To: /o=Org (x)/cn=a\nTo: X400:c=us;a= ;\nCc: EX:/o=c, Expanded: /o=Org/cn=l"),
	    "s=s@x;subj=t;id=<1>;to=/o=Org (x)/cn=a;to=X400:c=us;a= ;;"
	    "cc=EX:/o=c<-list /o=Org/cn=l;",
	    "addresses of other systems" },
	{ S(HEAD "To: a@x\n\nTo: b@x\n\n-- \nTo: c@x\n"), "s=s@x;subj=t;id=<1>;to=a@x;to=b@x;",
	    "a footer" },
	{ S(HEAD "Label: l\nLabel: m\nMailbox:\nSentUtc: 1\nReceivedUtc: 2\nTo: a@x"),
	    "s=s@x;subj=t;id=<1>;label=l;mailbox=;sent=1;received=2;to=a@x;", "extra fields" },
	{ S("Sender: s@x\nLabel: l\nTo: a@x"), "s=s@x;label=l;to=a@x;",
	    "extra fields without a message-id" },
	{ S("Label: e\nSender: s@x\nMailbox: m\nMessage-ID: <1>\nTo: a@x"), "s=s@x;id=<1>;to=a@x;",
	    "extra fields in front of it" },
};

static void test_2007(void)
{
	struct jm_buf got;
	size_t k;

	jm_buf_init(&got, 4096);
	for (k = 0; k < sizeof report_2007 / sizeof report_2007[0]; k++) {
		read_one(report_2007[k].text, JM_VARIANT_2007, &got);
		tap_is_str(jm_buf_str(&got), report_2007[k].want, "2007: %s", report_2007[k].what);
	}
	read_one(jm_span_of("Sender: a\0b@x\nTo: c\0@x", 23), JM_VARIANT_2007, &got);
	tap_is_str(jm_buf_str(&got), "s=a;to=c;",
	    "2007: a NUL ends no line (only our print of the value)");
	jm_buf_release(&got);
}

static void test_2003(void)
{
	static const struct {
		struct jm_span text;
		const char *want, *what;
	} row[] = {
		{ S("Sender: s@x\nMessage-ID: <1>\nRecipients:\na@x\n"),
		    "s=s@x;id=<1>;recipient=a@x;", "bare addresses" },
		{ S("Sender: \"Doe, J\" <SMTP:s@x>\r\nMessage-ID: <1>\r\nRecipients:\r\n"
		    "\"R, A\"<smtp:a@x>,\r\nB C <b@x> ,\r\n<EX:/o=c>\r\n"),
		    "s=s@x;id=<1>;recipient=a@x;recipient=b@x;recipient=EX:/o=c;",
		    "names and types" },
		{ S("Sender: s@x\nRecipients:\n\"Long\n Name\"\n\t<SMTP:lo\nng@x>\nb@x\n"),
		    "s=s@x;recipient=long@x;recipient=b@x;", "wrapped entries" },
		{ S("Sender: s@x\nMessage-ID: <1\n.2>\n\nRecipients:\na@x"),
		    "s=s@x;id=<1.2>;recipient=a@x;", "a wrapped message-id" },
		{ S("Sender: \"A\n B\"\n <s@x>\nRecipients:\na@x"), "s=s@x;recipient=a@x;",
		    "a wrapped sender" },
		{ S("Sender: <>\nRecipients:\n<>\n<SMTP:>\na@x\n\nb@x"), "recipient=a@x;",
		    "null addresses; a blank line ends the list" },
		{ S("Sender: s@x\nRecipients:\na@x\nMessage-ID: <1>\nb@x"),
		    "s=s@x;id=<1>b@x;recipient=a@x;", "a field ends the list" },
		{ S("Recipients:\na@x\nSENDER : s@x\n"), "s=s@x;recipient=a@x;",
		    "any order, any case" },
		{ S("Sender:\n\nSender: s@x\nRecipients:\na@x"), "s=s@x;recipient=a@x;",
		    "an empty Sender line is none" },
		{ S("Sender: s@x\nRecipients:\n\n"), "no", "no recipients" },
		{ S("Sender: s@x\nRecipients: a@x\nb@x"), "s=s@x;recipient=a@x;recipient=b@x;",
		    "an entry on the line itself" },
		{ S("Sender: @b\n\nSender: s@\nRecipients:\na@x"), "s=@b;recipient=a@x;",
		    "a sender that is no address" },
		{ S("Sender: A \"B\" <s@x>\nRecipients:\na@x, <b@y>; c@z\n\"D\" d@w\nE <e@v>\n"
		    "f@u g@t"),
		    "s=s@x;recipient=a@x;recipient=b@y;recipient=c@z;recipient=d@w;"
		    "recipient=e@v;recipient=f@u;recipient=g@t;",
		    "lists of several addresses, broken names" },
		{ S("Sender: (null) <s@x>\nRecipients:\n\ta@x\n\t<b@x>,\n"),
		    "s=s@x;recipient=a@x;recipient=b@x;", "Citadel" },
		{ S("Sender: s@x\nRecipients:\n\"a \\\" b\" <a@x>\n<a@b:c>\n<x:y:z>\na@\n@b\n"
		    "c@d\n"),
		    "s=s@x;recipient=a@x;recipient=a@b:c;recipient=x:y:z;recipient=a@@b;"
		    "recipient=c@d;",
		    "odd ones" },
	};
	struct jm_buf got;
	size_t k;

	jm_buf_init(&got, 4096);
	for (k = 0; k < sizeof row / sizeof row[0]; k++) {
		read_one(row[k].text, JM_VARIANT_2003, &got);
		tap_is_str(jm_buf_str(&got), row[k].want, "2003: %s", row[k].what);
	}
	jm_buf_release(&got);
}

static void test_key(void)
{
	static const char a[] = "Message-ID: <1>\r\nDate: d\r\nFrom: f\r\nSubject: s\r\n\r\nbody";
	static const struct {
		const char *message;
		bool same;
		const char *what;
	} row[] = {
		{ "Received: x\r\nsubject:\r\n s\r\nFROM: f\nDate:   d\r\nX: y\r\n"
		  "message-id: <1> \r\n\r\nbody",
		    true, "transport fields, order, folds and case" },
		{ "Message-ID: <1>\r\nDate: d\r\nFrom: f\r\nSubject: s\r\nSubject: t\r\n\r\nbody",
		    true, "a second field" },
		{ "Message-ID: <1>\r\nDate: d\r\nFrom: f\r\nSubject: s\r\n\r\nbody ", false,
		    "another body" },
		{ "Message-ID: <1>\r\nDate: d\r\nFrom: fs\r\nSubject:\r\n\r\nbody", false,
		    "octets moved between fields" },
		{ "Message-ID: <2>\r\nDate: d\r\nFrom: f\r\nSubject: s\r\n\r\nbody", false,
		    "another message-id" },
	};
	unsigned char want[JM_SHA256_BYTES], got[JM_SHA256_BYTES];
	size_t k;

	tap_ok(jm_match_key_of(jm_span_str(a), want, NULL) == 0, "a key");
	for (k = 0; k < sizeof row / sizeof row[0]; k++) {
		tap_ok(jm_match_key_of(jm_span_str(row[k].message), got, NULL) == 0, "another key");
		tap_ok((memcmp(got, want, sizeof want) == 0) == row[k].same, "key: %s %s",
		    row[k].what, row[k].same ? "do not matter" : "matters");
	}
	tap_ok(jm_match_key_of(jm_span_str("Date: d\n\nx"), want, NULL) == 0 &&
		jm_sha256_of(jm_span_str("Date: d\n\nx"), got, NULL) == 0 &&
		memcmp(got, want, sizeof want) == 0,
	    "key: without a message-id all octets count");
	tap_ok(jm_match_key_of(jm_span_str("Message-ID:\nDate: d\n\nx"), want, NULL) == 0 &&
		jm_sha256_of(jm_span_str("Message-ID:\nDate: d\n\nx"), got, NULL) == 0 &&
		memcmp(got, want, sizeof want) == 0,
	    "key: an empty message-id is none");
	tap_ok(jm_match_key_of(jm_span_of(NULL, 0), got, NULL) == 0, "key: of nothing");
}

int main(void)
{
	test_2007();
	test_2003();
	test_key();
	return tap_done();
}
