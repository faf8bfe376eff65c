/* SPDX-License-Identifier: BSD-2-Clause */
/* Address lists (R11), domains and SMTP paths, forms of addresses and Message-IDs, dates. */
#include "common/base/buf.h"
#include "common/base/clock.h"
#include "common/mail/address.h"
#include "common/mail/address_form.h"
#include "common/mail/date.h"
#include "common/mail/domain.h"
#include "common/mail/message_id.h"
#include "t/lib/tap.h"

static int show_address(void *got, const struct jm_address *a, struct jm_err *err)
{
	return jm_buf_printf(
	    got, err, a->in_name ? "(%.*s)" : "[%.*s]", (int)a->text.len, (const char *)a->text.p);
}

static const struct {
	const char *in, *want;
	unsigned defects;
} list[] = {
	{ "", "", 0 },
	{ "a@x", "[a@x]", 0 },
	{ "a@x, b@y", "[a@x][b@y]", 0 },
	{ "A <a@x>", "[a@x]", 0 },
	{ "\"B, C\" <a@x>, d@y", "[a@x][d@y]", 0 },
	{ "A (x, y) <a@x>(z)", "[a@x]", 0 },
	{ "G: a@x, B <b@x>;, c@x", "[a@x][b@x][c@x]", 0 },
	{ "undisclosed-recipients:;", "", 0 },
	{ "Undisclosed recipients: ;", "", 0 },
	{ "<undisclosed-recipients:;>", "", 0 },
	{ "undisclosed-recipients:; (no To-header on input)", "", 0 },
	{ "undisclosed-recipients:;@MISSING_DOMAIN", "[@MISSING_DOMAIN]", 1 },
	{ "<>, ,", "", 0 },
	{ "< a@x >", "[a@x]", 0 },
	{ "A <a@x", "[a@x]", 0 },
	{ "\"a b\"@x", "[\"a b\"@x]", 0 },
	{ "\"a\\\", b\"@x", "[\"a\\\", b\"@x]", 0 },
	{ "\"a, <b@y>\" <\"c@d, e\"@x>", "[\"c@d, e\"@x]", 0 },
	{ "just words", "[just words]", 1 },
	{ "just\r\n words", "[just words]", 1 },
	{ "postmaster", "[postmaster]", 0 },
	{ "\"open, quote", "[\"open][quote]", 1 },
	{ "a@x;b@x", "[a@x][b@x]", 0 },
	/* missing commas */
	{ "<a@x> <b@x>", "[a@x][b@x]", 0 },
	{ "<a@x><b@x>", "[a@x][b@x]", 0 },
	{ "a@x b@y", "[a@x][b@y]", 0 },
	{ "a@x\r\n\tb@y\r\n", "[a@x][b@y]", 0 },
	{ "\"N\" <a@x> \"M\" <b@y>", "[a@x][b@y]", 0 },
	{ "N <a@x> M <b@y> c@z", "[a@x][b@y][c@z]", 0 },
	{ "Anna a@x Bo b@y", "[a@x][b@y]", 0 },
	{ "\"N\"a@x", "[a@x]", 0 },
	{ "a@x <b@x>", "(a@x)[b@x]", 0 },
	{ "a@x <A@X>", "[A@X]", 0 },
	{ "b@y Cid <c@z>", "(b@y)[c@z]", 0 },
	{ "a@x <mailto:a@x>", "[a@x]", 0 },
	/* routes, blanks, comments */
	{ "<@r1,@r2:a@x>", "[a@x]", 0 },
	{ "A <@r1.example, @r2 : a@x>, <@r:b@y>", "[a@x][b@y]", 0 },
	{ "@r1,@r2:a@x, b@y", "[a@x][b@y]", 0 },
	{ "@r1, a@x", "[@r1][a@x]", 1 },
	{ "a @ x.example", "[a@x.example]", 0 },
	{ "<a @x.example>", "[a@x.example]", 0 },
	{ "john . doe @ x . example", "[john.doe@x.example]", 0 },
	{ "john .doe@x .example", "[john.doe@x.example]", 0 },
	{ "Dr. a@x. Bo b@y.", "[a@x][b@y]", 0 },
	{ " .a@x, .b..c.@y", "[.a@x][.b..c.@y]", 0 },
	{ "{a@x}, Mailbox{1-2}@y, {3}@z", "[a@x][Mailbox{1-2}@y][{3}@z]", 0 },
	{ "a(work)@(home) x.(c)example", "[a@x.example]", 0 },
	{ "Ann @work <a@x>", "[a@x]", 0 },
	/* brackets and quotes that do not match */
	{ "<<a@x>>", "[a@x]", 0 },
	{ "A < <a@x> >, b@y", "[a@x][b@y]", 0 },
	{ "A <a@x, B <b@y>", "[a@x][b@y]", 0 },
	{ "A <a@x B <b@y>", "[a@x][b@y]", 0 },
	{ "A < B <b@y>", "[b@y]", 0 },
	{ "A a@x>, b@y", "[a@x][b@y]", 0 },
	{ "<a@x, b@y>", "[a@x][b@y]", 0 },
	{ "<a@x; b@y c@z>", "[a@x][b@y][c@z]", 0 },
	{ "\"A <a@x>, b@y", "[a@x][b@y]", 0 },
	{ "\"A\" <a@x>, B\" <b@y>, \"C\" <c@z>", "[a@x](b@y)[c@z]", 0 },
	{ "A (home <a@x>, b@y", "[a@x][b@y]", 0 },
	{ "A) <a@x>, [b@y]", "[a@x][b@y]", 0 },
	{ "'a@x', 'b' <b@y>, 'c@z' <c@z>", "[a@x][b@y][c@z]", 0 },
	{ "o'hara@x", "[o'hara@x]", 0 },
	{ "A [mailto:a@x], mailto:b@y?subject=c", "[a@x][b@y]", 0 },
	/* names */
	{ "Doe, John <j@x>", "[j@x]", 0 },
	{ "Doe, John, Jr. <j@x>, Roe, R <r@x>", "[j@x][r@x]", 0 },
	{ "root, John <j@x>", "[root][j@x]", 0 },
	{ "Doe, <j@x>", "[Doe][j@x]", 0 },
	{ "Doe, a@x", "[Doe][a@x]", 0 },
	{ "=?utf-8?q?Doe,_John?= <j@x>", "[j@x]", 0 },
	{ "=?utf-8?q?anna=40y?= <j@x>", "[j@x]", 0 },
	{ "=?utf-8?q?Anna_=3Ca=40x=3E=2C_b=40y?=", "[a@x][b@y]", 0 },
	{ "<=?utf-8?b?YUB4?=>", "[a@x]", 0 },
	{ "\"Anna <a@x>\"", "[a@x]", 0 },
	{ "Anna (a@x)", "[a@x]", 0 },
	{ "=?utf-8?q?just_a_name?=", "[=?utf-8?q?just_a_name?=]", 0 },
	/* other forms */
	{ "<a@[192.0.2.1]>, b@[IPv6:2001:db8::1]", "[a@[192.0.2.1]][b@[IPv6:2001:db8::1]]", 0 },
	{ "\xc3\xa4@x.example, b@\xc3\xbc.example", "[\xc3\xa4@x.example][b@\xc3\xbc.example]", 0 },
	{ "A </o=Org (x)/cn=a>", "[/o=Org (x)/cn=a]", 0 },
	{ "/O=Org (x)/CN=a, b@y", "[/O=Org (x)/CN=a][b@y]", 0 },
	{ "X400:c=us;a= ;s=Doe;, b@y", "[X400:c=us;a= ;s=Doe;][b@y]", 0 },
	{ "<X400:c=us;a= ;s=Doe;>", "[X400:c=us;a= ;s=Doe;]", 0 },
	{ "IMCEAEX-_O=ORG_CN=A+20B@x.example", "[IMCEAEX-_O=ORG_CN=A+20B@x.example]", 0 },
	{ "SMTP:a@x; smtp:b@y", "[a@x][b@y]", 0 },
	/* no addresses */
	{ "a@b@c, d@x", "[a@b@c][d@x]", 1 },
	{ "a@, b@x", "[a@][b@x]", 1 },
	{ "a@x/y, b@x", "[a@x/y][b@x]", 1 },
	{ "<john doe@x>", "[john doe@x]", 1 },
	{ "<a@x> trailing garbage", "[a@x]", 1 },
	{ "a@x trailing, b@y", "[a@x][b@y]", 1 },
};

