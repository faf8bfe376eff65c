/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzzing of the parsers below jm_unwrap(), and of those that read settings, servers and control
 * clients. The first octet picks one, the rest is its input; what comes out must be sound. Linked
 * with driver.c it runs the corpus, with clang -fsanitize=fuzzer it searches.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/cidr.h"
#include "common/base/clock.h"
#include "common/control/frame.h"
#include "common/journal/report.h"
#include "common/mail/address.h"
#include "common/mail/charset.h"
#include "common/mail/date.h"
#include "common/mail/domain.h"
#include "common/mail/field.h"
#include "common/mail/mime.h"
#include "common/mail/token.h"
#include "common/mail/word.h"
#include "common/pop3/dot.h"
#include "common/pop3/listing.h"
#include "common/pop3/session.h"
#include "common/pop3/transfer.h"
#include "common/settings/loader.h"
#include "common/settings/settings.h"
#include "t/fuzz/fuzz.h"

#define OUT_BYTES (1024u * 1024)

static void claim(bool sound, const char *what)
{
	if (sound)
		return;
	fprintf(stderr, "fault: %s\n", what);
	abort();
}

static bool inside(struct jm_span part, struct jm_span whole)
{
	return part.len == 0 ||
	    (part.p >= whole.p && part.len <= whole.len &&
		part.p - whole.p <= (ptrdiff_t)(whole.len - part.len));
}

/* Cut the first line off: a second input. */
static struct jm_span first_line(struct jm_span *rest)
{
	size_t n = jm_span_index(*rest, '\n');
	struct jm_span line = jm_span_sub(*rest, 0, n);

	*rest = jm_span_sub(*rest, n + 1, rest->len);
	return line;
}

static void fuzz_date(struct jm_span in)
{
	int64_t ms;

	if (jm_date_parse(in, &ms) == 0)
		claim(ms > INT64_C(-70000000000000) && ms < INT64_C(300000000000000),
		    "a date within the years that have four digits");
}

static void fuzz_charset(struct jm_span in)
{
	struct jm_span label = first_line(&in);
	struct jm_buf out;

	jm_buf_init(&out, OUT_BYTES);
	if (jm_charset_decode(in, label, &out, NULL) == 0)
		claim(jm_charset_is_utf8(jm_buf_span(&out)), "decoded text is UTF-8");
	jm_buf_reset(&out);
	if (jm_charset_replace(in, label, &out, NULL) == 0)
		claim(jm_charset_is_utf8(jm_buf_span(&out)), "replaced text is UTF-8");
	jm_buf_reset(&out);
	if (jm_charset_raw(in, label, &out, NULL) == 0)
		claim(jm_charset_is_utf8(jm_buf_span(&out)), "raw text is UTF-8");
	jm_buf_release(&out);
}

static void fuzz_words(struct jm_span in)
{
	struct jm_span label = first_line(&in);
	struct jm_buf out;

	jm_buf_init(&out, OUT_BYTES);
	if (jm_word_decode(in, label, &out, NULL) == 0)
		claim(jm_charset_is_utf8(jm_buf_span(&out)), "decoded words are UTF-8");
	jm_buf_release(&out);
}

static int count_address(void *n, const struct jm_address *a, struct jm_err *err)
{
	(void)err;
	claim(a->text.len > 0, "an address is not empty");
	++*(size_t *)n;
	return 0;
}

static void fuzz_addresses(struct jm_span in)
{
	struct jm_token t;
	struct jm_buf out;
	unsigned defects = 0;
	size_t n = 0;

	jm_buf_init(&out, OUT_BYTES);
	if (jm_field_uncomment(in, &out, NULL) == 0)
		claim(out.len <= in.len, "without comments a value is no longer");
	if (jm_addresses_read(in, count_address, &n, &defects, NULL) == 0)
		claim(n <= 2 * in.len && defects <= in.len, "a list has no more than its octets");
	jm_token_read(in, 0, &t);
	claim(t.end <= in.len && strlen(t.text) < sizeof t.text, "a token lies inside");
	jm_buf_release(&out);
}

