/* SPDX-License-Identifier: BSD-2-Clause */
/* The page from top to bottom: what an operator has to know first comes first. Escaping and the
 * forms of numbers are in html.c. See page.h. */
#include "milter/web/page.h"

#include <stdint.h>
#include <string.h>

#include "common/base/clock.h"
#include "milter/web/chart.h"
#include "milter/web/html.h"

#define REFRESH_S 30
#define CERTIFICATE_MS (21 * INT64_C(86400000)) /* marked when it expires within three weeks */
#define DISK_S (14 * 86400)                     /* marked when the disk is full within two weeks */

/* How a state is shown: its CSS class, and the path that is drawn on its disc. */
enum { LOOK_OK, LOOK_WAIT, LOOK_ERROR, LOOK_OFF, LOOK_OTHER };

static const struct look {
	const char *state, *class, *mark;
} looks[] = {
	[LOOK_OK] = { "OK", "ok", "M5 10.5 9 14 15 6.5" },
	[LOOK_WAIT] = { "Awaiting Initial Run", "wait", "M10 5 10 10.5 13.5 12.5" },
	[LOOK_ERROR] = { "Error", "error", "M10 4.5 10 11 M10 15 10 15.1" },
	[LOOK_OFF] = { "Disabled", "off", "M7.5 6 7.5 14 M12.5 6 12.5 14" },
	[LOOK_OTHER] = { NULL, "off", "M10 15 10 15.1" },
};

static const char *page_text(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "";
}

static json_int_t page_number(const json_t *o, const char *key)
{
	return json_integer_value(json_object_get(o, key));
}

static const struct look *look_of(const json_t *service)
{
	size_t i = 0;

	while (looks[i].state && strcmp(looks[i].state, page_text(service, "state")) != 0)
		i++;
	return &looks[i];
}

static void put_state(struct jm_html *h, const struct look *l, const char *word)
{
	jm_html_put(h,
	    "<span class=\"state\"><svg class=\"icon\" viewBox=\"0 0 20 20\" aria-hidden=\"true\">"
	    "<circle class=\"disc\" cx=\"10\" cy=\"10\" r=\"9.5\"/>"
	    "<path class=\"mark\" d=\"%s\"/></svg>",
	    l->mark);
	jm_html_text(h, word);
	jm_html_put(h, "</span>");
}

static void put_paragraph(struct jm_html *h, const char *label, const char *words)
{
	if (*words == '\0')
		return;
	jm_html_put(h, "<p><span class=\"dim\">%s</span> ", label);
	jm_html_text(h, words);
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
	jm_html_time(h, time);
	end_figure(h);
}

/* When the certificate of a journal mailbox's server expires. Writes nothing when that is not
 * known. */
static void put_certificate(struct jm_html *h, const json_t *s)
{
	int64_t ms;

	if (jm_clock_parse(page_text(s, "certificate_until"), &ms) != 0)
		return;
	begin_figure(h, "Certificate", false);
	jm_html_put(h, ms - h->now_ms < CERTIFICATE_MS ? "<b class=\"bad\">ends</b> " : "ends ");
	jm_html_time(h, json_object_get(s, "certificate_until"));
	end_figure(h);
}

static void put_service_figures(struct jm_html *h, const json_t *s)
{
	jm_html_put(h, "<dl>");
	put_time(h, "Last successful extract", json_object_get(s, "last"));
	put_number(h, "Reports stored", page_number(s, "reports"), false);
	put_number(h, "Processing queue", page_number(s, "queued"), false);
	if (json_object_get(s, "mailbox_messages"))
		put_number(h, "POP3 mailbox queue", page_number(s, "mailbox_messages"), false);
	put_number(h, "Set aside", page_number(s, "set_aside"), false);
	put_number(h, "Refused", page_number(s, "refused"), false);
	put_certificate(h, s);
	jm_html_put(h, "</dl>");
}

static void put_service(struct jm_html *h, const char *address, const json_t *s)
{
	const struct look *l = look_of(s);

	jm_html_put(h, "<li class=\"%s\"><p class=\"name\"><b>", l->class);
	jm_html_text(h, address);
	jm_html_put(h, "</b> ");
	jm_html_text(h,
	    strcmp(page_text(s, "description"), address) != 0 ? page_text(s, "description") : "");
	jm_html_put(h, " <span class=\"dim\">%s</span></p>\n<p>",
	    strcmp(page_text(s, "transport"), "pop3") == 0 ? "POP3" : "SMTP");
	put_state(h, l, page_text(s, "state"));
	jm_html_put(h, " <span class=\"dim\">since ");
	jm_html_time(h, json_object_get(s, "since"));
	jm_html_put(h, "</span></p>\n");
	put_paragraph(h, "Why:", page_text(s, "why"));
	put_paragraph(h, "What to do:", page_text(s, "cure"));
	if (!strstr(page_text(s, "why"), page_text(s, "mailbox_error")))
		put_paragraph(h, "Mailbox:", page_text(s, "mailbox_error"));
	put_service_figures(h, s);
	if (*page_text(s, "refusal")) {
		jm_html_put(h, "<p><span class=\"dim\">Last refusal:</span> ");
		jm_html_text(h, page_text(s, "refusal"));
		jm_html_put(h, ", ");
		jm_html_time(h, json_object_get(s, "refusal_at"));
		jm_html_put(h, "</p>\n");
	}
	jm_html_put(h, "</li>\n");
}