static void test_lists(void)
{
	struct jm_buf got;
	unsigned defects;

	jm_buf_init(&got, 4096);
	for (size_t k = 0; k < sizeof list / sizeof list[0]; k++) {
		defects = 0;
		jm_buf_reset(&got);
		tap_ok(jm_addresses_read(
			   jm_span_str(list[k].in), show_address, &got, &defects, NULL) == 0,
		    "the list is read");
		tap_is_str(jm_buf_str(&got), list[k].want, "list %s", list[k].in);
		tap_is_int(defects, list[k].defects, "its defects");
	}
	jm_buf_release(&got);
}

static void test_domains(void)
{
	static const struct {
		const char *in, *want;
	} row[] = {
		{ "Example.COM", "example.com" },
		{ "example.com.", "example.com" },
		{ "b\xc3\xbc"
		  "cher.example",
		    "xn--bcher-kva.example" },
		{ "B\xc3\x9c"
		  "CHER.example",
		    "xn--bcher-kva.example" },
		{ "xn--bcher-kva.EXAMPLE", "xn--bcher-kva.example" },
		{ "a_b.example", "a_b.example" },
		{ "A\xff.example", "a\xff.example" },
		{ "", NULL },
		{ ".", NULL },
		{ "[192.0.2.1]", "[192.0.2.1]" },
	};
	char text[JM_DOMAIN_BYTES];
	unsigned char longest[JM_DOMAIN_BYTES];
	size_t k;

	for (k = 0; k < sizeof row / sizeof row[0]; k++) {
		int rc = jm_domain_normalise(jm_span_str(row[k].in), text);

		tap_is_str(rc == 0 ? text : NULL, row[k].want, "domain \"%s\"", row[k].in);
	}
	memset(longest, 'a', sizeof longest);
	tap_ok(jm_domain_normalise(jm_span_of(longest, 255), text) == 0, "255 octets are a domain");
	tap_ok(jm_domain_normalise(jm_span_of(longest, 256), text) != 0, "256 are none");
	tap_ok(jm_domain_normalise(jm_span_of("a\0b", 3), text) != 0, "nor is one with a NUL");
}

