/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * jmctl show: one item with its envelope, its recipients and the reports that name them, its
 * message as a reader sees it (show_message.c), its contents and its reports.
 */
#include "milter/ctl/ask/show.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/num.h"
#include "common/base/spool.h"
#include "common/control/answer.h"
#include "common/journal/unwrap.h"
#include "common/mail/charset.h"
#include "common/query/bcc.h"
#include "milter/ctl/ask/show_message.h"
#include "milter/ctl/cli/item.h"
#include "milter/ctl/cli/option.h"
#include "milter/ctl/cli/outcome.h"
#include "milter/ctl/cli/print.h"
#include "milter/ctl/cli/target.h"

#define NAME_COLUMNS 16
#define LINES 40       /* of the text, by default */
#define ITEMS_MAX 1000 /* in an answer; there are fewer with a Message-ID */
#define RECIPIENTS 200 /* on a terminal, by default */
#define MESSAGE_MAX_BYTES ((uint64_t)1 << 32)

struct show {
	struct jm_target target;
	struct jm_show_options shown;
	bool bcc, no_message;
	uint64_t recipients;       /* at most so many; 0: all */
	struct jm_ctl_item *items; /* received; owned */
	size_t items_n;
	struct jm_spool message; /* of the current item */
};

static void put_name(const char *name)
{
	fputs("  ", stdout);
	jm_print_style(stdout, JM_PRINT_DIM);
	jm_print_cell(stdout, jm_span_str(name), NAME_COLUMNS, false);
	jm_print_style(stdout, JM_PRINT_PLAIN);
}

/* Print "  NAME  VALUE"; nothing when there is no value. The null path is printed as "<>". */
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
	jm_print(stdout, "  %lld bytes\n", (long long)json_integer_value(json_object_get(o, size)));
}

/* Print a list of plain values, separated by commas. */
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

/* Print "  NAME  a, b, c"; nothing for an empty list. */
static void put_list(const char *name, const json_t *list)
{
	if (json_array_size(list) == 0)
		return;
	put_name(name);
	put_values(list);
	putchar('\n');
}

/* Print " by report 1, 2". */
static void put_seqs(const json_t *seqs)
{
	const json_t *seq;
	size_t i;

	jm_print_style(stdout, JM_PRINT_DIM);
	json_array_foreach(seqs, i, seq) {
		fputs(i == 0 ? "  by report " : ", ", stdout);
		jm_print_value(stdout, seq, 0, false);
	}
	jm_print_style(stdout, JM_PRINT_PLAIN);
	putchar('\n');
}

/* Print one way in which a recipient is named. */
static void put_origin(const json_t *address, const json_t *o)
{
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
}

/* The key of all origins with the same type and the same other addresses. The caller frees it. */
static char *origin_key(const json_t *o)
{
	json_t *parts = json_pack("[O?, O?, O?]", json_object_get(o, "type"),
	    json_object_get(o, "expanded_from"), json_object_get(o, "forwarded_from"));
	char *key = json_dumps(parts, JSON_COMPACT);

	json_decref(parts);
	return key;
}

/* Add an origin to those of its way: {key: {origin, seqs}}. Reports come in order, and one may name
 * a recipient twice. */
static int add_origin(json_t *ways, json_t *o)
{
	char *key = origin_key(o);
	json_t *way = key ? json_object_get(ways, key) : NULL, *seqs, *seq;
	int rc = key ? 0 : -1;

	if (key && !way) {
		way = json_pack("{s:O, s:[]}", "origin", o, "seqs");
		rc = json_object_set_new(ways, key, way);
	}
	seqs = json_object_get(way, "seqs");
	seq = json_object_get(o, "seq");
	if (rc == 0 && !json_equal(json_array_get(seqs, json_array_size(seqs) - 1), seq))
		rc = json_array_append(seqs, seq);
	free(key);
	return rc;
}