static size_t count_looks(const json_t *services, const struct look *l)
{
	const char *address;
	size_t n = 0;
	json_t *s;

	json_object_foreach((json_t *)(uintptr_t)services, address, s)
		n += look_of(s) == l;
	return n;
}

/* How many services are in each state. */
static void put_summary(struct jm_html *h, const json_t *services)
{
	static const size_t order[] = { LOOK_ERROR, LOOK_WAIT, LOOK_OK, LOOK_OFF, LOOK_OTHER };

	jm_html_put(h, "<p class=\"summary\">");
	for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
		const struct look *l = &looks[order[i]];
		size_t n = count_looks(services, l);

		if (n == 0)
			continue;
		jm_html_put(h, "<span class=\"%s\">%zu ", l->class, n);
		put_state(h, l, l->state ? l->state : "unknown");
		jm_html_put(h, "</span> ");
	}
	jm_html_put(h, "</p>\n");
}

/* All services, those with an error first. Returns the number of messages in journal mailboxes. */
static json_int_t put_services(struct jm_html *h, const json_t *services)
{
	static const size_t order[] = { LOOK_ERROR, LOOK_OTHER, LOOK_WAIT, LOOK_OK, LOOK_OFF };
	json_int_t mailboxes = 0;
	const char *address;
	json_t *s;

	jm_html_put(h, "<h2>Journal services</h2>\n");
	if (json_object_size(services) == 0) {
		jm_html_put(h,
		    "<p class=\"none\">None is defined. <code>jmctl setup DOMAIN</code> writes a "
		    "first one.</p>\n");
		return 0;
	}
	put_summary(h, services);
	jm_html_put(h, "<ul class=\"services\">\n");
	for (size_t i = 0; i < sizeof order / sizeof order[0]; i++)
		json_object_foreach((json_t *)(uintptr_t)services, address, s)
			if (look_of(s) == &looks[order[i]]) {
				put_service(h, address, s);
				mailboxes += page_number(s, "mailbox_messages");
			}
	jm_html_put(h, "</ul>\n");
	return mailboxes;
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
		jm_html_put(
		    h, page_number(a, "disk_left_seconds") < DISK_S ? "<b class=\"bad\">" : "<b>");
		jm_html_duration(h, page_number(a, "disk_left_seconds"));
		jm_html_put(h, "</b>");
	} else {
		jm_html_put(h, "not known yet");
	}
	end_figure(h);
}

static void put_archive(struct jm_html *h, const json_t *d, json_int_t mailboxes)
{
	const json_t *a = json_object_get(d, "archive"), *queue = json_object_get(d, "queue");
	bool verify_failed = strcmp(page_text(a, "verify_failed"), page_text(a, "verified")) > 0;

	jm_html_put(h, "<h2>Now</h2>\n<dl class=\"now\">\n");
	put_number(h, "Processing queue", page_number(queue, "messages"), true);
	put_number(h, "POP3 mailbox queue", mailboxes, true);
	put_number(h, "Set aside", page_number(a, "set_aside"), true);
	put_number(h, "Archived messages", page_number(a, "items"), true);
	put_time(h, "Last successful extract", json_object_get(a, "last"));
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

	jm_html_put(h, "<h2>Turned away, by reason</h2>\n<dl>\n");
	json_object_foreach((json_t *)(uintptr_t)refusals, reason, n) {
		if (json_integer_value(n) == 0)
			continue;
		any = true;
		jm_html_put(h, "<div><dt>");
		jm_html_text(h, reason);
		jm_html_put(h, "</dt><dd>");
		jm_html_number(h, json_integer_value(n));
		jm_html_put(h, "</dd></div>\n");
	}
	jm_html_put(h,
	    "</dl>\n%s<p class=\"dim\">Recipients that were answered with 4xx or 5xx, ever. <code>"
	    "jmctl explain</code> shows which setting decides.</p>\n",
	    any ? "" : "<p>Nobody.</p>\n");
}

