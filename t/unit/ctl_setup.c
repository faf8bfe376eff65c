/* SPDX-License-Identifier: BSD-2-Clause */
/* The parsers of set-up and doctor: what postconf prints, Microsoft's list of endpoints,
 * placeholders; whole, and cut at every byte. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "milter/ctl/cli/data.h"
#include "milter/ctl/cli/endpoints.h"
#include "milter/ctl/doctor/postfix_conf.h"
#include "t/lib/tap.h"

static const char main_cf[] =
    "relay_domains = a.example, b.example\nempty =\nno assignment\nx = y = z\n";
static const char master_cf[] =
    "10.0.0.5:25 inet n - y - - smtpd -o { smtpd_milters = { unix:/x, a=b } }\njcleanup unix n - "
    "n - 0 cleanup\nshort line\n";
static const char overrides[] =
    "10.0.0.5:25/inet/smtpd_milters = { unix:/x, default_action=tempfail, { content_timeout = "
    "300s } }\nnobody/inet/x = y\n";

/* Bytes that are not UTF-8 do not hide the other settings. */
static void test_latin1(void)
{
	const struct jm_postfix_text text = { jm_span_str("caf\xe9 = x\nbanner = caf\xe9\nb = c\n"),
		jm_span_str("b = c\xff\n"),
		jm_span_str("caf\xe9 inet n - caf\xe9 - - smtpd\n25 inet n - n - - smtpd\n"),
		jm_span_str("caf\xe9/inet/d = e\n"), jm_span_str("25/inet/f = g\xe9\n") };
	struct jm_postfix p;

	tap_ok(jm_postfix_parse(&text, &p) == 0 &&
		strcmp(jm_postfix_value(&p, NULL, "b"), "c") == 0 &&
		strcmp(jm_postfix_value(&p, NULL, "banner"), "caf\xc3\xa9") == 0 &&
		json_object_size(p.services) == 2 &&
		strcmp(jm_postfix_value(&p, "caf\xc3\xa9/inet", "d"), "e") == 0 &&
		jm_postfix_overrides(&p, "caf\xc3\xa9/inet", "d"),
	    "bytes that are not UTF-8");
	jm_postfix_release(&p);
}

static void test_postfix(void)
{
	const struct jm_postfix_text text = { jm_span_str(main_cf), jm_span_str("x = $empty z\n"),
		jm_span_str(master_cf), jm_span_str(overrides),
		jm_span_str("10.0.0.5:25/inet/x = $y\n") };
	struct jm_postfix p;
	struct jm_span list, word;

	tap_ok(jm_postfix_parse(&text, &p) == 0, "postconf's output is read");
	tap_ok(strcmp(jm_postfix_raw(&p, NULL, "x"), "$empty z") == 0 &&
		strcmp(jm_postfix_raw(&p, "10.0.0.5:25/inet", "x"), "$y") == 0,
	    "values as they are written");
	tap_ok(jm_postfix_overrides(&p, "10.0.0.5:25/inet", "smtpd_milters") &&
		!jm_postfix_overrides(&p, "10.0.0.5:25/inet", "relay_domains"),
	    "which settings a service has of its own");
	tap_ok(strcmp(jm_postfix_value(&p, NULL, "relay_domains"), "a.example, b.example") == 0,
	    "a value of main.cf");
	tap_ok(
	    strcmp(jm_postfix_value(&p, NULL, "x"), "y = z") == 0, "a value with an equals sign");
	tap_ok(jm_postfix_value(&p, NULL, "empty")[0] == '\0' &&
		jm_postfix_value(&p, "nobody/inet", "nothing")[0] == '\0',
	    "empty, unknown");
	tap_is_int((long long)json_object_size(p.services), 2, "two services");
	tap_ok(strcmp(jm_postfix_value(&p, "10.0.0.5:25/inet", "relay_domains"),
		   "a.example, b.example") == 0,
	    "main.cf holds for a service");
	list = jm_span_str(jm_postfix_value(&p, "10.0.0.5:25/inet", "smtpd_milters"));
	tap_ok(jm_postfix_word(&list, &word) &&
		jm_span_eq(jm_postfix_milter_address(word), jm_span_str("unix:/x")),
	    "a milter in braces");
	tap_ok(
	    jm_span_eq(jm_postfix_milter_option(word, "default_action"), jm_span_str("tempfail")),
	    "its own default_action");
	tap_ok(jm_span_eq(jm_postfix_milter_option(word, "content_timeout"), jm_span_str("300s")),
	    "its own content_timeout, in braces");
	tap_ok(jm_span_none(jm_postfix_milter_option(word, "command_timeout")) &&
		!jm_postfix_word(&list, &word),
	    "and nothing else");
	jm_postfix_release(&p);
	test_latin1();
	list = jm_span_str("a,b  {c, d}e\t,");
	for (unsigned n = 0; n <= 3; n++)
		tap_ok(jm_postfix_word(&list, &word) == (n < 3), "word %u", n);
	tap_is_int(jm_postfix_seconds(jm_span_str("5m")), 300, "5m");
	tap_is_int(jm_postfix_seconds(jm_span_str("2")), 2, "2");
	tap_is_int(jm_postfix_seconds(jm_span_str("m")), -1, "m");
	for (size_t n = 0; n < sizeof overrides; n++) {
		const struct jm_postfix_text cut = { jm_span_of(main_cf, n % sizeof main_cf),
			jm_span_of(main_cf, n % sizeof main_cf),
			jm_span_of(master_cf, n % sizeof master_cf), jm_span_of(overrides, n),
			jm_span_of(overrides, n) };

		if (jm_postfix_parse(&cut, &p) != 0)
			tap_ok(0, "cut at %zu", n);
		list = jm_span_of(overrides, n);
		while (jm_postfix_word(&list, &word))
			(void)jm_postfix_milter_option(word, "a");
		jm_postfix_release(&p);
	}
}

