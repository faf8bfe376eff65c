/* SPDX-License-Identifier: BSD-2-Clause */
/* jmctl show: one item with its envelope, who received it and by which report that is known, its contents, its reports. */
#include "milter/ctl/client.h"
#include "milter/ctl/print.h"

#define NAME_COLUMNS 16

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

/* One way in which a recipient was named, and by all the reports from the ith on that named it so. */
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
		for (k = 0; k < i && !same_origin(json_array_get(origins, k), json_array_get(origins, i)); k++)
			;
		if (k == i)
			put_origin(json_object_get(r, "address"), origins, i);
	}
}

static void put_content(size_t i, const json_t *c)
{
	printf("  content %zu, by report %lld\n", i, (long long)json_integer_value(json_object_get(c, "seq")));
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
		{ "  transport", "transport" }, { "  service", "service" }, { "  client", "client" }, { "  helo", "helo" }, { "  tls", "tls" },
		{ "  login", "login" }, { "  mail from", "mail_from" }, { "  queue id", "queue_id" }, { "  form", "variant" },
		{ "  nesting", "nesting" }, { "  sender", "envelope_sender" }, { "  on behalf of", "on_behalf_of" }, { "  label", "label" },
		{ "  mailbox", "mailbox" }, { "  sent", "sent_utc" }, { "  received", "received_utc" }, { "  with it", "companion" },
	};
	size_t k;

	printf("  report %zu, record %lld\n", i, (long long)json_integer_value(json_object_get(r, "seq")));
	put_time("  arrived", r, "received");
	for (k = 0; k < sizeof lines / sizeof *lines; k++)
		put_key(lines[k].name, r, lines[k].key);
	put_list("  rcpt to", json_object_get(r, "rcpt_to"));
	if (json_is_true(json_object_get(r, "ndr")))
		puts("    came inside a delivery status notification");
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

static void put_item(const json_t *item)
{
	const json_t *list, *value;
	size_t i;

	put_envelope(item);
	list = json_object_get(item, "recipients");
	put_title("recipients");
	json_array_foreach(list, i, value)
		put_recipient(value);
	list = json_object_get(item, "contents");
	put_title("contents");
	json_array_foreach(list, i, value)
		put_content(i, value);
	list = json_object_get(item, "reports");
	put_title("reports");
	json_array_foreach(list, i, value)
		put_report(i, value);
}

static int put(void *ctx, const json_t *item, struct jm_err *err)
{
	const struct jm_client *c = ctx;

	if (c->json)
		jm_print_json(stdout, item);
	else
		put_item(item);
	return jm_client_flush(err);
}

int jm_ctl_show(int argc, char **argv)
{
	struct jm_client c = { .json = false };
	const struct jm_ctl_option options[] = { JM_CLIENT_OPTIONS(&c), { NULL } };
	const struct jm_answer_out out = { .object = put, .ctx = &c };
	json_t *request;
	struct jm_err err;
	uint64_t id = 0;
	int n, code;

	n = jm_ctl_options(argc, argv, options, "[options] ID", "Print what is known about an item.", &code);
	if (n < 0)
		return code;
	if (n != 1)
		return jm_ctl_fail_usage(argv[0], n > 1 ? argv[2] : NULL);
	if (jm_client_id(argv[1], &id, &err) < 0)
		return jm_ctl_fail(argv[0], &err);
	request = json_pack("{s:s, s:I}", "verb", "show", "id", (json_int_t)id);
	code = jm_client_ask(&c, request, &out, &err) < 0 ? jm_ctl_fail(argv[0], &err) : 0;
	json_decref(request);
	return code;
}