/* Print a recipient: each way in which it is named, with all reports that name it so. */
static int put_recipient(const json_t *r, struct jm_err *err)
{
	const json_t *origins = json_object_get(r, "reports"),
		     *address = json_object_get(r, "address");
	json_t *ways = json_object(), *value;
	const char *key;
	size_t i;
	int rc = 0;

	json_array_foreach(origins, i, value)
		rc |= add_origin(ways, value);
	json_object_foreach(ways, key, value) {
		put_origin(address, json_object_get(value, "origin"));
		put_seqs(json_object_get(value, "seqs"));
	}
	json_decref(ways);
	return rc == 0 ? 0 : jm_err_set(err, JM_E_TEMP, "no memory for a recipient");
}

static int put_content(void *ctx, size_t i, const json_t *c, struct jm_err *err)
{
	(void)ctx, (void)err;
	jm_print(stdout, "  content %zu, by report %lld\n", i,
	    (long long)json_integer_value(json_object_get(c, "seq")));
	put_digest("  message", c, "sha256", "size");
	if (!json_equal(json_object_get(c, "sha256"), json_object_get(c, "raw_sha256")))
		put_digest("  raw", c, "raw_sha256", "raw_size");
	put_list("  removed", json_object_get(c, "removed_headers"));
	return 0;
}

/* Print a level around the innermost report, and its sender or transport. */
static void put_level(const json_t *report, size_t i)
{
	const json_t *levels = json_object_get(report, "levels"), *l = json_array_get(levels, i),
		     *to;
	long long hidden = json_integer_value(json_object_get(l, "hidden_recipients"));
	size_t k;

	jm_print(stdout, "    level %zu, handed in by ", i + 1);
	if (i > 0)
		jm_print(stdout, "the sender of level %zu", i);
	else if (json_object_get(report, "mail_from"))
		jm_print(stdout, "mail from and client above");
	else
		jm_print(stdout, "the transport above");
	jm_print(stdout, "%s\n", l ? ":" : ": the envelope of the item");
	if (!l)
		return;
	put_key("    sender", l, "sender");
	put_key("    on behalf of", l, "on_behalf_of");
	put_key("    subject", l, "subject");
	put_key("    message-id", l, "message_id");
	json_array_foreach(json_object_get(l, "recipients"), k, to)
		put_key("    recipient", to, "address");
	put_key("    not named", l, "more_recipients");
	if (hidden > 0) {
		put_name("    recipient");
		jm_print(
		    stdout, "%lld hidden, --bcc shows %s\n", hidden, hidden == 1 ? "it" : "them");
	}
}

/* Print all levels of a report, and why a report in the message was not unwrapped. */
static void put_levels(const json_t *r)
{
	size_t n = json_array_size(json_object_get(r, "levels"));
	const char *rule = json_string_value(json_object_get(r, "inner_report"));

	for (size_t i = 0; n > 0 && i <= n; i++)
		put_level(r, i);
	for (int k = JM_INNER_NONE; rule && k <= JM_INNER_LEVELS; k++)
		if (strcmp(rule, jm_inner_rule_name((enum jm_inner_rule)k)) == 0)
			jm_print(stdout, "    %s\n", jm_inner_rule_text((enum jm_inner_rule)k));
}

static int put_report(void *ctx, size_t i, const json_t *r, struct jm_err *err)
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

	(void)ctx, (void)err;
	jm_print(stdout, "  report %zu, record %lld\n", i,
	    (long long)json_integer_value(json_object_get(r, "seq")));
	put_time("  arrived", r, "received");
	for (k = 0; k < sizeof lines / sizeof *lines; k++)
		put_key(lines[k].name, r, lines[k].key);
	put_list("  rcpt to", json_object_get(r, "rcpt_to"));
	put_levels(r);
	if (json_object_get(r, "companion")) {
		put_name("  with it");
		jm_print_value(stdout, json_object_get(r, "companion"), 0, false);
		puts(" form of the message; jmctl export --report has both");
	}
	if (json_is_true(json_object_get(r, "ndr")))
		puts("    came inside a delivery status notification");
	if (json_object_get(r, "volume")) {
		put_name("  stored");
		jm_print(stdout, "volume %lld at %lld, %lld bytes\n",
		    (long long)json_integer_value(json_object_get(r, "volume")),
		    (long long)json_integer_value(json_object_get(r, "offset")),
		    (long long)json_integer_value(json_object_get(r, "stored_bytes")));
	}
	put_digest("  as received", r, "sha256", "size");
	return 0;
}

