/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The drawing of jmctl top, and its rates. The most important comes first, since a small terminal
 * shows only the first lines.
 */
#include "milter/ctl/ask/top_frame.h"

#include <limits.h>
#include <string.h>

#include "common/base/clock.h"
#include "milter/ctl/cli/print.h"

#define MINUTE_US 60000000
#define CLIENTS 8
#define WIDE_COLUMNS 113 /* with fewer columns the tables are narrow */
#define STATE_COLUMNS 28
#define EVENTS 8
#define DETAIL_COLUMNS 78 /* the longest line below a service, without its description */

static const json_t *frame_at(const json_t *o, const char *part, const char *key)
{
	return json_object_get(json_object_get(o, part), key);
}

static json_int_t frame_number(const json_t *o, const char *part, const char *key)
{
	return json_integer_value(frame_at(o, part, key));
}

static const char *frame_text(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "";
}

/* ---- rates ---- */

void jm_top_add(struct jm_top *t, json_t *state, int64_t now_us)
{
	struct jm_top_sample s = { .at_us = now_us,
		.reports = frame_number(state, "archive", "reports"),
		.commits = frame_number(state, "archive", "commits"),
		.pid = frame_number(state, "daemon", "pid") };
	const json_t *took = frame_at(state, "archive", "commit_time");
	size_t old = 0;

	s.groups = json_integer_value(json_object_get(took, "count"));
	s.group_us = json_integer_value(json_object_get(took, "microseconds"));

	json_decref(t->state);
	t->state = state;
	if (t->n > 0 && t->sample[t->n - 1].pid != s.pid)
		t->n = 0; /* another daemon: its counters start again */
	/* Keep one sample that is at least a minute old, so that they span a minute. */
	while (old + 1 < t->n && now_us - t->sample[old + 1].at_us >= MINUTE_US)
		old++;
	if (t->n - old == JM_TOP_SAMPLES)
		old++;
	memmove(t->sample, t->sample + old, (t->n - old) * sizeof t->sample[0]);
	t->n -= old;
	t->sample[t->n++] = s;
}

/* Reports and commits a second, from sample i to the newest. False when there is nothing to
 * compare. */
static bool frame_since(const struct jm_top *t, size_t i, double *reports_r, double *commits_r)
{
	const struct jm_top_sample *a, *b;
	double seconds;

	if (t->n < 2 || i + 1 >= t->n)
		return false;
	a = &t->sample[i];
	b = &t->sample[t->n - 1];
	seconds = (double)(b->at_us - a->at_us) / 1e6;
	*reports_r = seconds > 0 ? (double)(b->reports - a->reports) / seconds : 0;
	*commits_r = seconds > 0 ? (double)(b->commits - a->commits) / seconds : 0;
	return seconds > 0;
}

/* From the first sample to the newest, in microseconds. */
static int64_t frame_span_us(const struct jm_top *t)
{
	return t->n > 0 ? t->sample[t->n - 1].at_us - t->sample[0].at_us : 0;
}

/* Mean duration of a commit between the last two samples, in milliseconds. False when there was
 * none. */
static bool commit_took(const struct jm_top *t, double *ms_r)
{
	const struct jm_top_sample *b = &t->sample[t->n - 1], *a = b - 1;

	if (t->n < 2 || b->groups <= a->groups)
		return false;
	*ms_r = (double)(b->group_us - a->group_us) / 1000 / (double)(b->groups - a->groups);
	return true;
}

json_t *jm_top_rates(const struct jm_top *t)
{
	double now = 0, commits = 0, minute = 0, minute_commits = 0, took_ms = 0;
	bool known = frame_since(t, t->n >= 2 ? t->n - 2 : 0, &now, &commits),
	     longer = frame_since(t, 0, &minute, &minute_commits);

	return json_pack("{s:o,s:o,s:o,s:o,s:o}", "reports_per_second",
	    known ? json_real(now) : json_null(), "reports_per_minute",
	    longer && frame_span_us(t) >= MINUTE_US ? json_real(minute * 60) : json_null(),
	    "commits_per_second", known ? json_real(commits) : json_null(), "reports_per_commit",
	    longer && minute_commits > 0 ? json_real(minute / minute_commits) : json_null(),
	    "commit_milliseconds", commit_took(t, &took_ms) ? json_real(took_ms) : json_null());
}