static void put_events(struct jm_html *h, const json_t *events)
{
	static const char *const columns[] = { "kind", "service", "actor", "text" };
	const char *seq;
	json_t *e;

	jm_html_put(h, "<h2>Recent events</h2>\n");
	if (json_object_size(events) == 0) {
		jm_html_put(h, "<p class=\"none\">None.</p>\n");
		return;
	}
	/* A table that is too wide is scrolled: by keyboard only when it can have the focus. */
	jm_html_put(h,
	    "<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"Recent events\">"
	    "<table class=\"events\"><thead><tr><th>Time</th><th>Event</th><th>Service</th>"
	    "<th>Who</th><th>What</th></tr></thead><tbody>\n");
	json_object_foreach((json_t *)(uintptr_t)events, seq, e) {
		if (!json_is_object(e))
			continue;
		jm_html_put(h, "<tr><td class=\"when\">");
		jm_html_time(h, json_object_get(e, "time"));
		for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++) {
			jm_html_put(h, "</td><td>");
			if (strcmp(columns[i], "text") == 0 && *page_text(e, "status")) {
				jm_html_text(h, page_text(e, "status"));
				jm_html_put(h, " ");
			}
			jm_html_text(h, page_text(e, columns[i]));
		}
		jm_html_put(h, "</td></tr>\n");
	}
	jm_html_put(h, "</tbody></table></div>\n");
}

static void put_trouble(struct jm_html *h, const char *what, const char *why)
{
	jm_html_put(h, "<p class=\"trouble\" role=\"alert\"><b>%s:</b> ", what);
	jm_html_text(h, why);
	jm_html_put(h, "</p>\n");
}

static void put_document(struct jm_html *h, const json_t *d)
{
	const json_t *a = json_object_get(d, "archive"), *history = json_object_get(d, "history");
	json_int_t mailboxes;

	if (strcmp(page_text(a, "state"), "ok") != 0)
		put_trouble(h, "The archive has a problem",
		    *page_text(a, "problem") ? page_text(a, "problem") : page_text(a, "state"));
	mailboxes = put_services(h, json_object_get(d, "services"));
	put_archive(h, d, mailboxes);
	jm_html_put(h, "<h2>Messages per hour, last 48 hours</h2>\n");
	jm_chart_put(h, "Messages per hour", json_object_get(history, "hours"));
	jm_html_put(h, "<h2>Messages per day, last 90 days</h2>\n");
	jm_chart_put(h, "Messages per day", json_object_get(history, "days"));
	put_refusals(h, json_object_get(d, "refusals"));
	put_events(h, json_object_get(d, "events"));
	jm_html_put(h, "<footer>journal-milter ");
	jm_html_text(h, page_text(d, "version"));
	jm_html_put(h, ", started ");
	jm_html_time(h, json_object_get(json_object_get(d, "daemon"), "started"));
	jm_html_put(h,
	    ". Also here: <a href=\"/api/status\">/api/status</a> <a href=\"/metrics\">"
	    "/metrics</a> <a href=\"/healthz\">/healthz</a></footer>\n");
}

/* The title of the browser's tab: it says whether somebody has to look. */
static void put_title(struct jm_html *h, const struct jm_published *s)
{
	size_t errors = count_looks(json_object_get(s->document, "services"), &looks[LOOK_ERROR]);
	bool well = !*s->trouble &&
	    strcmp(page_text(json_object_get(s->document, "archive"), "state"), "ok") == 0;

	jm_html_put(h, "<title>%sJournal archive</title>", !well || errors > 0 ? "Error: " : "");
}

int jm_page_write(const struct jm_published *s, struct jm_buf *b, struct jm_err *err)
{
	struct jm_html h = { .now_ms = jm_clock_now_ms() };

	jm_buf_init(&h.b, JM_PAGE_BYTES);
	jm_html_put(&h,
	    "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta "
	    "name=\"viewport\" content=\"width=device-width\">"
	    "<meta http-equiv=\"refresh\" content=\"%d\">",
	    REFRESH_S);
	put_title(&h, s);
	jm_html_put(&h,
	    "<link rel=\"stylesheet\" href=\"/style.css\"></head>\n<body>\n<h1>Journal "
	    "archive</h1>\n<p class=\"dim\">");
	if (s->document) {
		jm_html_put(&h, "As of ");
		jm_html_time(&h, json_object_get(s->document, "published"));
	}
	jm_html_put(&h, "%sefreshed every %d seconds.</p>\n", s->document ? "; r" : "R", REFRESH_S);
	if (*s->trouble)
		put_trouble(&h, "Error", s->trouble);
	if (!s->document)
		jm_html_put(&h,
		    "<p>What to do: see whether the daemon runs (<code>systemctl status "
		    "journal-milter</code>, <code>jmctl status</code>), "
		    "whether <code>&lt;publish&gt;</code> of its settings names that folder, and "
		    "what <code>jmctl doctor</code> says.</p>\n");
	if (s->document)
		put_document(&h, s->document);
	jm_html_put(&h, "</body></html>\n");
	*b = h.b;
	return h.failed ? jm_err_set(err, JM_E_LIMIT, "the page is too large") : 0;
}