/* Print the first "on_behalf_of" of a report; the item itself does not have it. */
static int put_on_behalf(void *ctx, size_t i, const json_t *r, struct jm_err *err)
{
	(void)ctx, (void)i, (void)err;
	if (!json_is_string(json_object_get(r, "on_behalf_of")))
		return 0;
	put_line("on behalf of", json_object_get(r, "on_behalf_of"));
	return 1;
}

/* Say that the report waits in the processing queue: since when, for what, and what follows. */
static void put_waiting(const json_t *item)
{
	const json_t *waiting = json_object_get(item, "waiting");
	const char *what = json_string_value(json_object_get(waiting, "waits_for"));
	bool delay = what && strcmp(what, "delay") == 0;

	if (!waiting)
		return;
	put_name("state");
	jm_print_style(stdout, JM_PRINT_BOLD);
	fputs("waits in the processing queue", stdout);
	jm_print_style(stdout, JM_PRINT_PLAIN);
	jm_print(stdout, ", %s\n",
	    delay ? "for the end of its initial-process-delay"
		  : "for ordinary mail that belongs to it (gateway)");
	put_time("waits since", waiting, "received");
	put_time("next attempt", waiting, "next_attempt");
	put_key("attempts", waiting, "attempts");
	put_key("problem", waiting, "problem");
	jm_print(stdout,
	    "  then it joins the item that it belongs to%s, or becomes an item of its own;\n"
	    "  jmctl queue release %lld archives it now\n",
	    delay ? "" : ", waits for a further attempt",
	    (long long)json_integer_value(json_object_get(item, "id")));
}

static int put_envelope(struct jm_ctl_item *whole, struct jm_err *err)
{
	const json_t *item = whole->o;
	bool waits = json_object_get(item, "waiting") != NULL;

	jm_print_style(stdout, JM_PRINT_BOLD);
	jm_print(stdout, "%s %lld\n", waits ? "report" : "item",
	    (long long)json_integer_value(json_object_get(item, "id")));
	jm_print_style(stdout, JM_PRINT_PLAIN);
	if (!waits)
		put_time(
		    json_object_get(item, "set_aside") ? "received" : "archived", item, "time");
	put_waiting(item);
	put_key("set aside", item, "set_aside");
	put_key("service", item, "service");
	put_list("also by", json_object_get(item, "more_services"));
	put_key("sender", item, "sender");
	if (jm_ctl_item_rows(whole, "reports", put_on_behalf, NULL, err) < 0)
		return -1;
	put_key("subject", item, "subject");
	put_key("message-id", item, "message_id");
	put_key("date", item, "date");
	put_key("form", item, "variant");
	if (json_is_true(json_object_get(item, "step_down")))
		puts("  no proper journal report: archived as received (step-down)");
	if (json_is_true(json_object_get(item, "from_headers")))
		puts("  sender and recipients are from the message's own header and may lack Bcc");
	return 0;
}

static int put_some(void *ctx, size_t i, const json_t *r, struct jm_err *err)
{
	const uint64_t *most = ctx;

	if (*most > 0 && i >= *most)
		return 1;
	return put_recipient(r, err);
}