/* ---- drawing ---- */

struct picture {
	const struct jm_top *t;
	FILE *f;
	size_t columns;
	int64_t now_ms;
};

static void frame_style(const struct picture *p, enum jm_print_style s)
{
	if (p->t->colour)
		jm_print_code(p->f, s);
}

static void put_styled(const struct picture *p, enum jm_print_style s, const char *what)
{
	frame_style(p, s);
	jm_print_text(p->f, jm_span_str(what));
	frame_style(p, JM_PRINT_PLAIN);
}

/* Print the label of a line. */
static void frame_begin(const struct picture *p, const char *label)
{
	frame_style(p, JM_PRINT_DIM);
	jm_print(p->f, "%-9s", label);
	frame_style(p, JM_PRINT_PLAIN);
}

/* Write how long ago a time is into out, which is returned: "5 min", "never". */
static char *frame_ago(const struct picture *p, const json_t *time, char out[32])
{
	const char *s = json_string_value(time);
	int64_t ms;

	if (!s || jm_clock_parse(s, &ms) != 0)
		return memcpy(out, "never", 6);
	return jm_print_duration((p->now_ms - ms) / 1000, out);
}

static void put_head(const struct picture *p)
{
	const json_t *s = p->t->state;
	char now[JM_CLOCK_TEXT_BYTES], up[32];

	jm_clock_format(p->now_ms, now);
	put_styled(p, JM_PRINT_BOLD, "journal-milter");
	putc(' ', p->f);
	jm_print_value(p->f, json_object_get(s, "version"), 0, false);
	jm_print(p->f, "   up %s   %.8s UTC", frame_ago(p, frame_at(s, "daemon", "started"), up),
	    now + 11);
	if (p->t->stale) {
		fputs("   ", p->f);
		put_styled(p, JM_PRINT_BAD, "no daemon answers: this is the last known state");
	}
	fputs("\n\n", p->f);
}

static void put_archive(const struct picture *p)
{
	const json_t *s = p->t->state, *a = json_object_get(s, "archive");
	const json_t *left = json_object_get(a, "disk_left_seconds");
	char n[32], size[JM_PRINT_BYTES_TEXT], room[JM_PRINT_BYTES_TEXT], time[32];
	bool good = strcmp(frame_text(a, "state"), "ok") == 0,
	     balanced = frame_number(s, "archive", "balance") != 0;

	frame_begin(p, "Archive");
	put_styled(p, good ? JM_PRINT_GOOD : JM_PRINT_BAD, frame_text(a, "state"));
	jm_print(p->f, "   %s message%s   %s   disk %s free",
	    jm_print_count(frame_number(s, "archive", "items"), n),
	    frame_number(s, "archive", "items") == 1 ? "" : "s",
	    jm_print_bytes((uint64_t)frame_number(s, "archive", "volume_bytes"), size),
	    jm_print_bytes((uint64_t)frame_number(s, "archive", "disk_free_bytes"), room));
	if (json_is_integer(left)) {
		fputs(", ", p->f);
		frame_style(
		    p, json_integer_value(left) < 14 * 86400 ? JM_PRINT_BAD : JM_PRINT_PLAIN);
		jm_print(p->f, "%s left", jm_print_duration(json_integer_value(left), time));
		frame_style(p, JM_PRINT_PLAIN);
	}
	putc('\n', p->f);
	if (*frame_text(a, "problem")) {
		frame_begin(p, "");
		put_styled(p, JM_PRINT_BAD, frame_text(a, "problem"));
		putc('\n', p->f);
	}
	if (!balanced) {
		frame_begin(p, "");
		put_styled(p, JM_PRINT_BAD, "the counters do not balance: see jmctl status --all");
		putc('\n', p->f);
	}
}