static const char endpoints[] =
    "[{\"date\":\"2026-08-14\"},{\"id\":10,\"serviceArea\":\"Exchange\",\"tcpPorts\":\"587, 25\","
    "\"ips\":[\"2001:db8::/32\",\"192.0.2.0/24\",\"192.0.2.0/24\"]},"
    "{\"serviceArea\":\"Exchange\",\"tcpPorts\":\"250\",\"ips\":[\"198.51.100.0/24\"]},7,"
    "{\"serviceArea\":\"Exchange\",\"tcpPorts\":\"25\"}]";

static void test_endpoints(void)
{
	struct jm_endpoints e;
	struct jm_err err = { JM_E_NONE, 0, "" };
	struct jm_cidr wide, part;
	unsigned taken = 0;

	if (!tap_ok(jm_endpoints_parse(jm_span_str(endpoints), &e, &err) == 0, "a list"))
		tap_diag("%s", err.text);
	tap_is_int((long long)e.n, 2, "each range once, of port 25 only");
	tap_ok(e.n == 2 && e.v[0].bits == 120 && e.v[1].bits == 32 &&
		strcmp(e.date, "2026-08-14") == 0,
	    "IPv4 first; its date");
	jm_endpoints_release(&e);
	for (size_t n = 0; n + 1 < sizeof endpoints - 1; n++)
		if (jm_endpoints_parse(jm_span_of(endpoints, n), &e, &err) == 0) {
			taken++;
			jm_endpoints_release(&e);
		}
	tap_is_int(taken, 0, "no list that was cut is taken");
	tap_ok(jm_cidr_parse(jm_span_str("10.0.0.0/8"), &wide, &err) == 0 &&
		jm_cidr_parse(jm_span_str("10.1.0.0/16"), &part, &err) == 0,
	    "two ranges");
	tap_ok(jm_endpoints_cover(&wide, 1, &part) && jm_endpoints_cover(&wide, 1, &wide),
	    "the wide one holds the part, and itself");
	tap_ok(!jm_endpoints_cover(&part, 1, &wide) && !jm_endpoints_cover(NULL, 0, &part),
	    "but not the other way, nor nothing");
}

static void test_fill(void)
{
	static const struct jm_data_value values[] = { { "A", "1" }, { "LONG_2", "two@x" },
		{ "E", "" }, { NULL, NULL } };
	static const struct {
		const char *text, *want;
	} cases[] = {
		{ "x@A@y", "x1y" },
		{ "j@@A@", "j@1" },
		{ "@A@@LONG_2@@E@", "1two@x" },
		{ "@(1) @{a} a@b.c @", "@(1) @{a} a@b.c @" },
		{ "@a@", "@a@" },
		{ "@A", "@A" },
		{ "", "" },
		{ "@NOBODY@", NULL },
		{ "@A@@2@", "1@2@" },
	};
	struct jm_buf out;
	struct jm_err err = { JM_E_NONE, 0, "" };

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		int rc;

		jm_buf_init(&out, 100);
		rc = jm_data_fill(jm_span_str(cases[i].text), values, &out, &err);
		if (cases[i].want)
			tap_ok(rc == 0 && strcmp(jm_buf_str(&out), cases[i].want) == 0,
			    "\"%s\" is filled", cases[i].text);
		else
			tap_ok(rc == -1 && strstr(err.text, "NOBODY"), "\"%s\" is an error",
			    cases[i].text);
		jm_buf_release(&out);
	}
}

int main(void)
{
	test_postfix();
	test_endpoints();
	test_fill();
	return tap_done();
}