static void test_paths(void)
{
	static const struct {
		const char *in, *local, *domain;
	} row[] = {
		{ "<a@b>", "a", "b" },
		{ "a@b", "a", "b" },
		{ "<>", "", "" },
		{ "", "", "" },
		{ "<@relay:a@b>", "a", "b" },
		{ "<@r1,@r2:a@b>", "a", "b" },
		{ "<\"a b\"@c>", "\"a b\"", "c" },
		{ "<\"a@b\"@c>", "\"a@b\"", "c" },
		{ "<a@b.>", "a", "b." },
		{ "<postmaster>", "postmaster", "" },
		{ "<a@b", NULL, NULL },
		{ "<@relay>", NULL, NULL },
		{ "<\"a\\\"@x\"@c>", "\"a\\\"@x\"", "c" },
		{ "a@b@c", "a@b", "c" },
	};
	struct jm_span local, domain;
	char l[64], d[64];
	size_t k;

	for (k = 0; k < sizeof row / sizeof row[0]; k++) {
		bool ok = jm_domain_split_path(jm_span_str(row[k].in), &local, &domain);

		tap_ok(local.len < sizeof l && domain.len < sizeof d, "both parts lie inside");
		memcpy(l, local.p, local.len);
		memcpy(d, domain.p, domain.len);
		l[local.len] = d[domain.len] = '\0';
		tap_is_str(ok ? l : NULL, row[k].local, "local part of %s", row[k].in);
		tap_is_str(ok ? d : NULL, row[k].domain, "domain of %s", row[k].in);
	}
}

