/* SPDX-License-Identifier: BSD-2-Clause */
/* Spans, buffers, arena, numbers, ranges, time, digests, visible text. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/arena.h"
#include "common/base/buf.h"
#include "common/base/cidr.h"
#include "common/base/clock.h"
#include "common/base/digest.h"
#include "common/base/num.h"
#include "common/base/visible.h"
#include "t/lib/tap.h"

static void spans(void)
{
	struct jm_span s = jm_span_of("a\0b", 3);

	tap_ok(jm_span_eq(s, jm_span_of("a\0b", 3)), "spans compare past a NUL");
	tap_ok(!jm_span_eq(s, jm_span_of("a\0c", 3)), "spans differ past a NUL");
	tap_ok(
	    jm_span_eq_nocase(jm_span_str("X-Ms"), jm_span_str("x-mS")), "letter case is ignored");
	tap_ok(!jm_span_eq_nocase(jm_span_str("ab"), jm_span_str("abc")), "a prefix is not equal");
	tap_is_int((long long)jm_span_trim(jm_span_str(" \t x y\t")).len, 3,
	    "trim takes blanks off both ends");
	tap_is_int(
	    (long long)jm_span_trim(jm_span_str(" \t ")).len, 0, "trim of blanks only is empty");
	tap_is_int((long long)jm_span_index(jm_span_str("abc"), 'z'), 3,
	    "a missing byte gives the length");
	tap_is_int(
	    (long long)jm_span_rindex(jm_span_str("a@b@c"), '@'), 3, "rindex finds the last");
	tap_is_int((long long)jm_span_sub(jm_span_str("abc"), 5, 9).len, 0,
	    "a part past the end is empty");
}

static void buffers(void)
{
	struct jm_err err;
	struct jm_buf b;
	struct jm_arena a;
	int *v = NULL, *e;
	size_t n = 0, cap = 0;
	bool exact = true;

	jm_buf_init(&b, 10);
	tap_ok(jm_buf_add(&b, "0123456789", 10, &err) == 0, "a buffer takes up to its cap");
	tap_ok(jm_buf_add(&b, "x", 1, &err) == -1 && err.kind == JM_E_LIMIT, "and not a byte more");
	tap_is_str(jm_buf_str(&b), "0123456789", "the content is unchanged and NUL-terminated");
	jm_buf_release(&b);
	tap_is_str(jm_buf_str(&b), "", "an empty buffer is an empty string");
	jm_buf_init(&b, 1000);
	tap_ok(jm_buf_printf(&b, &err, "%s-%d", "a", 7) == 0 && b.len == 3, "printf appends");
	jm_buf_release(&b);

	jm_arena_init(&a, 100000);
	for (int i = 0; i < 1000; i++) {
		e = jm_arena_grow(&a, (void **)&v, &n, &cap, sizeof *v, &err);
		if (e)
			*e = i;
	}
	for (int i = 0; i < 1000; i++)
		exact &= v[i] == i;
	tap_ok(n == 1000 && exact, "an array in an arena grows and keeps its elements");
	tap_ok(!jm_arena_alloc(&a, 99000, &err) && err.kind == JM_E_LIMIT, "an arena has a cap");
	tap_ok(!jm_arena_alloc(&a, SIZE_MAX, &err), "an absurd size is refused");
	jm_arena_release(&a);
}

static void numbers(void)
{
	static const struct {
		const char *text;
		int rc;
		uint64_t v;
	} t[] = { { "0", 0, 0 }, { "18446744073709551615", 0, UINT64_MAX },
		{ "18446744073709551616", -1, 0 }, { "", -1, 0 }, { "-1", -1, 0 }, { " 1", -1, 0 },
		{ "1x", -1, 0 }, { "0x10", -1, 0 }, { "007", 0, 7 } };
	unsigned char be[8];

	for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
		uint64_t v = 0;
		int rc = jm_num_u64(jm_span_str(t[i].text), 0, UINT64_MAX, &v);

		tap_ok(rc == t[i].rc && v == t[i].v, "number \"%s\"", t[i].text);
	}
	jm_num_put_be64(be, 0x0102030405060708u);
	tap_is_mem(be, 8, "\1\2\3\4\5\6\7\10", 8, "numbers in keys are big-endian");
	tap_ok(jm_num_get_be64(be) == 0x0102030405060708u, "and come back");
}

static void ranges(void)
{
	static const struct {
		const char *range, *addr;
		int inside; /* -1: the range is refused */
	} t[] = { { "192.0.2.0/24", "192.0.2.255", 1 }, { "192.0.2.0/24", "192.0.3.0", 0 },
		{ "192.0.2.7", "192.0.2.7", 1 }, { "192.0.2.7/32", "192.0.2.8", 0 },
		{ "0.0.0.0/0", "8.8.8.8", 1 }, { "0.0.0.0/0", "2001:db8::1", 0 },
		{ "::/0", "2001:db8::1", 1 }, { "::/0", "192.0.2.1", 0 },
		{ "2001:db8::/32", "2001:db8:ffff::1", 1 },
		{ "2001:db8::/33", "2001:db8:8000::1", 0 },
		{ "192.0.2.0/24", "::ffff:192.0.2.9", 1 }, { "192.0.2.1/24", "", -1 },
		{ "192.0.2.0/33", "", -1 }, { "192.0.2/24", "", -1 }, { "example.com", "", -1 },
		{ "", "", -1 }, { "/8", "", -1 }, { "192.0.2.0/", "", -1 },
		{ "192.0.2.0/x", "", -1 }, { "1.2.3.4.5", "", -1 } };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };
	struct jm_cidr c, a;
	struct jm_err err;
	char text[JM_CIDR_TEXT_BYTES];

	for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
		int rc = jm_cidr_parse(jm_span_str(t[i].range), &c, &err);

		if (t[i].inside < 0) {
			tap_ok(rc == -1 && err.kind == JM_E_USAGE, "range \"%s\" is refused",
			    t[i].range);
			continue;
		}
		tap_ok(rc == 0 && jm_cidr_parse(jm_span_str(t[i].addr), &a, &err) == 0 &&
			jm_cidr_contains(&c, &a) == t[i].inside,
		    "%s %s %s", t[i].addr, t[i].inside ? "in" : "not in", t[i].range);
	}
	tap_ok(jm_cidr_parse(jm_span_str("192.0.2.77/24"), &c, &err) == -1 &&
		strstr(err.text, "192.0.2.0/24"),
	    "host bits: the range meant is named");
	inet_pton(AF_INET6, "::ffff:10.1.2.3", &in6.sin6_addr);
	tap_ok(
	    jm_cidr_from_sockaddr((struct sockaddr *)&in6, &a), "a mapped socket address is known");
	tap_is_str(jm_cidr_format(&a, text), "10.1.2.3", "and is IPv4");
	tap_ok(!jm_cidr_from_sockaddr(NULL, &a), "no address is no address");
	tap_ok(jm_cidr_parse(jm_span_str("2001:DB8::/48"), &c, &err) == 0, "IPv6 in capitals");
	tap_is_str(jm_cidr_format(&c, text), "2001:db8::/48", "is printed in its usual form");
}

