/* SPDX-License-Identifier: BSD-2-Clause */
/* Address lists (R11), domains and SMTP paths, dates. */
#include "common/base/clock.h"
#include "common/mail/address.h"
#include "common/mail/date.h"
#include "common/mail/domain.h"
#include "common/mail/field.h"
#include "t/lib/tap.h"

static void test_lists(void)
{
	static const struct {
		const char *in, *want;
	} row[] = {
		{ "", "" },
		{ "a@x", "[a@x]" },
		{ "a@x, b@y", "[a@x][b@y]" },
		{ "A <a@x>", "[a@x]" },
		{ "\"B, C\" <a@x>, d@y", "[a@x][d@y]" },
		{ "A (x, y) <a@x>(z)", "[a@x]" },
		{ "G: a@x, B <b@x>;, c@x", "[a@x][b@x][c@x]" },
		{ "undisclosed-recipients:;", "" },
		{ "<>, ,", "" },
		{ "a@x <b@x>", "[b@x]" },
		{ "< a@x >", "[a@x]" },
		{ "A <a@x", "[a@x]" },
		{ "\"a b\"@x", "[\"a b\"@x]" },
		{ "\"a\\\", b\"@x", "[\"a\\\", b\"@x]" },
		{ "just words", "[just words]" },
		{ "\"open, quote", "[\"open, quote]" },
		{ "<a@x> <b@x>", "[b@x]" },
		{ "a@x;b@x", "[a@x][b@x]" },
	};
	struct jm_addresses w;
	struct jm_buf list, got;
	struct jm_span a;
	size_t k;

	jm_buf_init(&list, 4096);
	jm_buf_init(&got, 4096);
	for (k = 0; k < sizeof row / sizeof row[0]; k++) {
		int rc = 0;

		jm_buf_reset(&list);
		jm_buf_reset(&got);
		rc |= jm_field_uncomment(jm_span_str(row[k].in), &list, NULL);
		jm_addresses_start(&w, jm_buf_span(&list));
		while (jm_addresses_next(&w, &a))
			rc |= jm_buf_printf(&got, NULL, "[%.*s]", (int)a.len, (const char *)a.p);
		tap_ok(rc == 0, "the list is read");
		tap_is_str(jm_buf_str(&got), row[k].want, "list %s", row[k].in);
	}
	jm_buf_release(&list);
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

static void test_dates(void)
{
	static const struct {
		const char *in, *want;
	} row[] = {
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
		{ "17 Jul 2029", NULL },
		{ "", NULL },
		{ "yesterday", NULL },
		{ "17 Jul 2029 24:00:00 +0000", NULL },
		{ "17 Jul 2029 12:60:00 +0000", NULL },
		{ "1 Jan 1970 00:00:00 +0000", "1970-01-01T00:00:00.000Z" },
		{ "1 Jan 1969 00:00:00 +0000", "1969-01-01T00:00:00.000Z" },
		{ "17 Jul 2029 12:13:28 -0000", "2029-07-17T12:13:28.000Z" },
		{ "17 Jul 2029 12:13:28.27 A", "2029-07-17T12:13:28.000Z" },
		{ "99999999999 Jul 2029 1:2:3", NULL },
		{ "17 Jul 2029 12:", NULL },
		{ "((((", NULL },
	};
	char text[JM_CLOCK_TEXT_BYTES];
	int64_t ms;
	size_t k;

	for (k = 0; k < sizeof row / sizeof row[0]; k++)
		tap_is_str(jm_date_parse(jm_span_str(row[k].in), &ms) == 0
			? jm_clock_format(ms, text)
			: NULL,
		    row[k].want, "date \"%s\"", row[k].in);
}

int main(void)
{
	test_lists();
	test_domains();
	test_paths();
	test_dates();
	return tap_done();
}