static const struct {
	const char *in, *want;
} date[] = {
	{ "Tue, 17 Jul 2029 12:13:28 +0000", "2029-07-17T12:13:28.000Z" },
	{ "17 Jul 2029 12:13:28 +0530", "2029-07-17T06:43:28.000Z" },
	{ "Tue, 17 jul 2029 12:13 -0800 (PST)", "2029-07-17T20:13:00.000Z" },
	{ "17 Jul 29 12:13:28 GMT", "2029-07-17T12:13:28.000Z" },
	{ "17 Jul 99 12:13:28 EST", "1999-07-17T17:13:28.000Z" },
	{ "17 Jul 129 12:13:28 Z", "2029-07-17T12:13:28.000Z" },
	{ "1 Mar 2024 00:00:00 +0100", "2024-02-29T23:00:00.000Z" },
	{ "Tue (a(b)), 17\tJuly 2029 12:13:28", "2029-07-17T12:13:28.000Z" },
	{ "Jul 17 12:13:28 2029", "2029-07-17T12:13:28.000Z" },
	{ "17-Jul-2029 12:13:28 +0000", "2029-07-17T12:13:28.000Z" },
	{ "31 Dec 2029 23:59:60 +0000", "2030-01-01T00:00:00.000Z" },
	{ "29 Feb 2029 00:00:00 +0000", NULL },
	{ "32 Jan 2029 00:00:00 +0000", NULL },
	{ "", NULL },
	{ "yesterday", NULL },
	{ "17 Jul 2029 12:60:00 +0000", NULL },
	{ "1 Jan 1970 00:00:00 +0000", "1970-01-01T00:00:00.000Z" },
	{ "1 Jan 1969 00:00:00 +0000", "1969-01-01T00:00:00.000Z" },
	{ "17 Jul 2029 12:13:28 -0000", "2029-07-17T12:13:28.000Z" },
	{ "17 Jul 2029 12:13:28.27 A", "2029-07-17T12:13:28.000Z" },
	{ "99999999999 Jul 2029 1:2:3", NULL },
	{ "17 Jul 2029 12:", NULL },
	{ "((((", NULL },
	/* ISO 8601 */
	{ "2029-07-17T12:13:28+02:00", "2029-07-17T10:13:28.000Z" },
	{ "2029-07-17T12:13:28.123456Z", "2029-07-17T12:13:28.000Z" },
	{ "2029-07-17 12:13:28,5 -0530", "2029-07-17T17:43:28.000Z" },
	{ "20290717T121328Z", "2029-07-17T12:13:28.000Z" },
	{ "2029-07-17t12:13z", "2029-07-17T12:13:00.000Z" },
	{ "2029/07/17 12:13:28", "2029-07-17T12:13:28.000Z" },
	{ "2029-13-17 12:13:28", NULL },
	/* zones */
	{ "Tue, 17 Jul 2029 12:13:28 +02:00", "2029-07-17T10:13:28.000Z" },
	{ "Tue, 17 Jul 2029 12:13:28 +02", "2029-07-17T10:13:28.000Z" },
	{ "Tue, 17 Jul 2029 12:13:28+0200", "2029-07-17T10:13:28.000Z" },
	{ "Tue, 17 Jul 2029 12:13:28 +200", "2029-07-17T10:13:28.000Z" },
	{ "Tue Jul 17 2029 12:13:28 GMT+0200 (CEST)", "2029-07-17T10:13:28.000Z" },
	{ "Tue, 17 Jul 2029 12:13:28 GMT+2", "2029-07-17T10:13:28.000Z" },
	{ "Tue, 17 Jul 2029 12:13:28 UTC-05:00", "2029-07-17T17:13:28.000Z" },
	{ "Tue, 17 Jul 2029 12:13:28 CEST", "2029-07-17T10:13:28.000Z" },
	{ "Tue, 17 Jul 2029 12:13:28 (CEST)", "2029-07-17T10:13:28.000Z" },
	{ "Tue, 17 Jul 2029 12:13:28 (GMT+02:00)", "2029-07-17T10:13:28.000Z" },
	{ "Tue, 17 Jul 2029 12:13:28 +0200 (EST)", "2029-07-17T10:13:28.000Z" },
	{ "Tue, 17 Jul 2029 12:13:28 EST", "2029-07-17T17:13:28.000Z" },
	{ "Tue, 17 Jul 2029 12:13:28 UT", "2029-07-17T12:13:28.000Z" },
	{ "Tue, 17 Jul 2029 12:13:28 IST", "2029-07-17T12:13:28.000Z" },
	{ "Tue, 17 Jul 2029 12:13:28 K", "2029-07-17T12:13:28.000Z" },
	{ "Tue Jul 17 12:13:28 CEST 2029", "2029-07-17T10:13:28.000Z" },
	{ "Tue Jul 17 12:13:28 +0200 2029", "2029-07-17T10:13:28.000Z" },
	/* times */
	{ "Tue, 17 Jul 2029 12.13.28 +0200", "2029-07-17T10:13:28.000Z" },
	{ "Tue, 17 Jul 2029 12.13 +0200", "2029-07-17T10:13:00.000Z" },
	{ "Tue, 17 Jul 2029 12h13", "2029-07-17T12:13:00.000Z" },
	{ "Tue, 17 Jul 2029 12 : 13 : 28 +0200", "2029-07-17T10:13:28.000Z" },
	{ "Tue, 17 Jul 2029 1:2:3 +0000", "2029-07-17T01:02:03.000Z" },
	{ "Tuesday, July 17, 2029 12:13:28 AM", "2029-07-17T00:13:28.000Z" },
	{ "Tuesday, July 17, 2029 1:13 p.m. +0200", "2029-07-17T11:13:00.000Z" },
	{ "Tue, 17 Jul 2029 01:13:28PM EST", "2029-07-17T18:13:28.000Z" },
	{ "Tue, 17 Jul 2029 14:13:28 PM", "2029-07-17T14:13:28.000Z" },
	{ "17 Jul 2029 24:00:00 +0000", "2029-07-18T00:00:00.000Z" },
	{ "17 Jul 2029 24:00:01 +0000", NULL },
	{ "17 Jul 2029", "2029-07-17T00:00:00.000Z" },
	/* days */
	{ "Tue,  17  Jul  2029  12:13:28  +0000", "2029-07-17T12:13:28.000Z" },
	{ "July 17th, 2029 at 12:13", "2029-07-17T12:13:00.000Z" },
	{ "Di, 17. Juli 2029 12:13:28 +0200", "2029-07-17T10:13:28.000Z" },
	{ "Do, 1 März 2029 12:13:28 +0100", "2029-03-01T11:13:28.000Z" },
	{ "mar., 17 juil. 2029 12:13:28 +0200", "2029-07-17T10:13:28.000Z" },
	{ "mardi 17 juillet 2029 12:13:28", "2029-07-17T12:13:28.000Z" },
	{ "17 de julio de 2029 12:13", "2029-07-17T12:13:00.000Z" },
	{ "17 Jul 2029 12:13:28 +0000 sent by 7 x 05:06", "2029-07-17T12:13:28.000Z" },
	{ "17/07/2029 12:13:28", "2029-07-17T12:13:28.000Z" },
	{ "07/17/2029 12:13:28 PM", "2029-07-17T12:13:28.000Z" },
	{ "17.07.2029 12:13", "2029-07-17T12:13:00.000Z" },
	{ "07/07/2029 12:13", "2029-07-07T12:13:00.000Z" },
	/* not guessed */
	{ "05/06/2029 12:13:28", NULL },
	{ "05.06.2029 12:13:28", NULL },
	{ "17/07/29 12:13:28", NULL },
	{ "12.13.28 17 Jul 2029", NULL },
	{ "12.13 17 Jul 2029", NULL },
};
static const struct {
	const char *in;
	bool want;
} typed_date[] = {
	{ "Tue, 17 Jul 2029 12:13:28 +0200 (CEST)", true },
	{ "2029-07-17 12:13+02:00", true },
	{ "July 17th, 2029 1:13 PM", true },
	{ "17 Jul 2029 or so", false },
	{ "17 Jul 2029 12:13 17", false },
	{ "2029-07-17 12:13 +O200", false },
	{ "05/06/2029", false },
};

