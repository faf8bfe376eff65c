/* SPDX-License-Identifier: BSD-2-Clause */
/* jmctl show: one item with its envelope, who received it and by which report that is known, its
 * message as a reader sees it, its reports. */
#include "milter/ctl/ask/show.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/num.h"
#include "common/base/spool.h"
#include "common/control/answer.h"
#include "common/view/preview.h"
#include "milter/ctl/cli/option.h"
#include "milter/ctl/cli/outcome.h"
#include "milter/ctl/cli/print.h"
#include "milter/ctl/cli/target.h"

#define NAME_COLUMNS 16
#define LINES 40 /* of the text, unless told */
#define MESSAGE_MAX_BYTES ((uint64_t)1 << 32)

struct show {
	struct jm_target target;
	bool bcc, headers, no_message;
	uint64_t lines;
	json_t *items;           /* that came */
	struct jm_spool message; /* of the item at hand */
};

static void put_title(const char *title)
{
	jm_print_style(stdout, JM_PRINT_BOLD);
	printf("\n%s\n", title);
	jm_print_style(stdout, JM_PRINT_PLAIN);
}

static void put_name(const char *name)
{
	fputs("  ", stdout);
	jm_print_style(stdout, JM_PRINT_DIM);
	jm_print_cell(stdout, jm_span_str(name), NAME_COLUMNS, false);
	jm_print_style(stdout, JM_PRINT_PLAIN);
}

/* "  name          value"; nothing for a value that is not there. The null path is "<>". */
static void put_line(const char *name, const json_t *value)
{
	if (!value || json_is_null(value))
		return;
	put_name(name);
	if (json_is_string(value) && json_string_length(value) == 0)
		fputs("<>", stdout);
	else
		jm_print_value(stdout, value, 0, false);
	putchar('\n');
}

static void put_key(const char *name, const json_t *o, const char *key)
{
	put_line(name, json_object_get(o, key));
}

static void put_time(const char *name, const json_t *o, const char *key)
{
	char text[JM_PRINT_TIME_TEXT];
	json_t *value = json_string(jm_print_time(o, key, text));

	put_line(name, value);
	json_decref(value);
}

static void put_digest(const char *name, const json_t *o, const char *digest, const char *size)
{
	if (!json_is_string(json_object_get(o, digest)))
		return;
	put_name(name);
	fputs("sha256 ", stdout);
	jm_print_value(stdout, json_object_get(o, digest), 64, false);
	printf("  %lld bytes\n", (long long)json_integer_value(json_object_get(o, size)));
}

/* A list of plain values, comma-separated. */
static void put_values(const json_t *list)
{
	const json_t *value;
	size_t i;

	json_array_foreach(list, i, value) {
		if (i > 0)
			fputs(", ", stdout);
		jm_print_value(stdout, value, 0, false);
	}
}

/* "a, b, c" under a name; nothing for an empty list. */
static void put_list(const char *name, const json_t *list)
{
	if (json_array_size(list) == 0)
		return;
	put_name(name);
	put_values(list);
	putchar('\n');
}

/* True when two reports name a recipient in the same way. */
static bool same_origin(const json_t *a, const json_t *b)
{
	static const char *const keys[] = { "type", "expanded_from", "forwarded_from" };
	size_t i;

	for (i = 0; i < sizeof keys / sizeof *keys; i++) {
		const json_t *x = json_object_get(a, keys[i]), *y = json_object_get(b, keys[i]);

		if (x != y && !(x && y && json_equal(x, y)))
			return false;
	}
	return true;
}

/* One way in which a recipient was named, and by all the reports from the ith on that named it so.
 */
static void put_origin(const json_t *address, const json_t *origins, size_t i)
{
	const json_t *o = json_array_get(origins, i), *other;
	const char *before = "  by report ";
	size_t k;

	fputs("  ", stdout);
	jm_print_value(stdout, json_object_get(o, "type"), NAME_COLUMNS, false);
	jm_print_value(stdout, address, 0, false);
	if (json_is_string(json_object_get(o, "expanded_from"))) {
		fputs(", expanded from ", stdout);
		jm_print_value(stdout, json_object_get(o, "expanded_from"), 0, false);
	}
	if (json_is_string(json_object_get(o, "forwarded_from"))) {
		fputs(", forwarded from ", stdout);
		jm_print_value(stdout, json_object_get(o, "forwarded_from"), 0, false);
	}
	jm_print_style(stdout, JM_PRINT_DIM);
	for (k = i; k < json_array_size(origins); k++) {
		other = json_array_get(origins, k);
		if (!same_origin(o, other))
			continue;
		fputs(before, stdout);
		jm_print_value(stdout, json_object_get(other, "seq"), 0, false);
		before = ", ";
	}
	jm_print_style(stdout, JM_PRINT_PLAIN);
	putchar('\n');
}