static void times(void)
{
	char text[JM_CLOCK_TEXT_BYTES];
	int64_t ms;

	tap_is_str(jm_clock_format(0, text), "1970-01-01T00:00:00.000Z", "the epoch");
	tap_is_str(jm_clock_format(-1, text), "1969-12-31T23:59:59.999Z", "a millisecond before");
	tap_ok(jm_clock_parse("2029-07-17T12:00:01.250Z", &ms) == 0 &&
		strcmp(jm_clock_format(ms, text), "2029-07-17T12:00:01.250Z") == 0,
	    "there and back");
	tap_ok(jm_clock_parse("2029-07-17", &ms) == 0 &&
		strcmp(jm_clock_format(ms, text), "2029-07-17T00:00:00.000Z") == 0,
	    "a date alone is midnight");
	tap_ok(jm_clock_parse("2029-02-30", &ms) == -1, "30 February is refused");
	tap_ok(jm_clock_parse("yesterday", &ms) == -1, "a word is refused");
}

static void digests(void)
{
	unsigned char d[JM_SHA256_BYTES], e[JM_SHA256_BYTES];
	char hex[JM_SHA256_HEX_BYTES];
	struct jm_sha256 s;
	struct jm_err err;

	tap_ok(jm_sha256_of(jm_span_str("abc"), d, &err) == 0, "SHA-256 runs");
	tap_is_str(jm_sha256_hex(d, hex),
	    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
	    "FIPS 180-2 vector");
	tap_ok(jm_sha256_start(&s, &err) == 0 && jm_sha256_add(&s, "a", 1, &err) == 0 &&
		jm_sha256_add(&s, "bc", 2, &err) == 0 && jm_sha256_finish(&s, e, &err) == 0 &&
		memcmp(d, e, sizeof d) == 0,
	    "in pieces the same");
	tap_ok(jm_sha256_unhex(jm_span_str(hex), e) == 0 && memcmp(d, e, sizeof d) == 0,
	    "hexadecimal there and back");
	tap_ok(jm_sha256_unhex(jm_span_str("zz"), e) == -1, "other text is refused");
	tap_ok(jm_crc32c(0, "123456789", 9) == 0xe3069283u, "CRC-32C check value");
	tap_ok(jm_crc32c(jm_crc32c(0, "1234", 4), "56789", 5) == 0xe3069283u, "CRC-32C in pieces");
}

