/* SPDX-License-Identifier: BSD-2-Clause */
/* The page from top to bottom: what an operator has to know first comes first. Escaping and the
 * forms of numbers are in html.c. See page.h. */
#include "milter/web/page.h"

#include <stdint.h>
#include <string.h>

#include "common/base/clock.h"
#include "milter/web/chart.h"
#include "milter/web/html.h"
#include "milter/web/look.h"
#include "milter/web/verdict.h"

#define REFRESH_S 30

static json_int_t page_number(const json_t *o, const char *key)
{
	return json_integer_value(json_object_get(o, key));
}

static void put_state(struct jm_html *h, const struct jm_look *l, const char *word)
{
	jm_html_put(h, "<span class=\"state\">");
	jm_look_put(h, l);
	jm_html_text(h, word);
	jm_html_put(h, "</span>");
}

static void put_paragraph(struct jm_html *h, const char *label, const char *words)
{
	if (*words == '\0')
		return;
	jm_html_put(h, "<p><span class=\"dim\">%s</span> ", label);
	jm_html_words(h, words);
	jm_html_put(h, "</p>\n");
}

static void begin_figure(struct jm_html *h, const char *label, bool big)
{
	jm_html_put(h, "<div><dt>%s</dt><dd%s>", label, big ? " class=\"big\"" : "");
}

static void end_figure(struct jm_html *h)
{
	jm_html_put(h, "</dd></div>\n");
}

static void put_number(struct jm_html *h, const char *label, json_int_t n, bool big)
{
	begin_figure(h, label, big);
	jm_html_number(h, n);
	end_figure(h);
}

static void put_time(struct jm_html *h, const char *label, const json_t *time)
{
	begin_figure(h, label, false);
	jm_html_time(h, time, "never");
	end_figure(h);
}

static void put_extract(struct jm_html *h, const json_t *last)
{
	begin_figure(h, "Last successful extract", false);
	jm_html_time(h, last, jm_looks[JM_LOOK_WAIT].state);
	end_figure(h);
}

/* How many messages a journal mailbox has; null when nobody could ask it yet. */
static void put_mailbox(struct jm_html *h, const json_t *messages)
{
	begin_figure(h, "POP3 mailbox queue", false);
	if (json_is_integer(messages))
		jm_html_number(h, json_integer_value(messages));
	else
		jm_html_put(h, "unknown");
	end_figure(h);
}

/* When the certificate of a journal mailbox's server expires. Writes nothing when that is not
 * known. */
static void put_certificate(struct jm_html *h, const json_t *s)
{
	int64_t ms;

	if (jm_clock_parse(jm_look_text(s, "certificate_until"), &ms) != 0)
		return;
	begin_figure(h, "Certificate", false);
	jm_html_put(h,
	    ms < h->now_ms                           ? "<b class=\"bad\">expired</b> "
		: ms - h->now_ms < JM_CERTIFICATE_MS ? "<b class=\"bad\">ends</b> "
						     : "ends ");
	jm_html_time(h, json_object_get(s, "certificate_until"), "never");
	end_figure(h);
}

static bool is_pop3(const json_t *s)
{
	return strcmp(jm_look_text(s, "transport"), "pop3") == 0;
}

static void put_service_figures(struct jm_html *h, const json_t *s)
{
	jm_html_put(h, "<dl>");
	put_extract(h, json_object_get(s, "last_extract"));
	put_number(h, "Reports stored", page_number(s, "reports"), false);
	put_number(h, "Processing queue", page_number(s, "queued"), false);
	if (is_pop3(s))
		put_mailbox(h, json_object_get(s, "mailbox_messages"));
	if (jm_look_unretrievable(s) > 0) {
		begin_figure(h, "Not retrievable", false);
		jm_html_put(
		    h, "<b class=\"bad\">%lld</b> since ", (long long)jm_look_unretrievable(s));
		jm_html_time(h, json_object_get(s, "mailbox_unretrievable_since"), "now");
		end_figure(h);
	}
	put_number(h, "Set aside", page_number(s, "set_aside"), false);
	put_number(h, "Refused", page_number(s, "refused"), false);
	put_certificate(h, s);
	jm_html_put(h, "</dl>");
}