/* Reports of the current hour and of the one before. */
static void frame_hours(const json_t *state, json_int_t *this_r, json_int_t *last_r)
{
	const char *hour;
	json_t *n;

	*this_r = *last_r = 0;
	json_object_foreach((json_t *)(uintptr_t)frame_at(state, "history", "hours"), hour, n) {
		*last_r = *this_r;
		*this_r = json_integer_value(n);
	}
}

static void put_rate(const struct picture *p)
{
	double now = 0, commits = 0, minute = 0, minute_commits = 0, took_ms = 0;
	bool known = frame_since(p->t, p->t->n >= 2 ? p->t->n - 2 : 0, &now, &commits),
	     longer = frame_since(p->t, 0, &minute, &minute_commits);
	const json_t *took = frame_at(p->t->state, "archive", "commit_time");
	json_int_t this_hour, last_hour;
	char a[32], b[32];

	frame_hours(p->t->state, &this_hour, &last_hour);
	frame_begin(p, "Rate");
	if (known)
		jm_print(p->f, "%.1f/s   ", now);
	/* A rate a minute is known after a minute. Until then: what came, and in which time. */
	if (longer && frame_span_us(p->t) >= MINUTE_US)
		jm_print(p->f, "%.0f/min   ", minute * 60);
	else if (longer)
		jm_print(p->f, "%s in %.0f s   ",
		    jm_print_count(p->t->sample[p->t->n - 1].reports - p->t->sample[0].reports, a),
		    (double)frame_span_us(p->t) / 1e6);
	jm_print(p->f, "this hour %s   last hour %s\n", jm_print_count(this_hour, a),
	    jm_print_count(last_hour, b));
	frame_begin(p, "Commit");
	if (known)
		jm_print(p->f, "%.1f/s", commits);
	if (longer && minute_commits > 0)
		jm_print(p->f, "   %.1f reports each", minute / minute_commits);
	if (commit_took(p->t, &took_ms))
		jm_print(p->f, "   %.1f ms each now", took_ms);
	if (json_integer_value(json_object_get(took, "count")) > 0)
		jm_print(p->f, "   %.1f ms since the start",
		    (double)json_integer_value(json_object_get(took, "microseconds")) / 1000 /
			(double)json_integer_value(json_object_get(took, "count")));
	putc('\n', p->f);
}

static void put_queue(const struct picture *p)
{
	const json_t *s = p->t->state;
	json_int_t mailboxes = 0;
	bool unknown = false;
	const char *address;
	char n[32], m[32], time[32];
	json_t *v;

	json_object_foreach((json_t *)(uintptr_t)json_object_get(s, "services"), address, v) {
		mailboxes += json_integer_value(json_object_get(v, "mailbox_messages"));
		unknown = unknown || json_is_null(json_object_get(v, "mailbox_messages"));
	}
	frame_begin(p, "Queue");
	jm_print(p->f, "%s waiting", jm_print_count(frame_number(s, "queue", "messages"), n));
	if (frame_number(s, "queue", "messages") > 0)
		jm_print(p->f, " (oldest %s)", frame_ago(p, frame_at(s, "queue", "oldest"), time));
	jm_print(p->f, "   %s%s in mailboxes   %s set aside   %lld in flight\n",
	    unknown ? "at least " : "", jm_print_count(mailboxes, n),
	    jm_print_count(frame_number(s, "archive", "set_aside"), m),
	    (long long)json_integer_value(json_object_get(s, "in_flight")));
	frame_begin(p, "Verified");
	if (strcmp(frame_text(json_object_get(s, "archive"), "verify_failed"),
		frame_text(json_object_get(s, "archive"), "verified")) > 0)
		put_styled(p, JM_PRINT_BAD, "the last verification found problems");
	else
		jm_print(p->f, "%s%s", frame_ago(p, frame_at(s, "archive", "verified"), time),
		    strcmp(time, "never") == 0 ? "" : " ago");
	jm_print(p->f, "   checkpoint %s ago\n\n",
	    frame_ago(p, frame_at(s, "archive", "checkpoint"), time));
}

static enum jm_print_style style_of(const json_t *service)
{
	const char *state = frame_text(service, "state");