/* The whole of a text, escaped. */
static const char *seen(const char *text, size_t n, char all[200])
{
	struct jm_span s = jm_span_of(text, n);
	char out[JM_VISIBLE_BYTES];
	size_t at = 0;

	while (s.len > 0) {
		jm_visible_next(&s, out);
		at += (size_t)snprintf(all + at, 200 - at, "%s", out);
	}
	return all;
}

static void visible(void)
{
	struct jm_span s = jm_span_str("\xc3\xa9x");
	char out[JM_VISIBLE_BYTES], all[200];

	tap_is_int(jm_visible_next(&s, out), 0xe9, "a character is returned");
	tap_is_str(out, "\xc3\xa9", "and written as it is");
	tap_is_str(
	    seen("a\0b\t\n\x1b\x7f", 7, all), "a\\x00b\\t\\n\\x1b\\x7f", "controls are escaped");
	tap_is_str(seen("\xe2\x80\xae-\xe2\x81\xa6-\xd8\x9c-\xc2\x85", 13, all),
	    "\\u{202e}-\\u{2066}-\\u{61c}-\\u{85}", "so is what turns the text around");
	tap_is_str(seen("\xe2\x80\x8b-\xc2\xad-\xe3\x85\xa4-\xef\xbb\xbf", 14, all),
	    "\\u{200b}-\\u{ad}-\\u{3164}-\\u{feff}", "and what has no width");
	tap_is_str(seen("\xc0\xaf-\xed\xa0\x80-\xf0\x9f", 9, all),
	    "\\xc0\\xaf-\\xed\\xa0\\x80-\\xf0\\x9f", "and what is not UTF-8");
	tap_is_str(seen("\xf0\x9f\x93\xa7 \xe4\xb8\xad", 8, all), "\xf0\x9f\x93\xa7 \xe4\xb8\xad",
	    "pictures and other scripts are not");
}

int main(void)
{
	spans();
	buffers();
	numbers();
	ranges();
	times();
	digests();
	visible();
	return tap_done();
}
