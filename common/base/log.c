/* SPDX-License-Identifier: BSD-2-Clause */
/* Writing log lines. Callers decide which events exist. See log.h. */
#include "common/base/log.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/visible.h"

#define LINE_BYTES 2000
#define VALUE_BYTES 400 /* of one value; the rest is cut off and replaced by "..." */

static atomic_int level_max = JM_LOG_INFO;
static bool to_stderr = true;
static bool for_journald;

void jm_log_open(const char *program, bool use_stderr)
{
	to_stderr = use_stderr;
	for_journald = use_stderr && getenv("JOURNAL_STREAM");
	if (!use_stderr)
		openlog(program, LOG_PID | LOG_NDELAY, LOG_MAIL);
}

void jm_log_set_level(enum jm_log_level level)
{
	atomic_store_explicit(&level_max, (int)level, memory_order_relaxed);
}

struct line {
	char text[LINE_BYTES];
	size_t len;
	bool full; /* something found no room; nothing follows it */
};

/* Put a piece, as a whole or not at all. */
static void line_put_str(struct line *l, const char *s)
{
	size_t n = strlen(s);

	l->full = l->full || n > sizeof l->text - 1 - l->len;
	if (l->full)
		return;
	memcpy(l->text + l->len, s, n);
	l->len += n;
}

/* Put as many of n bytes as there is room for. */
static void line_put_bytes(struct line *l, const unsigned char *p, size_t n)
{
	size_t room = l->full ? 0 : sizeof l->text - 1 - l->len;

	l->full = l->full || n > room;
	n = n < room ? n : room;
	memcpy(l->text + l->len, p, n);
	l->len += n;
}

/* The number of bytes at the beginning of s, at most max, that have no escape, as nearly all. */
static size_t bare_bytes(struct jm_span s, size_t max)
{
	size_t n = 0;

	while (n < s.len && n < max && s.p[n] >= ' ' && s.p[n] < 127 && s.p[n] != '"' &&
	    s.p[n] != '\\')
		n++;
	return n;
}

/* Write a value: bare when it is a plain word, else quoted, with the escapes of visible.h and of
 * the quote. */
static void line_put_value(struct line *l, struct jm_span s)
{
	bool plain = s.len > 0 && s.len <= VALUE_BYTES;
	char out[JM_VISIBLE_BYTES];
	size_t before = s.len;

	for (size_t i = 0; i < s.len && plain; i++)
		plain = s.p[i] > ' ' && s.p[i] < 127 && s.p[i] != '"' && s.p[i] != '\\' &&
		    s.p[i] != '=';
	if (!plain)
		line_put_str(l, "\"");
	while (s.len > 0 && before - s.len < VALUE_BYTES) {
		size_t n = bare_bytes(s, VALUE_BYTES - (before - s.len));

		line_put_bytes(l, s.p, n);
		s = jm_span_sub(s, n, s.len);
		if (n == 0)
			line_put_str(l, jm_visible_exact(&s, out) == '"' ? "\\\"" : out);
	}
	if (s.len > 0)
		line_put_str(l, "...");
	if (!plain)
		line_put_str(l, "\"");
}

static void line_put_pair(struct line *l, const struct jm_log_pair *p)
{
	char num[24];

	line_put_str(l, " ");
	line_put_str(l, p->key);
	line_put_str(l, "=");
	switch (p->value.type) {
	case 'u':
		snprintf(num, sizeof num, "%" PRIu64, p->value.v.u);
		line_put_str(l, num);
		break;
	case 'i':
		snprintf(num, sizeof num, "%" PRId64, p->value.v.i);
		line_put_str(l, num);
		break;
	case 'p':
		line_put_value(l, p->value.v.p);
		break;
	default:
		if (p->value.v.s)
			line_put_value(l, jm_span_str(p->value.v.s));
		else
			line_put_str(l, "-");
	}
}

void jm_log_write(enum jm_log_level level, const char *event, const struct jm_log_pair *pairs)
{
	struct line l = { .len = 0 };
	char now[JM_CLOCK_TEXT_BYTES], head[8];

	if ((int)level > atomic_load_explicit(&level_max, memory_order_relaxed))
		return;
	if (to_stderr && for_journald) {
		snprintf(head, sizeof head, "<%d>", (int)level);
		line_put_str(&l, head);
	} else if (to_stderr) {
		line_put_str(&l, jm_clock_format(jm_clock_now_ms(), now));
		line_put_str(&l, " ");
	}
	line_put_value(&l, jm_span_str(event));
	for (; pairs->key; pairs++)
		line_put_pair(&l, pairs);
	if (to_stderr) {
		l.text[l.len++] = '\n'; /* line_put_str() leaves room for it */
		if (write(STDERR_FILENO, l.text, l.len) < 0)
			return; /* there is nowhere to report it */
	} else {
		l.text[l.len] = 0;
		syslog((int)level, "%s", l.text);
	}
}