static void test_dates(void)
{
	char text[JM_CLOCK_TEXT_BYTES];
	int64_t ms;
	size_t k;

	for (k = 0; k < sizeof date / sizeof date[0]; k++)
		tap_is_str(jm_date_parse(jm_span_str(date[k].in), &ms) == 0
			? jm_clock_format(ms, text)
			: NULL,
		    date[k].want, "date \"%s\"", date[k].in);
	for (k = 0; k < sizeof typed_date / sizeof typed_date[0]; k++)
		tap_ok(
		    (jm_date_typed(jm_span_str(typed_date[k].in), &ms) == 0) == typed_date[k].want,
		    "typed \"%s\" is %s", typed_date[k].in,
		    typed_date[k].want ? "read" : "refused");
}

/* Texts and their form; NULL: refused. */
struct form {
	const char *text, *want;
};

static const struct form addresses[] = {
	{ "Anna@Example.COM", "anna@example.com" },
	{ "anna@M\xc3\x9cNCHEN.example", "anna@xn--mnchen-3ya.example" },
	{ "anna@mu\xcc\x88nchen.example.", "anna@xn--mnchen-3ya.example" },
	{ "anna@XN--MNCHEN-3YA.example.", "anna@xn--mnchen-3ya.example" },
	{ "\"anna\"@example.com", "anna@example.com" },
	{ "\"a\\\"b@c\" @ example.com", "a\"b@c@example.com" },
	{ "<anna@example.com>", "anna@example.com" },
	{ "J\xc3\x9cRGEN@x", "j\xc3\xbcrgen@x" },
	{ "ju\xcc\x88rgen@x", "j\xc3\xbcrgen@x" },
	{ "gro\xc3\x9f@x", "gro\xc3\x9f@x" },
	{ "anna@-\xc3\x9c-", "anna@-\xc3\xbc-" }, /* IDNA refuses it */
	{ "/O=ORG/CN=Anna B", "/o=org/cn=anna b" },
	{ "\xff@x", "\xff@x" },
	{ "Anna B@@", "anna b" },
	{ "", "" },
};