static void put_service(struct jm_html *h, const char *address, const json_t *s)
{
	const char *description = jm_look_text(s, "description");
	const struct jm_look *l = jm_look_of(s);

	jm_html_put(h, "<li class=\"%s\"><h3>", l->class);
	jm_html_address(h, address);
	jm_html_put(h, "</h3>\n<p class=\"dim\">%s", is_pop3(s) ? "POP3" : "SMTP");
	if (*description && strcmp(description, address) != 0) {
		jm_html_put(h, ", ");
		jm_html_words(h, description);
	}
	jm_html_put(h, "</p>\n<p>");
	put_state(h, l, jm_look_text(s, l == &jm_looks[JM_LOOK_PARTLY] ? "state_text" : "state"));
	jm_html_put(h, "<br><span class=\"dim\">since ");
	jm_html_time(h, json_object_get(s, "since"), "never");
	jm_html_put(h, "</span></p>\n");
	put_paragraph(h, "Why:", jm_look_text(s, "why"));
	put_paragraph(h, "What to do:", jm_look_text(s, "cure"));
	if (!strstr(jm_look_text(s, "why"), jm_look_text(s, "mailbox_error")))
		put_paragraph(h, "Mailbox:", jm_look_text(s, "mailbox_error"));
	put_service_figures(h, s);
	if (*jm_look_text(s, "refusal")) {
		jm_html_put(h, "<p><span class=\"dim\">Last refusal:</span> ");
		jm_html_words(h, jm_look_text(s, "refusal"));
		jm_html_put(h, ", ");
		jm_html_time(h, json_object_get(s, "refusal_at"), "never");
		jm_html_put(h, "</p>\n");
	}
	jm_html_put(h, "</li>\n");
}

/* How many services are in each state. */
static void put_summary(struct jm_html *h, const json_t *services)
{
	static const size_t order[] = { JM_LOOK_ERROR, JM_LOOK_PARTLY, JM_LOOK_WAIT, JM_LOOK_OK,
		JM_LOOK_OFF, JM_LOOK_OTHER };

	jm_html_put(h, "<p class=\"summary\">");
	for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
		const struct jm_look *l = &jm_looks[order[i]];
		size_t n = jm_look_count(services, l);

		if (n == 0)
			continue;
		jm_html_put(h, "<span class=\"%s\">%zu ", l->class, n);
		put_state(h, l, l->state ? l->state : "unknown");
		jm_html_put(h, "</span> ");
	}
	jm_html_put(h, "</p>\n");
}

/* All services, those with an error first. */
static void put_services(struct jm_html *h, const json_t *services)
{
	static const size_t order[] = { JM_LOOK_ERROR, JM_LOOK_PARTLY, JM_LOOK_OTHER, JM_LOOK_WAIT,
		JM_LOOK_OK, JM_LOOK_OFF };
	const char *address;
	json_t *s;

	jm_html_put(h, "<h2>Journal services</h2>\n");
	if (json_object_size(services) == 0) {
		jm_html_put(h,
		    "<p class=\"none\">None is defined. <code>jmctl setup DOMAIN</code> writes a "
		    "first one.</p>\n");
		return;
	}
	put_summary(h, services);
	jm_html_put(h, "<ul class=\"services\">\n");
	for (size_t i = 0; i < sizeof order / sizeof order[0]; i++)
		json_object_foreach((json_t *)(uintptr_t)services, address, s)
			if (jm_look_of(s) == &jm_looks[order[i]])
				put_service(h, address, s);
	jm_html_put(h, "</ul>\n");
}