static void put_recipient(const json_t *r)
{
	const json_t *origins = json_object_get(r, "reports");
	size_t i, k;

	for (i = 0; i < json_array_size(origins); i++) {
		for (k = 0;
		     k < i && !same_origin(json_array_get(origins, k), json_array_get(origins, i));
		     k++)
			;
		if (k == i)
			put_origin(json_object_get(r, "address"), origins, i);
	}
}

static void put_content(size_t i, const json_t *c)
{
	printf("  content %zu, by report %lld\n", i,
	    (long long)json_integer_value(json_object_get(c, "seq")));
	put_digest("  message", c, "sha256", "size");
	if (!json_equal(json_object_get(c, "sha256"), json_object_get(c, "raw_sha256")))
		put_digest("  raw", c, "raw_sha256", "raw_size");
	put_list("  removed", json_object_get(c, "removed_headers"));
}

static void put_report(size_t i, const json_t *r)
{
	static const struct {
		const char *name, *key;
	} lines[] = {
		{ "  transport", "transport" },
		{ "  service", "service" },
		{ "  client", "client" },
		{ "  helo", "helo" },
		{ "  tls", "tls" },
		{ "  login", "login" },
		{ "  mail from", "mail_from" },
		{ "  queue id", "queue_id" },
		{ "  form", "variant" },
		{ "  nesting", "nesting" },
		{ "  sender", "envelope_sender" },
		{ "  on behalf of", "on_behalf_of" },
		{ "  label", "label" },
		{ "  mailbox", "mailbox" },
		{ "  sent", "sent_utc" },
		{ "  received", "received_utc" },
		{ "  direction", "direction" },
		{ "  shares with", "shares_with" },
		{ "  problem", "problem" },
	};
	size_t k;

	printf("  report %zu, record %lld\n", i,
	    (long long)json_integer_value(json_object_get(r, "seq")));
	put_time("  arrived", r, "received");
	for (k = 0; k < sizeof lines / sizeof *lines; k++)
		put_key(lines[k].name, r, lines[k].key);
	put_list("  rcpt to", json_object_get(r, "rcpt_to"));
	if (json_object_get(r, "companion")) {
		put_name("  with it");
		jm_print_value(stdout, json_object_get(r, "companion"), 0, false);
		puts(" form of the message; jmctl export --report has both");
	}
	if (json_is_true(json_object_get(r, "ndr")))
		puts("    came inside a delivery status notification");
	if (json_object_get(r, "volume")) {
		put_name("  stored");
		printf("volume %lld at %lld, %lld bytes\n",
		    (long long)json_integer_value(json_object_get(r, "volume")),
		    (long long)json_integer_value(json_object_get(r, "offset")),
		    (long long)json_integer_value(json_object_get(r, "stored_bytes")));
	}
	put_digest("  as received", r, "sha256", "size");
}

/* Of the first report that has it: the item's own row does not. */
static const json_t *of_a_report(const json_t *item, const char *key)
{
	const json_t *r;
	size_t i;

	json_array_foreach(json_object_get(item, "reports"), i, r)
		if (json_is_string(json_object_get(r, key)))
			return json_object_get(r, key);
	return NULL;
}

static void put_envelope(const json_t *item)
{
	jm_print_style(stdout, JM_PRINT_BOLD);
	printf("item %lld\n", (long long)json_integer_value(json_object_get(item, "id")));
	jm_print_style(stdout, JM_PRINT_PLAIN);
	put_time("archived", item, "time");
	put_key("set aside", item, "set_aside");
	put_key("service", item, "service");
	put_list("also by", json_object_get(item, "more_services"));
	put_key("sender", item, "sender");
	put_line("on behalf of", of_a_report(item, "on_behalf_of"));
	put_key("subject", item, "subject");
	put_key("message-id", item, "message_id");
	put_key("date", item, "date");
	put_key("form", item, "variant");
	if (json_is_true(json_object_get(item, "step_down")))
		puts("  no proper journal report: archived as received (step-down)");
	if (json_is_true(json_object_get(item, "from_headers")))
		puts("  sender and recipients are from the message's own header and may lack Bcc");
}

/* ---- the message ---- */

static bool is_main(const char *name)
{
	static const char *const names[] = { "From", "Sender", "Reply-To", "To", "Cc", "Bcc",
		"Resent-From", "Resent-To", "Date", "Subject", "Message-ID", "In-Reply-To" };

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (jm_span_eq_nocase(jm_span_str(name), jm_span_str(names[i])))
			return true;
	return false;
}