static const struct form typed_addresses[] = {
	{ "\"B, Anna\" <anna@example.com>", "anna@example.com" },
	{ " 'anna@example.com' ", "anna@example.com" },
	{ "SMTP:anna@example.com", "anna@example.com" },
	{ "<@relay:anna@example.com>", "anna@example.com" },
	{ "*@example.com", NULL },
	{ "@example.com", NULL },
};

static const struct form ids[] = {
	{ "<A@Example.com>", "A@example.com" },
	{ "A@Example.com>", "A@example.com" },
	{ "<<A@Example.com>>", "A@example.com" },
	{ "x <A@Example.com> (added)", "A@example.com" },
	{ "A@example.com (added)", "A@example.com" },
	{ "<\"A b\"@example\t.com>", "Ab@example.com" },
	{ "A", "A" },
	{ "<>", "" },
	{ ">", "" },
};

static const struct form typed_ids[] = {
	{ "Message-Id : <A@example.com>", "A@example.com" },
	{ "mid:A%2Fb@example.com/1", "A/b@example.com" },
	{ "A%2Fb@example.com", "A%2Fb@example.com" }, /* it may be so */
	{ "urn:uuid:1@example.com", "urn:uuid:1@example.com" },
	{ "<A@b> <C@d>", NULL },
	{ "\"\"", NULL },
};

typedef int form_of(struct jm_span text, struct jm_buf *out, struct jm_err *err);

static void check_forms(form_of *of, const struct form *row, size_t n)
{
	struct jm_buf out;
	struct jm_err err;

	jm_buf_init(&out, 4096);
	for (size_t i = 0; i < n; i++)
		tap_is_str(of(jm_span_str(row[i].text), &out, &err) == 0 ? jm_buf_str(&out) : NULL,
		    row[i].want, "form of \"%s\"", row[i].text);
	jm_buf_release(&out);
}

static void test_forms(void)
{
	check_forms(jm_address_form_put, addresses, sizeof addresses / sizeof addresses[0]);
	check_forms(jm_address_form_typed, typed_addresses,
	    sizeof typed_addresses / sizeof typed_addresses[0]);
	check_forms(jm_message_id_key, ids, sizeof ids / sizeof ids[0]);
	check_forms(jm_message_id_typed, typed_ids, sizeof typed_ids / sizeof typed_ids[0]);
}

int main(void)
{
	test_forms();
	test_lists();
	test_domains();
	test_paths();
	test_dates();
	return tap_done();
}