	/* OK with a remark: the server does not deliver some messages of the mailbox */
	return strcmp(state, "OK") == 0
	    ? *frame_text(service, "why") ? JM_PRINT_WAIT : JM_PRINT_GOOD
	    : strcmp(state, "Error") == 0    ? JM_PRINT_BAD
	    : strcmp(state, "Disabled") == 0 ? JM_PRINT_DIM
					     : JM_PRINT_WAIT;
}

static void put_title(const struct picture *p, const char *title)
{
	put_styled(p, JM_PRINT_BOLD, title);
	putc('\n', p->f);
}

/* Widths of columns of the table of services. */
struct widths {
	int address, reports, aside, gap;
};

static struct widths frame_share(size_t columns)
{
	static const struct widths wide = { 40, 12, 7, 2 }, narrow = { 18, 9, 5, 1 };
	struct widths w = columns < WIDE_COLUMNS ? narrow : wide;
	int others = STATE_COLUMNS + w.reports + 7 + w.aside + 7 + 5 * w.gap;
	int room = columns < INT_MAX ? (int)columns - others : INT_MAX;

	if (room > w.address)
		w.address = room > 60 ? 60 : room;
	return w;
}

/* The description, cut to what the line has room for, the last successful extract and the mailbox's
 * queue. */
static void put_details(const struct picture *p, const json_t *s)
{
	const json_t *held = json_object_get(s, "mailbox_messages");
	struct jm_span description = jm_span_str(frame_text(s, "description"));
	size_t room = p->columns > DETAIL_COLUMNS + 20 ? p->columns - DETAIL_COLUMNS : 20;
	char n[32];

	fputs("  ", p->f);
	if (description.len > 0) {
		if (jm_print_width(description) > room)
			jm_print_cell(p->f, description, room, true);
		else
			jm_print_text(p->f, description);
		fputs("; ", p->f);
	}
	fputs("Last Successful Extract: ", p->f);
	if (*frame_text(s, "last_extract"))
		jm_print(p->f, "%s ago", frame_ago(p, json_object_get(s, "last_extract"), n));
	else
		fputs("Awaiting Initial Run", p->f);
	if (json_is_integer(held))
		jm_print(
		    p->f, "; POP3 Mailbox Queue: %s", jm_print_count(json_integer_value(held), n));
	else if (strcmp(frame_text(s, "transport"), "pop3") == 0)
		fputs("; POP3 Mailbox Queue: unknown", p->f);
	putc('\n', p->f);
}

static void put_service(
    const struct picture *p, const char *address, const json_t *s, const struct widths *w)
{
	const char *words = frame_text(s, "state_text");
	char n[32];

	jm_print_cell(p->f, jm_span_str(address), (size_t)w->address, true);
	jm_print(p->f, "%*s", w->gap, "");
	frame_style(p, style_of(s));
	jm_print_cell(
	    p->f, jm_span_str(*words ? words : frame_text(s, "state")), STATE_COLUMNS, true);
	frame_style(p, JM_PRINT_PLAIN);
	jm_print(p->f, "%*s", w->gap + w->reports,
	    jm_print_count(json_integer_value(json_object_get(s, "reports")), n));
	jm_print(p->f, "%*lld%*lld%*lld\n", w->gap + 7,
	    (long long)json_integer_value(json_object_get(s, "queued")), w->gap + w->aside,
	    (long long)json_integer_value(json_object_get(s, "set_aside")), w->gap + 7,
	    (long long)json_integer_value(json_object_get(s, "refused")));
	put_details(p, s);
	if (!*frame_text(s, "why"))
		return;
	fputs("  ", p->f);
	put_styled(p, style_of(s), frame_text(s, "why"));
	putc('\n', p->f);
	if (*frame_text(s, "cure")) {
		fputs("  what to do: ", p->f);
		jm_print_text(p->f, jm_span_str(frame_text(s, "cure")));
		putc('\n', p->f);
	}
}