static void put_disk(struct jm_html *h, const json_t *a)
{
	begin_figure(h, "Disk", false);
	jm_html_bytes(h, page_number(a, "disk_free_bytes"));
	jm_html_put(h, " free of ");
	jm_html_bytes(h, page_number(a, "disk_size_bytes"));
	end_figure(h);
	begin_figure(h, "Disk left at this rate", false);
	if (json_is_integer(json_object_get(a, "disk_left_seconds"))) {
		jm_html_put(h,
		    page_number(a, "disk_left_seconds") < JM_DISK_S ? "<b class=\"bad\">" : "<b>");
		jm_html_duration(h, page_number(a, "disk_left_seconds"));
		jm_html_put(h, "</b>");
	} else {
		jm_html_put(h, "not known yet");
	}
	end_figure(h);
}

/* The number of messages in the journal mailboxes, as far as it is known. Writes nothing without
 * POP3. */
static void put_mailboxes(struct jm_html *h, const json_t *services)
{
	size_t mailboxes = 0, unknown = 0;
	json_int_t sum = 0;
	const char *address;
	json_t *s;

	json_object_foreach((json_t *)(uintptr_t)services, address, s) {
		if (!is_pop3(s))
			continue;
		mailboxes++;
		unknown += !json_is_integer(json_object_get(s, "mailbox_messages"));
		sum += page_number(s, "mailbox_messages");
	}
	if (mailboxes == 0)
		return;
	begin_figure(h, "POP3 mailbox queue", true);
	if (unknown < mailboxes)
		jm_html_number(h, sum);
	else
		jm_html_put(h, "unknown");
	if (unknown > 0 && unknown < mailboxes)
		jm_html_put(h, "<small>and %zu mailbox%s unknown</small>", unknown,
		    unknown == 1 ? "" : "es");
	end_figure(h);
}

/* The last of the services' extracts; NULL before the first one. */
static const json_t *newest_extract(const json_t *services)
{
	const json_t *newest = NULL;
	const char *address;
	json_t *s;

	json_object_foreach((json_t *)(uintptr_t)services, address, s)
		if (strcmp(jm_look_text(s, "last_extract"),
			newest ? json_string_value(newest) : "") > 0)
			newest = json_object_get(s, "last_extract");
	return newest;
}

static void put_archive(struct jm_html *h, const json_t *d)
{
	const json_t *a = json_object_get(d, "archive"), *queue = json_object_get(d, "queue");
	bool verify_failed = strcmp(jm_look_text(a, "verify_failed"), jm_look_text(a, "verified")) >
	    0;

	jm_html_put(h, "<h2>Now</h2>\n<dl class=\"now\">\n");
	put_number(h, "Processing queue", page_number(queue, "messages"), true);
	put_mailboxes(h, json_object_get(d, "services"));
	put_number(h, "Set aside", page_number(a, "set_aside"), true);
	put_number(h, "Archived messages", page_number(a, "items"), true);
	put_extract(h, newest_extract(json_object_get(d, "services")));
	if (page_number(queue, "messages") > 0)
		put_time(h, "Oldest in the queue", json_object_get(queue, "oldest"));
	begin_figure(h, "Archive size", false);
	jm_html_bytes(h, page_number(a, "volume_bytes"));
	jm_html_put(h, " in ");
	jm_html_number(h, page_number(a, "volumes"));
	jm_html_put(h, page_number(a, "volumes") == 1 ? " volume" : " volumes");
	end_figure(h);
	put_disk(h, a);
	put_time(h, "Last checkpoint", json_object_get(a, "checkpoint"));
	put_time(h,
	    verify_failed ? "Last verification <b class=\"bad\">found problems</b>"
			  : "Last verification",
	    json_object_get(a, verify_failed ? "verify_failed" : "verified"));
	begin_figure(h, "Counters", false);
	jm_html_put(h,
	    page_number(a, "balance")
		? "balance"
		: "<b class=\"bad\">do not balance</b>: see <code>jmctl status --all</code>");
	end_figure(h);
	jm_html_put(h, "</dl>\n");
}