static void put_headers(const struct show *s, const json_t *headers)
{
	const json_t *h;
	size_t i;

	json_array_foreach(headers, i, h) {
		const char *name = json_string_value(json_object_get(h, "name"));

		if (!s->headers && (!name || !is_main(name)))
			continue;
		fputs("  ", stdout);
		jm_print_style(stdout, JM_PRINT_DIM);
		jm_print_value(stdout, json_object_get(h, "name"), NAME_COLUMNS, false);
		jm_print_style(stdout, JM_PRINT_PLAIN);
		putchar(' ');
		jm_print_value(stdout, json_object_get(h, "value"), 0, false);
		putchar('\n');
	}
}

/* A line of text: tabs are blanks here, and nothing else of it reaches the terminal as it is. */
static void put_text_line(struct jm_span line)
{
	fputs("  | ", stdout);
	while (line.len > 0) {
		size_t tab = jm_span_index(line, '\t');

		jm_print_text(stdout, jm_span_sub(line, 0, tab));
		if (tab < line.len)
			fputs("    ", stdout);
		line = jm_span_sub(line, tab + 1, line.len);
	}
	putchar('\n');
}

static void put_text(const struct show *s, const json_t *preview)
{
	const json_t *value = json_object_get(preview, "text"),
		     *from = json_object_get(preview, "text_from");
	struct jm_span text = jm_span_of(json_string_value(value), json_string_length(value));
	uint64_t n = 0, more = 0;

	if (!json_is_string(value))
		return;
	putchar('\n');
	while (text.len > 0) {
		size_t end = jm_span_index(text, '\n'),
		       len = end > 0 && text.p[end - 1] == '\r' ? end - 1 : end;

		if (s->lines == 0 || n < s->lines)
			put_text_line(jm_span_sub(text, 0, len));
		else
			more++;
		n++;
		text = jm_span_sub(text, end + 1, text.len);
	}
	jm_print_style(stdout, JM_PRINT_DIM);
	if (more > 0)
		printf("  %llu more lines; --lines 0 shows all\n", (unsigned long long)more);
	if (json_is_true(json_object_get(preview, "text_cut")))
		puts("  the text goes on; export has all of it");
	if (json_is_string(from) && strcmp(json_string_value(from), "text/html") == 0)
		puts("  (from HTML)");
	jm_print_style(stdout, JM_PRINT_PLAIN);
}

static void put_attachments(const json_t *list)
{
	char size[JM_PRINT_BYTES_TEXT];
	const json_t *a;
	size_t i;

	if (json_array_size(list) > 0)
		put_title("attachments");
	json_array_foreach(list, i, a) {
		printf("  %*s%9s  ", (int)json_integer_value(json_object_get(a, "depth")) * 2, "",
		    jm_print_bytes((uint64_t)json_integer_value(json_object_get(a, "size")), size));
		jm_print_value(stdout, json_object_get(a, "type"), 30, false);
		fputs("  ", stdout);
		jm_print_value(stdout, json_object_get(a, "name"), 0, false);
		putchar('\n');
	}
}

static void put_message(const struct show *s, const json_t *preview)
{
	const json_t *problem = json_object_get(preview, "problem");

	if (!preview)
		return;
	put_title("message");
	if (problem) {
		jm_print_style(stdout, JM_PRINT_BAD);
		fputs("  ", stdout);
		jm_print_value(stdout, problem, 0, false);
		jm_print_style(stdout, JM_PRINT_PLAIN);
		putchar('\n');
		return;
	}
	put_headers(s, json_object_get(preview, "headers"));
	put_text(s, preview);
	put_attachments(json_object_get(preview, "attachments"));
}

static void put_recipients(const json_t *item)
{
	const json_t *value, *list = json_object_get(item, "recipients");
	long long hidden = json_integer_value(json_object_get(item, "hidden_recipients"));
	size_t i;

	put_title("recipients");
	json_array_foreach(list, i, value)
		put_recipient(value);
	if (hidden > 0)
		printf("  %lld hidden, --bcc shows %s\n", hidden, hidden == 1 ? "it" : "them");
}

static void put_item(const struct show *s, const json_t *item)
{
	const json_t *list, *value;
	size_t i;

	put_envelope(item);
	put_recipients(item);
	put_message(s, json_object_get(item, "message"));
	list = json_object_get(item, "contents");
	put_title("contents");
	json_array_foreach(list, i, value)
		put_content(i, value);
	list = json_object_get(item, "reports");
	put_title("reports");
	json_array_foreach(list, i, value)
		put_report(i, value);
}