static void fuzz_mime(struct jm_span in)
{
	struct jm_span value = first_line(&in), part, last = jm_span_sub(in, 0, 0);
	struct jm_mime_type t;
	struct jm_multipart m;
	struct jm_buf boundary;
	bool found;

	jm_mime_type_init(&t);
	jm_buf_init(&boundary, OUT_BYTES);
	if (jm_mime_type_parse(&t, value, NULL) == 0 &&
	    jm_mime_type_param(&t, "boundary", &boundary, &found, NULL) == 0 && boundary.len > 0) {
		jm_multipart_start(&m, in, jm_buf_span(&boundary));
		while (jm_multipart_next(&m, &part)) {
			claim(inside(part, in) && part.p >= last.p + last.len,
			    "parts lie inside of the body, one behind the other");
			last = part;
		}
	}
	jm_buf_release(&boundary);
	jm_mime_type_release(&t);
}

static void fuzz_paths(struct jm_span in)
{
	char name[JM_DOMAIN_BYTES], again[JM_DOMAIN_BYTES];
	struct jm_span local, domain;

	if (!jm_domain_split_path(in, &local, &domain))
		return;
	if (domain.len > 0 && jm_domain_normalise(domain, name) == 0 &&
	    name[strlen(name) - 1] != '.')
		claim(
		    jm_domain_normalise(jm_span_str(name), again) != 0 || strcmp(name, again) == 0,
		    "a comparable domain stays as it is");
}

static void fuzz_ranges(struct jm_span in)
{
	char text[JM_CIDR_TEXT_BYTES], again[JM_CIDR_TEXT_BYTES];
	struct jm_cidr c, d;

	if (jm_cidr_parse(in, &c, NULL) != 0)
		return;
	jm_cidr_format(&c, text);
	claim(jm_cidr_parse(jm_span_str(text), &d, NULL) == 0 &&
		strcmp(text, jm_cidr_format(&d, again)) == 0 && jm_cidr_contains(&c, &d),
	    "a range as it is written is the same range");
}

static void fuzz_report(struct jm_span in)
{
	struct jm_report r;
	struct jm_arena arena;
	bool proper;

	for (int family = JM_VARIANT_2007; family <= JM_VARIANT_2003; family++) {
		jm_arena_init(&arena, OUT_BYTES);
		if (jm_report_read(in, (enum jm_variant)family, &arena, &r, &proper, NULL) == 0)
			for (size_t i = 0; i < r.recipients_n; i++)
				claim(r.recipients[i].address.len > 0 &&
					r.recipients[i].address.len <= in.len,
				    "a recipient has an address");
		jm_arena_release(&arena);
	}
}

static void gather(void *ctx, const unsigned char *p, size_t n)
{
	if (jm_buf_add(ctx, p, n, NULL) != 0)
		abort();
}

/* Whole and in pieces of a size must give the same, and end at the same place. */
static void fuzz_dots(struct jm_span in)
{
	size_t piece = in.len > 0 ? 1 + in.p[0] % 7u : 1, ended[2] = { 0, 0 };
	struct jm_buf out[2];
	struct jm_pop3_dot d;

	for (size_t k = 0; k < 2; k++) {
		jm_buf_init(&out[k], OUT_BYTES);
		jm_pop3_dot_init(&d);
		for (size_t at = 0, n; at < in.len && d.state != JM_POP3_DOT_ENDED; at += n) {
			n = k == 0 || in.len - at < piece ? in.len - at : piece;
			ended[k] += jm_pop3_dot_feed(&d, in.p + at, n, gather, &out[k]);
		}
	}
	claim(ended[0] == ended[1] && jm_span_eq(jm_buf_span(&out[0]), jm_buf_span(&out[1])),
	    "pieces give what the whole gives");
	jm_buf_release(&out[0]);
	jm_buf_release(&out[1]);
}

/* A server that sends its lines whatever the request is. */
struct server {
	struct jm_span rest;
	size_t piece;
};

static ssize_t hear(void *ctx, void *p, size_t n, int64_t timeout_ms, enum jm_pop3_fault *fault_r,
    struct jm_err *err)
{
	struct server *s = ctx;

	(void)timeout_ms, (void)fault_r, (void)err;
	n = n < s->piece ? n : s->piece;
	n = n < s->rest.len ? n : s->rest.len;
	if (n)
		memcpy(p, s->rest.p, n);
	s->rest = jm_span_sub(s->rest, n, s->rest.len);
	return (ssize_t)n;
}

static int say(void *ctx, const void *p, size_t n, int64_t timeout_ms, enum jm_pop3_fault *fault_r,
    struct jm_err *err)
{
	(void)ctx, (void)p, (void)n, (void)timeout_ms, (void)fault_r, (void)err;
	return 0;
}