/* The reasons that have occurred. */
static void put_refusals(struct jm_html *h, const json_t *refusals)
{
	const char *reason;
	bool any = false;
	json_t *n;

	jm_html_put(h, "<h2>Turned away, by reason</h2>\n");
	json_object_foreach((json_t *)(uintptr_t)refusals, reason, n) {
		if (json_integer_value(n) == 0)
			continue;
		jm_html_put(h, "%s<div><dt>", any ? "" : "<dl class=\"reasons\">\n");
		any = true;
		jm_html_words(h, reason);
		jm_html_put(h, "</dt><dd>");
		jm_html_number(h, json_integer_value(n));
		jm_html_put(h, "</dd></div>\n");
	}
	jm_html_put(h,
	    "%s\n<p class=\"dim\">Recipients that were answered with 4xx or 5xx, ever. <code>"
	    "jmctl explain</code> shows which setting decides.</p>\n",
	    any ? "</dl>" : "<p class=\"none\">Nobody.</p>");
}

static void put_event(struct jm_html *h, const json_t *e)
{
	jm_html_put(h, "<tr><td class=\"when\">");
	jm_html_time(h, json_object_get(e, "time"), "never");
	jm_html_put(h, "</td><td class=\"kind\">");
	jm_html_text(h, jm_look_text(e, "kind"));
	jm_html_put(h, "</td><td class=\"of\">");
	jm_html_address(h, jm_look_text(e, "service"));
	jm_html_put(h, "</td><td class=\"who\">");
	jm_html_words(h, jm_look_text(e, "actor"));
	jm_html_put(h, "</td><td class=\"what\">");
	if (*jm_look_text(e, "status")) {
		jm_html_words(h, jm_look_text(e, "status"));
		jm_html_put(h, *jm_look_text(e, "text") ? ": " : "");
	}
	jm_html_words(h, jm_look_text(e, "text"));
	jm_html_put(h, "</td></tr>\n");
}

static void put_events(struct jm_html *h, const json_t *events)
{
	const char *seq;
	json_t *e;

	jm_html_put(h, "<h2 id=\"events\">Recent events</h2>\n");
	if (json_object_size(events) == 0) {
		jm_html_put(h, "<p class=\"none\">None.</p>\n");
		return;
	}
	jm_html_put(h,
	    "<table class=\"events\" aria-labelledby=\"events\"><thead><tr>"
	    "<th scope=\"col\" class=\"when\">Time</th><th scope=\"col\" class=\"kind\">Event</th>"
	    "<th scope=\"col\" class=\"of\">Service</th><th scope=\"col\" class=\"who\">Who</th>"
	    "<th scope=\"col\">What</th></tr></thead><tbody>\n");
	json_object_foreach((json_t *)(uintptr_t)events, seq, e)
		if (json_is_object(e))
			put_event(h, e);
	jm_html_put(h, "</tbody></table>\n");
}

static void put_document(struct jm_html *h, const json_t *d)
{
	const json_t *history = json_object_get(d, "history");

	put_services(h, json_object_get(d, "services"));
	put_archive(h, d);
	jm_chart_put(h, "Messages per hour, last 48 hours", json_object_get(history, "hours"));
	jm_chart_put(h, "Messages per day, last 90 days", json_object_get(history, "days"));
	put_refusals(h, json_object_get(d, "refusals"));
	put_events(h, json_object_get(d, "events"));
}

static void put_footer(struct jm_html *h, const json_t *d)
{
	jm_html_put(h, "<footer>");
	if (d) {
		jm_html_put(h, "journal-milter ");
		jm_html_text(h, jm_look_text(d, "version"));
		jm_html_put(h, ", started ");
		jm_html_time(h, json_object_get(json_object_get(d, "daemon"), "started"), "never");
		jm_html_put(h, ". ");
	}
	jm_html_put(h,
	    "This page is refreshed every %d seconds. Also here: <a href=\"/api/status\">"
	    "/api/status</a> <a href=\"/metrics\">/metrics</a> <a href=\"/healthz\">/healthz</a>"
	    "</footer>\n",
	    REFRESH_S);
}