/* ---- getting it ---- */

static int keep(void *ctx, const json_t *item, struct jm_err *err)
{
	struct show *s = ctx;

	return json_array_append_new(s->items, json_deep_copy(item)) == 0
	    ? 0
	    : jm_err_set(err, JM_E_TEMP, "no memory for an item");
}

static int put_bytes(void *ctx, const void *p, size_t n, struct jm_err *err)
{
	struct show *s = ctx;

	return jm_spool_write(&s->message, p, n, err);
}

/* The message as a reader sees it, under "message"; what keeps it from being read is told there. */
static int add_message(struct show *s, json_t *item, struct jm_err *err)
{
	const struct jm_answer_out out = { .object = keep, .bytes = put_bytes, .ctx = s };
	json_t *request = json_pack(
		   "{s:s, s:O}", "verb", "export", "id", json_object_get(item, "id")),
	       *preview = NULL;
	const char *tmp = getenv("TMPDIR");
	struct jm_span bytes;
	int rc;

	jm_spool_init(&s->message, tmp ? tmp : "/tmp", MESSAGE_MAX_BYTES);
	rc = request ? jm_target_ask(&s->target, request, &out, err)
		     : jm_err_set(err, JM_E_TEMP, "out of memory");
	if (rc == 0 && jm_spool_view(&s->message, &bytes, err) == 0)
		preview = jm_preview(bytes, s->bcc, err);
	rc = preview ? 0 : -1;
	if (rc < 0)
		preview = json_pack("{s:s}", "problem", err->text);
	if (json_object_set_new(item, "message", preview) != 0)
		rc = jm_err_set(err, JM_E_TEMP, "out of memory");
	json_decref(request);
	jm_spool_release(&s->message);
	return rc;
}

static int ask(struct show *s, const char *id, struct jm_err *err)
{
	const struct jm_answer_out out = { .object = keep, .ctx = s };
	json_t *request = json_pack("{s:s, s:b}", "verb", "show", "bcc", s->bcc);
	uint64_t number = 0;
	int rc;

	if (strchr(id, '@') || id[0] == '<')
		rc = json_object_set_new(request, "message-id", json_string(id)) == 0
		    ? 0
		    : jm_err_set(err, JM_E_USAGE, "the Message-ID is no UTF-8");
	else if ((rc = jm_ctl_id(id, &number, err)) == 0)
		rc = json_object_set_new(request, "id", json_integer((json_int_t)number)) == 0
		    ? 0
		    : jm_err_set(err, JM_E_TEMP, "out of memory");
	if (rc == 0)
		rc = jm_target_ask(&s->target, request, &out, err);
	json_decref(request);
	return rc;
}

/* What came is shown also when some of it could not be read. */
static int run(struct show *s, const char *id, struct jm_err *err)
{
	int rc = ask(s, id, err);
	struct jm_err why;
	json_t *item;
	size_t i;

	json_array_foreach(s->items, i, item) {
		if (!s->no_message && add_message(s, item, &why) < 0 && rc == 0) {
			*err = why;
			rc = -1;
		}
		if (s->target.json) {
			jm_print_json(stdout, item);
		} else {
			if (i > 0)
				putchar('\n');
			put_item(s, item);
		}
	}
	if (jm_print_flush(&why) < 0) {
		*err = why;
		rc = -1;
	}
	return rc;
}

int jm_ctl_show(int argc, char **argv)
{
	struct show s = { .lines = LINES };
	const struct jm_ctl_option options[] = { { "bcc", JM_CTL_FLAG, &s.bcc, NULL,
						     "tell Bcc recipients, too" },
		{ "headers", JM_CTL_FLAG, &s.headers, NULL,
		    "the whole header of the message, not only its main fields" },
		{ "lines", JM_CTL_NUMBER, &s.lines, "N",
		    "at most N lines of the text; 0: all [40]" },
		{ "no-message", JM_CTL_FLAG, &s.no_message, NULL,
		    "only what the reports tell; the message is not read" },
		JM_TARGET_OPTIONS(&s.target), { NULL } };
	struct jm_err err;
	int n, code;

	n = jm_ctl_options(argc, argv, options, "[options] ID",
	    "Print what is known about an item: its number, that of a report, or a Message-ID.",
	    &code);
	if (n < 0)
		return code;
	if (n != 1)
		return jm_ctl_fail_usage(argv[0], n > 1 ? argv[2] : NULL);
	s.target.keep = true;
	s.items = json_array();
	code = run(&s, argv[1], &err) < 0 ? jm_ctl_fail(argv[0], &err) : 0;
	jm_target_end(&s.target);
	json_decref(s.items);
	return code;
}