/* Services with problems come first. */
static void put_services(const struct picture *p)
{
	static const char *const order[] = { "Error", "Awaiting Initial Run", "OK", "Disabled" };
	const json_t *services = json_object_get(p->t->state, "services");
	const struct widths w = frame_share(p->columns);
	const char *address;
	char head[200];
	json_t *s;

	snprintf(head, sizeof head, "%-*s%*s%-*s%*s%*s%*s%*s", w.address, "SERVICE", w.gap, "",
	    STATE_COLUMNS, "STATE", w.gap + w.reports, "REPORTS", w.gap + 7, "WAITING",
	    w.gap + w.aside, "ASIDE", w.gap + 7, "REFUSED");
	put_title(p, head);
	for (size_t i = 0; i < sizeof order / sizeof *order; i++)
		json_object_foreach((json_t *)(uintptr_t)services, address, s)
			if (strcmp(frame_text(s, "state"), order[i]) == 0)
				put_service(p, address, s, &w);
	if (json_object_size(services) == 0)
		fputs("none is defined\n", p->f);
	putc('\n', p->f);
}

static void put_clients(const struct picture *p)
{
	const json_t *clients = json_object_get(p->t->state, "clients"), *c;
	const char *reason, *before = "";
	int width = p->columns < WIDE_COLUMNS ? 34 : 40;
	char last[32], head[100];
	json_int_t any = 0;
	json_t *n;
	size_t i;

	snprintf(head, sizeof head, "%-*s  %7s  %12s  %11s  %8s", width, "CLIENT", "PER MIN",
	    "MESSAGES", "TURNED AWAY", "LAST");
	if (json_array_size(clients) > 0)
		put_title(p, head);
	json_array_foreach(clients, i, c) {
		if (i == CLIENTS)
			break;
		jm_print_value(p->f, json_object_get(c, "client"), (size_t)width, true);
		jm_print(p->f, "  %7lld  %12lld  %11lld  %8s\n",
		    (long long)json_integer_value(json_object_get(c, "per_minute")),
		    (long long)json_integer_value(json_object_get(c, "messages")),
		    (long long)json_integer_value(json_object_get(c, "turned_away")),
		    frame_ago(p, json_object_get(c, "last"), last));
	}
	json_object_foreach(
	    (json_t *)(uintptr_t)json_object_get(p->t->state, "refusals"), reason, n)
		any += json_integer_value(n);
	if (any > 0)
		fputs("turned away ever: ", p->f);
	json_object_foreach(
	    (json_t *)(uintptr_t)json_object_get(p->t->state, "refusals"), reason, n)
		if (json_integer_value(n) > 0) {
			jm_print(p->f, "%s%lld ", before, (long long)json_integer_value(n));
			jm_print_text(p->f, jm_span_str(reason));
			before = ", ";
		}
	if (any > 0 || json_array_size(clients) > 0)
		fputs(any > 0 ? "\n\n" : "\n", p->f);
}

static void put_events(const struct picture *p)
{
	static const char *const parts[] = { "service", "status", "actor", "text" };
	char time[JM_PRINT_TIME_TEXT];
	const char *seq;
	size_t n = 0;
	json_t *e;

	put_title(p, "RECENT EVENTS");
	json_object_foreach((json_t *)(uintptr_t)json_object_get(p->t->state, "events"), seq, e) {
		if (n++ == EVENTS)
			break;
		jm_print(p->f, "%s  ", jm_print_time(e, "time", time));
		jm_print_value(p->f, json_object_get(e, "kind"), 12, true);
		for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
			if (*frame_text(e, parts[i])) {
				fputs("  ", p->f);
				jm_print_text(p->f, jm_span_str(frame_text(e, parts[i])));
			}
		putc('\n', p->f);
	}
}

void jm_top_draw(const struct jm_top *t, FILE *f, size_t columns)
{
	const struct picture p = {
		.t = t, .f = f, .columns = columns, .now_ms = jm_clock_now_ms()
	};

	if (!t->state) {
		fputs("no daemon answers yet; q ends this\n", f);
		return;
	}
	put_head(&p);
	put_archive(&p);
	put_rate(&p);
	put_queue(&p);
	put_services(&p);
	put_clients(&p);
	put_events(&p);
}