static int put_recipients(const struct show *s, struct jm_ctl_item *item, struct jm_err *err)
{
	long long hidden = json_integer_value(json_object_get(item->o, "hidden_recipients"));
	size_t n = jm_ctl_item_count(item, "recipients");
	uint64_t most = s->recipients;

	jm_show_title("recipients");
	if (jm_ctl_item_rows(item, "recipients", put_some, &most, err) < 0)
		return -1;
	jm_print_style(stdout, JM_PRINT_DIM);
	if (most > 0 && n > most)
		jm_print(stdout, "  %llu more recipient%s; --recipients 0 shows all\n",
		    (unsigned long long)(n - most), jm_num_s(n - most));
	jm_print_style(stdout, JM_PRINT_PLAIN);
	if (hidden > 0)
		jm_print(
		    stdout, "  %lld hidden, --bcc shows %s\n", hidden, hidden == 1 ? "it" : "them");
	return 0;
}

static int put_item(const struct show *s, struct jm_ctl_item *item, struct jm_err *err)
{
	if (put_envelope(item, err) != 0 || put_recipients(s, item, err) != 0)
		return -1;
	jm_show_message(&s->shown, json_object_get(item->o, "message"));
	jm_show_title("contents");
	if (jm_ctl_item_rows(item, "contents", put_content, NULL, err) < 0)
		return -1;
	jm_show_title("reports");
	return jm_ctl_item_rows(item, "reports", put_report, NULL, err);
}

/* ---- JSON ---- */

static int put_row(void *ctx, size_t i, const json_t *row, struct jm_err *err)
{
	(void)ctx, (void)err;
	if (i > 0)
		putchar(',');
	jm_print_json_part(stdout, row);
	return 0;
}

/* Print the item as one object on one line; a long list is never in memory. */
static int put_json(struct jm_ctl_item *item, struct jm_err *err)
{
	const char *key;
	char comma = '{';
	json_t *value, *name;
	int rc = 0;

	json_object_foreach(item->o, key, value) {
		name = json_string(key);
		putchar(comma);
		jm_print_json_part(stdout, name);
		json_decref(name);
		putchar(':');
		comma = ',';
		if (!json_is_array(value)) {
			jm_print_json_part(stdout, value);
			continue;
		}
		putchar('[');
		rc = jm_ctl_item_rows(item, key, put_row, NULL, err);
		if (rc != 0)
			break;
		putchar(']');
	}
	puts("}");
	return rc;
}

/* ---- asking ---- */

static int show_keep(void *ctx, const json_t *item, struct jm_err *err)
{
	struct show *s = ctx;
	struct jm_ctl_item *more;

	if (s->items_n == ITEMS_MAX)
		return jm_err_set(err, JM_E_CORRUPT, "show was answered with too many items");
	more = realloc(s->items, (s->items_n + 1) * sizeof *more);
	if (!more)
		return jm_err_set(err, JM_E_TEMP, "no memory for an item");
	s->items = more;
	jm_ctl_item_init(&more[s->items_n]);
	return jm_ctl_item_take(&more[s->items_n++], item, err);
}

static int show_rows(void *ctx, const char *list, const json_t *rows, struct jm_err *err)
{
	struct show *s = ctx;

	return s->items_n > 0
	    ? jm_ctl_item_add(&s->items[s->items_n - 1], list, rows, err)
	    : jm_err_set(err, JM_E_CORRUPT, "show was answered with rows of no item");
}

static int put_bytes(void *ctx, const void *p, size_t n, struct jm_err *err)
{
	struct show *s = ctx;

	return jm_spool_write(&s->message, p, n, err);
}

/*
 * Add the message as a reader sees it to the item, under "message"; or {problem: text} when it
 * cannot be read.
 */