/* The title of the browser's tab: whether somebody has to look, and at which archive. */
static void put_title(struct jm_html *h, const struct jm_published *s, const struct jm_look *worst)
{
	const char *host = jm_look_text(s->document, "host"),
		   *directory = jm_look_text(json_object_get(s->document, "archive"), "directory");

	jm_html_put(h, "<title>%s: ",
	    worst == &jm_looks[JM_LOOK_ERROR]      ? "Error"
		: worst == &jm_looks[JM_LOOK_WAIT] ? "Attention"
						   : "OK");
	jm_html_text(h, host);
	jm_html_put(h, *host && *directory ? " " : "");
	jm_html_text(h, directory);
	jm_html_put(h, "%sJournal archive</title>", *host || *directory ? " - " : "");
}

static void put_heading(struct jm_html *h, const json_t *d)
{
	const char *host = jm_look_text(d, "host"),
		   *directory = jm_look_text(json_object_get(d, "archive"), "directory");

	jm_html_put(h, "<h1>Journal archive");
	if (*host) {
		jm_html_put(h, " on ");
		jm_html_address(h, host);
	}
	if (*directory) {
		jm_html_put(h, " <small>");
		jm_html_words(h, directory);
		jm_html_put(h, "</small>");
	}
	jm_html_put(h, "</h1>\n");
}

/* The part of the page that the reader sees. Returns the look of the verdict. */
static const struct jm_look *put_body(struct jm_html *h, const struct jm_published *s)
{
	const struct jm_look *worst;

	jm_html_put(h, "<body>\n<main>\n");
	put_heading(h, s->document);
	worst = jm_verdict_put(h, s);
	if (s->document) {
		jm_html_put(h, "<p class=\"dim\">State as of ");
		jm_html_time(h, json_object_get(s->document, "published"), "an unknown time");
		jm_html_put(h, "</p>\n");
		put_document(h, s->document);
	} else {
		jm_html_put(h,
		    "<p>What to do: see whether the daemon runs (<code>systemctl status "
		    "journal-milter</code>, <code>jmctl status</code>), "
		    "whether <code>&lt;publish&gt;</code> of its settings names that folder, and "
		    "what <code>jmctl doctor</code> says.</p>\n");
	}
	jm_html_put(h, "</main>\n");
	put_footer(h, s->document);
	jm_html_put(h, "</body></html>\n");
	return worst;
}

int jm_page_write(const struct jm_published *s, bool tables, struct jm_buf *b, struct jm_err *err)
{
	struct jm_html h = { .now_ms = jm_clock_now_ms(), .tables = tables }, body = h;
	const struct jm_look *worst;

	jm_buf_init(&h.b, JM_PAGE_BYTES);
	jm_buf_init(&body.b, JM_PAGE_BYTES);
	worst = put_body(&body, s);
	jm_html_put(&h,
	    "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta "
	    "name=\"viewport\" content=\"width=device-width\">"
	    "<meta http-equiv=\"refresh\" content=\"%d\">",
	    REFRESH_S);
	put_title(&h, s, worst);
	jm_html_put(&h, "<link rel=\"stylesheet\" href=\"/style.css\"></head>\n");
	if (body.failed || jm_buf_add(&h.b, body.b.p, body.b.len, err) != 0)
		h.failed = true;
	jm_buf_release(&body.b);
	*b = h.b;
	return h.failed ? jm_err_set(err, JM_E_LIMIT, "the page is too large") : 0;
}

int jm_page_write_absent(struct jm_buf *b, struct jm_err *err)
{
	struct jm_html h = { 0 };

	jm_buf_init(&h.b, JM_PAGE_BYTES);
	jm_html_put(&h,
	    "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta "
	    "name=\"viewport\" content=\"width=device-width\">"
	    "<title>Not found - Journal archive</title>"
	    "<link rel=\"stylesheet\" href=\"/style.css\"></head>\n<body><main><h1>Not found</h1>\n"
	    "<p>There is no such page. There is <a href=\"/\">the status page</a>, "
	    "<a href=\"/api/status\">/api/status</a>, <a href=\"/metrics\">/metrics</a> and "
	    "<a href=\"/healthz\">/healthz</a>.</p></main></body></html>\n");
	*b = h.b;
	return h.failed ? jm_err_set(err, JM_E_LIMIT, "no memory for the page") : 0;
}