static int take(void *ctx, const void *p, size_t n, struct jm_err *err)
{
	(void)ctx, (void)p;
	return n == 3 ? jm_err_set(err, JM_E_LIMIT, "too much") : 0;
}

static bool go_on(void *ctx, size_t at, enum jm_pop3_fault fault, const struct jm_err *err)
{
	(void)ctx;
	claim(fault == JM_POP3_FINE || err->kind != JM_E_NONE, "a fault has an error");
	return at < 4;
}

static void fuzz_pop3(struct jm_span in)
{
	struct server server = { in, in.len > 0 ? 1 + in.p[in.len - 1] : 1 };
	const struct jm_pop3_wire wire = { hear, say, &server };
	static const struct jm_pop3_receiver receiver = { take, NULL, go_on, NULL };
	const uint32_t numbers[] = { 1, 2, 3, 4, 5, 6 };
	struct jm_pop3_listing l = { .n = 0 };
	struct jm_pop3_session s;
	struct jm_err err;

	if (jm_pop3_session_init(&s, &wire, &err) != 0)
		return;
	s.depth = 12; /* nothing is left to read only between batches */
	s.group = 2;
	if (jm_pop3_survey(&s, &l, &err) == 0) {
		for (size_t i = 1; i < l.n; i++)
			claim(l.v[i - 1].number < l.v[i].number,
			    "messages are listed once each, in order");
		if (jm_pop3_retr(&s, numbers, 6, &receiver, &err) != 0 ||
		    jm_pop3_dele(&s, numbers, 3, go_on, NULL, &err) != 0 ||
		    jm_pop3_quit(&s, NULL, &err) != 0)
			claim(err.text[0], "what failed is told");
	}
	jm_pop3_listing_release(&l);
	jm_pop3_session_release(&s);
}

static void fuzz_frames(struct jm_span in)
{
	struct jm_buf payload;
	struct jm_err err;
	int ends[2];
	char type;

	if (in.len > 60000 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
		return;
	jm_buf_init(&payload, 4096);
	if (in.len == 0 || send(ends[0], in.p, in.len, MSG_NOSIGNAL) == (ssize_t)in.len) {
		shutdown(ends[0], SHUT_WR);
		while (jm_frame_read(ends[1], &type, &payload, 1000, &err) == 0)
			claim(payload.len <= 4096, "a frame is no larger than its cap");
	}
	jm_buf_release(&payload);
	close(ends[0]);
	close(ends[1]);
}

static void fuzz_settings(struct jm_span in)
{
	int fd = memfd_create("settings", MFD_CLOEXEC);
	struct jm_settings *s = NULL;
	struct jm_buf report;
	struct jm_err err;
	char path[64];

	if (fd < 0)
		return;
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	jm_buf_init(&report, OUT_BYTES);
	if (in.len == 0 || write(fd, in.p, in.len) == (ssize_t)in.len) {
		if (jm_settings_load(path, &s, &report, &err) != 0)
			claim(!s && report.len > 0 && err.text[0],
			    "settings that are wrong: it is said why");
		else
			claim(s->socket && s->archive_directory,
			    "settings that are right are complete");
	}
	jm_settings_unref(&s);
	jm_buf_release(&report);
	close(fd);
}

static void fuzz_time(struct jm_span in)
{
	char text[64], again[JM_CLOCK_TEXT_BYTES];
	int64_t ms, same;

	if (in.len >= sizeof text)
		return;
	if (in.len)
		memcpy(text, in.p, in.len);
	text[in.len] = '\0';
	if (jm_clock_parse(text, &ms) == 0)
		claim(jm_clock_parse(jm_clock_format(ms, again), &same) == 0 && same == ms,
		    "a time as it is written is the same time");
}

static void (*const parsers[])(struct jm_span in) = { fuzz_date, fuzz_charset, fuzz_words,
	fuzz_addresses, fuzz_mime, fuzz_paths, fuzz_ranges, fuzz_report, fuzz_dots, fuzz_pop3,
	fuzz_frames, fuzz_settings, fuzz_time };

const unsigned fuzz_kinds = sizeof parsers / sizeof parsers[0];

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > 0)
		parsers[data[0] % fuzz_kinds](jm_span_of(data + 1, size - 1));
	return 0;
}
