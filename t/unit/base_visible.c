/* SPDX-License-Identifier: BSD-2-Clause */
/* Text from outside in each kind of output: nothing raw, and nothing lost. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/base/visible.h"
#include "common/json/read.h"
#include "common/json/value.h"
#include "t/lib/tap.h"

typedef int escape(struct jm_buf *b, struct jm_span s, struct jm_err *err);

/* Write a number as UTF-8 does a character, also a surrogate. Returns the number of bytes. */
static size_t utf8(uint32_t c, unsigned char p[4])
{
	size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	static const unsigned char first[] = { 0, 0, 0xc0, 0xe0, 0xf0 };

	for (size_t i = n; i-- > 1; c >>= 6)
		p[i] = (unsigned char)(0x80 | (c & 0x3f));
	p[0] = (unsigned char)(first[n] | c);
	return n;
}

/* The rule as the issue has it, apart from the table in visible.c. */
static bool must_not_pass(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x61c || c == 0x200e || c == 0x200f ||
	    (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

/* Is s UTF-8 without these characters? */
static bool is_clean(struct jm_span s)
{
	struct jm_span bytes;
	uint32_t c;

	while (s.len > 0)
		if (jm_visible_read(&s, &bytes, &c) != JM_VISIBLE_YES || must_not_pass(c))
			return false;
	return true;
}

/* Undo jm_visible_add(). */
static size_t decode(struct jm_span s, unsigned char *out)
{
	size_t n = 0;
	char *end;

	while (s.len > 0) {
		unsigned char kind = s.len > 1 ? s.p[1] : 0;
		const char *digits = (const char *)s.p + 2;

		if (s.p[0] != '\\') {
			out[n++] = s.p[0];
			s = jm_span_sub(s, 1, s.len);
			continue;
		}
		s = jm_span_sub(s, 2, s.len);
		if (kind == 'x') {
			char two[3] = { digits[0], digits[1], 0 };

			out[n++] = (unsigned char)strtoul(two, NULL, 16);
			s = jm_span_sub(s, 2, s.len);
		} else if (kind == 'u') {
			n += utf8((uint32_t)strtoul(digits + 1, &end, 16), out + n);
			s = jm_span_sub(s, (size_t)(end + 1 - digits), s.len);
		} else {
			out[n++] = kind == 'n' ? '\n'
			    : kind == 't'      ? '\t'
			    : kind == 'r'      ? '\r'
					       : kind;
		}
	}
	return n;
}

static bool there_and_back(struct jm_buf *b, struct jm_span s)
{
	unsigned char back[64];
	struct jm_err err;
	size_t n;

	jm_buf_reset(b);
	if (jm_visible_add(b, s, &err) != 0)
		abort();
	n = decode(jm_buf_span(b), back);
	return is_clean(jm_buf_span(b)) && jm_span_eq(jm_span_of(back, n), s);
}

static void test_text(void)
{
	unsigned long wrong = 0, escaped = 0;
	unsigned char p[8];
	struct jm_buf b;

	jm_buf_init(&b, 4096);
	for (uint32_t c = 0; c < 0x110000; c++) {
		size_t n = utf8(c, p);

		wrong += !there_and_back(&b, jm_span_of(p, n));
		escaped += b.p[0] == '\\';
	}
	tap_ok(wrong == 0 && escaped > 4000 && escaped < 7000,
	    "each code point comes back, %lu of them from an escape, %lu do not", escaped, wrong);
	for (uint32_t k = 0; k < 0x10000; k++)
		wrong += !there_and_back(&b,
		    jm_span_of(
			((unsigned char[]){ (unsigned char)(k >> 8), (unsigned char)k }), 2));
	tap_is_int((long long)wrong, 0, "each pair of bytes comes back");
	for (size_t i = 0; i <= 4; i++)
		for (size_t k = 0; k <= 4; k++) {
			memcpy(p, "\xf0\x9f\x93\xa7", i);
			memcpy(p + i, (const char *)"\xf0\x9f\x93\xa7" + (4 - k), k);
			wrong += !there_and_back(&b, jm_span_of(p, i + k));
		}
	tap_is_int((long long)wrong, 0, "so does a character that is cut anywhere");
	jm_buf_release(&b);
}

static void test_kept(void)
{
	static const uint32_t kept[] = { 0xa0, 0x200c, 0x200d, 0x202f, 0xfe0f, 0x180b, 0xe0100,
		0xfffd, 0x1f4e7 };
	struct jm_span s, bytes;
	unsigned char p[4];
	uint32_t c;

	for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
		s = jm_span_of(p, utf8(kept[i], p));
		tap_ok(jm_visible_read(&s, &bytes, &c) == JM_VISIBLE_YES && c == kept[i],
		    "U+%04X is kept", kept[i]);
	}
}

/* A JSON parser reads the text from the escapes. */
static void test_json(void)
{
	unsigned long wrong = 0;
	unsigned char p[4];
	struct jm_err err;
	struct jm_buf b;

	jm_buf_init(&b, 4096);
	for (uint32_t c = 0x20; c < 0x110000; c++) {
		json_t *v = NULL, *want;
		char text[16];
		size_t n = utf8(c, p);

		if (c == '"' || c == '\\' || (c >= 0xd800 && c < 0xe000) ||
		    (c % 64 != 0 && !must_not_pass(c) && c > 0x3000))
			continue;
		snprintf(text, sizeof text, "[\"%.*s\"]", (int)n, (const char *)p);
		jm_buf_reset(&b);
		if (jm_visible_json(&b, jm_span_str(text), &err) != 0)
			abort();
		want = json_pack("[o]", jm_json_text(jm_span_of(p, n)));
		wrong += !is_clean(jm_buf_span(&b)) || jm_json_read(b.p, b.len, &v, &err) != 0 ||
		    !json_equal(v, want);
		json_decref(v);
		json_decref(want);
	}
	tap_is_int((long long)wrong, 0, "JSON: each value stays, nothing is raw");
	jm_buf_reset(&b);
	tap_ok(jm_visible_json(&b, jm_span_str("{\n \"a\": \"\xff\"\n}"), &err) == 0 &&
		strcmp(jm_buf_str(&b), "{\n \"a\": \"\\ufffd\"\n}") == 0,
	    "line ends stay, a byte that is not UTF-8 is replaced");
	jm_buf_reset(&b);
	tap_ok(jm_visible_json(&b, jm_span_str("{\r\n\t\"a\":\t\"\\t\"\r\n}"), &err) == 0 &&
		strcmp(jm_buf_str(&b), "{ \n \"a\": \"\\t\" \n}") == 0,
	    "other white space between values becomes blanks");
	jm_buf_release(&b);
}

static void test_xml(void)
{
	static const struct {
		const char *text, *xml;
	} cases[] = {
		{ "a<b>&\"c'", "a&lt;b&gt;&amp;&quot;c&#39;" },
		{ "\t\n\r", "&#9;&#10;&#13;" },
		{ "\x01\x1b\xff", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
		{ "\xef\xbf\xbe\xef\xbf\xbf", "\xef\xbf\xbd\xef\xbf\xbd" },
		{ "\x7f\xc2\x9b\xe2\x80\xae", "&#127;&#155;&#8238;" },
		{ "\xf0\x9f\xbf\xbe M\xc3\xbcller", "&#131070; M\xc3\xbcller" },
	};
	struct jm_err err;
	struct jm_buf b;

	jm_buf_init(&b, 4096);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		jm_buf_reset(&b);
		if (jm_visible_xml(&b, jm_span_str(cases[i].text), &err) != 0)
			abort();
		tap_is_str(jm_buf_str(&b), cases[i].xml, "XML, case %zu", i);
	}
	jm_buf_release(&b);
}

static void test_cap(void)
{
	static escape *const all[] = { jm_visible_add, jm_visible_json, jm_visible_xml };
	char line[8];
	struct jm_err err;
	struct jm_buf b;

	for (size_t i = 0; i < 3; i++) {
		jm_buf_init(&b, 10);
		tap_ok(all[i](&b, jm_span_str("aaaaaaaa\xe2\x80\xae"), &err) == -1 &&
			err.kind == JM_E_LIMIT && b.len == 8,
		    "the cap of the buffer holds, and no escape is cut");
		jm_buf_release(&b);
	}
	tap_ok(jm_visible_line("abcd\x1bz", line, sizeof line) == 4 && strcmp(line, "abcd") == 0,
	    "nor at the end of a line");
}

/* A value of a log line, read from the standard error of a child of this process. */
static void log_line(struct jm_span value, char *out, size_t size)
{
	int fds[2], saved = dup(STDERR_FILENO);
	ssize_t n;

	if (pipe(fds) != 0 || dup2(fds[1], STDERR_FILENO) < 0)
		abort();
	JM_LOG(JM_LOG_ERROR, "event", { "first", JM_P(value) }, { "second", JM_P(value) },
	    { "third", JM_P(value) }, { "fourth", JM_P(value) }, { "fifth", JM_P(value) },
	    { "sixth", JM_P(value) });
	dup2(saved, STDERR_FILENO);
	close(saved);
	close(fds[1]);
	n = read(fds[0], out, size);
	close(fds[0]);
	out[n > 0 ? n - 1 : 0] = '\0';
}

static void test_log(void)
{
	char line[4000], value[1000] = "";
	unsigned wrong = 0;

	for (unsigned c = 0; c < 256; c++) {
		unsigned char p[3] = { 'a', (unsigned char)c, 'b' };

		log_line(jm_span_of(p, 3), line, sizeof line);
		wrong += !is_clean(jm_span_str(line)) || strlen(line) < 60;
	}
	tap_is_int(wrong, 0, "log: each byte value leaves one clean line");
	for (size_t pad = 0; pad < 8; pad++) {
		memset(value, 'a', pad);
		value[pad] = '\0';
		for (size_t i = 0; i < 90; i++)
			memcpy(value + pad + 5 * i, "\xe4\xb8\xad\xc3\xa9", 6);
		log_line(jm_span_str(value), line, sizeof line);
		wrong += !is_clean(jm_span_str(line));
	}
	tap_is_int(wrong, 0, "a cut value and a cut line end between characters");
	log_line(jm_span_str("x\" second=\"y\\"), line, sizeof line);
	tap_ok(strstr(line, "first=\"x\\\" second=\\\"y\\\\\" second=") != NULL,
	    "a value cannot end early: %.60s", line);
}

/* ---- runs of plain bytes are copied at once: the same as one character after the other ---- */

static unsigned random_text(char *text, unsigned max)
{
	static const char *const odd[] = { "\"", "\\", "\n", "\x1b", "\xe2\x80\xae", "\xc3\xa9",
		"\xff", "\xe4\xb8", "=", " ", "\x7f" };
	unsigned n = 0, want = (unsigned)rand() % max, seldom = 1 + (unsigned)rand() % 60;

	while (n < want) {
		const char *one = odd[(unsigned)rand() % 11];

		if ((unsigned)rand() % seldom != 0)
			text[n++] = (char)('!' + rand() % 90);
		else
			n += (unsigned)snprintf(text + n, 8, "%s", one);
	}
	text[n] = '\0';
	return n;
}

static void add_piece(char *line, size_t *n, bool *full, size_t cap, const char *piece)
{
	*full = *full || strlen(piece) > cap - *n;
	if (!*full)
		*n += (size_t)snprintf(line + *n, cap - *n + 1, "%s", piece);
}

/* The pairs of log_line(), a character at a time; *n: what precedes them in line. */
static void expect_pairs(struct jm_span value, char *line, size_t n)
{
	static const char *const keys[] = { "first", "second", "third", "fourth", "fifth",
		"sixth" };
	bool full = false, plain = value.len > 0 && value.len <= 400;
	char out[JM_VISIBLE_BYTES];

	for (size_t i = 0; i < value.len; i++)
		plain = plain && value.p[i] > ' ' && value.p[i] < 127 &&
		    !strchr("\"\\=", value.p[i]);
	for (size_t k = 0; k < 6; k++) {
		struct jm_span s = value;

		add_piece(line, &n, &full, 1999, " ");
		add_piece(line, &n, &full, 1999, keys[k]);
		add_piece(line, &n, &full, 1999, "=");
		add_piece(line, &n, &full, 1999, plain ? "" : "\"");
		while (s.len > 0 && value.len - s.len < 400)
			add_piece(
			    line, &n, &full, 1999, jm_visible_exact(&s, out) == '"' ? "\\\"" : out);
		add_piece(line, &n, &full, 1999, s.len > 0 ? "..." : "");
		add_piece(line, &n, &full, 1999, plain ? "" : "\"");
	}
}

static void test_runs(void)
{
	char text[700], line[4000], want[4000], one[JM_VISIBLE_BYTES];
	unsigned wrong = 0, cut = 0;

	srand(20);
	for (unsigned i = 0; i < 3000; i++) {
		struct jm_span value = jm_span_of(text, random_text(text, i % 3 ? 600 : 40)),
			       s = value;
		size_t size = 1 + (size_t)rand() % 700, n = 0;
		char *pairs;

		for (bool full = false; s.len > 0 && !full;) {
			jm_visible_next(&s, one);
			add_piece(want, &n, &full, size - 1, one);
			cut += full;
		}
		want[n] = '\0';
		wrong += jm_visible_line(text, line, size) != n || strcmp(line, want) != 0;
		log_line(value, line, sizeof line);
		pairs = strstr(line, " first=");
		n = pairs ? (size_t)(pairs - line) : 0;
		memcpy(want, line, n);
		expect_pairs(value, want, n);
		wrong += strcmp(line, want) != 0;
	}
	tap_ok(wrong == 0 && cut > 100,
	    "3000 texts, as lines and in the log: as character by character; %u differ", wrong);
}

int main(void)
{
	test_text();
	test_kept();
	test_json();
	test_xml();
	test_cap();
	test_log();
	test_runs();
	return tap_done();
}