static int add_message(struct show *s, json_t *item, struct jm_err *err)
{
	const struct jm_answer_out out = { .object = show_keep, .bytes = put_bytes, .ctx = s };
	/* The bytes are not printed: jm_show_json() leaves out what names Bcc recipients.
	 */
	json_t *request = json_pack("{s:s, s:O, s:b}", "verb", "export", "id",
		   json_object_get(item, "id"), "bcc", true),
	       *message = NULL;
	const char *tmp = getenv("TMPDIR");
	struct jm_span bytes;
	int rc;

	jm_spool_init(&s->message, tmp ? tmp : "/tmp", MESSAGE_MAX_BYTES);
	rc = request ? jm_target_ask(&s->target, request, &out, err)
		     : jm_err_set(err, JM_E_TEMP, "out of memory");
	if (rc == 0 && jm_spool_view(&s->message, &bytes, err) == 0)
		message = !s->bcc && jm_bcc_is_report(bytes)
		    ? json_pack("{s:s}", "problem",
			  "a journal report that could not be unwrapped: its text may name Bcc "
			  "recipients; --bcc shows it")
		    : jm_show_json(bytes, s->bcc, err);
	rc = message ? 0 : -1;
	if (rc < 0)
		message = json_pack("{s:s}", "problem", err->text);
	if (json_object_set_new(item, "message", message) != 0)
		rc = jm_err_set(err, JM_E_TEMP, "out of memory");
	json_decref(request);
	jm_spool_release(&s->message);
	return rc;
}

static int show_ask(struct show *s, const char *id, struct jm_err *err)
{
	const struct jm_answer_out out = { .object = show_keep, .rows = show_rows, .ctx = s };
	json_t *request = json_pack("{s:s, s:b}", "verb", "show", "bcc", s->bcc);
	uint64_t number = 0;
	int rc;

	if (strpbrk(id, "@<:%") && !jm_charset_is_utf8(jm_span_str(id)))
		rc = jm_err_set(err, JM_E_USAGE, "the Message-ID is no UTF-8");
	else if (strpbrk(id, "@<:%"))
		rc = json_object_set_new(request, "message-id", json_string(id)) == 0
		    ? 0
		    : jm_err_set(err, JM_E_TEMP, "out of memory");
	else if ((rc = jm_ctl_id(id, &number, err)) == 0)
		rc = json_object_set_new(request, "id", json_integer((json_int_t)number)) == 0
		    ? 0
		    : jm_err_set(err, JM_E_TEMP, "out of memory");
	if (rc == 0)
		rc = jm_target_ask(&s->target, request, &out, err);
	json_decref(request);
	return rc;
}

/* Print the items received, also when parts of them could not be read. */
static int show_run(struct show *s, const char *id, struct jm_err *err)
{
	int rc = show_ask(s, id, err);
	struct jm_err cause;

	for (size_t i = 0; i < s->items_n; i++) {
		int put = s->no_message ? 0 : add_message(s, s->items[i].o, &cause);
		struct jm_ctl_item *item = &s->items[i];

		if (i > 0 && !s->target.json)
			putchar('\n');
		if ((s->target.json ? put_json(item, &cause) : put_item(s, item, &cause)) != 0)
			put = -1;
		if (put != 0 && rc == 0) {
			*err = cause;
			rc = -1;
		}
	}
	if (jm_print_flush(&cause) != 0) {
		*err = cause;
		rc = -1;
	}
	return rc;
}

int jm_ctl_show(int argc, char **argv)
{
	struct show s = { .shown.lines = LINES,
		.recipients = isatty(STDOUT_FILENO) ? RECIPIENTS : 0 };
	const struct jm_ctl_option options[] = { { "bcc", JM_CTL_FLAG, &s.bcc, NULL,
						     "tell Bcc recipients, too" },
		{ "headers", JM_CTL_FLAG, &s.shown.headers, NULL,
		    "the whole header of the message, not only its main fields" },
		{ "lines", JM_CTL_NUMBER, &s.shown.lines, "N",
		    "at most N lines of the text; 0: all [40]" },
		{ "recipients", JM_CTL_NUMBER, &s.recipients, "N",
		    "at most N recipients; 0: all [200 on a terminal, else all]" },
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
		return n > 1 ? jm_ctl_fail_usage(argv[0], argv[2])
			     : jm_ctl_fail_missing(argv[0], "ID");
	s.target.keep = true;
	code = show_run(&s, argv[1], &err) != 0 ? jm_ctl_fail(argv[0], &err) : 0;
	jm_target_end(&s.target);
	while (s.items_n > 0)
		jm_ctl_item_release(&s.items[--s.items_n]);
	free(s.items);
	return code;
}
