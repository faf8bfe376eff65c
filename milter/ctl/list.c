/* SPDX-License-Identifier: BSD-2-Clause */
/* jmctl list: the items of the archive, a line each. */
#include <string.h>

#include "milter/ctl/client.h"
#include "milter/ctl/print.h"

#define ID_COLUMNS 8
#define TIME_COLUMNS 20
#define ADDRESS_COLUMNS 30
#define COUNT_COLUMNS 5
#define SIZE_COLUMNS 9

struct list {
	struct jm_client client;
	uint64_t limit, after;
	bool reverse, set_aside;
	const char *since, *until, *address, *message_id, *service;
	size_t address_columns;
	size_t subject_columns;		/* 0: no terminal, nothing is cut */
	unsigned long long rows;
};

static void put_head(const struct list *l)
{
	jm_print_style(stdout, JM_PRINT_BOLD);
	printf("%*s  %-*s  %-*s  %*s  %*s  %s", ID_COLUMNS, "ID", TIME_COLUMNS, l->set_aside ? "RECEIVED" : "ARCHIVED", (int)l->address_columns, "SENDER", COUNT_COLUMNS, "RCPTS",
	    SIZE_COLUMNS, "SIZE", l->set_aside ? "REASON: SUBJECT" : "SUBJECT");
	jm_print_style(stdout, JM_PRINT_PLAIN);
	putchar('\n');
}

/* The last cell: as wide as it is, at most room columns; room 0: no limit. Returns what is left of room. */
static size_t put_last(const json_t *value, size_t room)
{
	struct jm_span text = json_is_string(value) ? jm_span_of(json_string_value(value), json_string_length(value)) : jm_span_str("-");
	size_t width = jm_print_width(text);

	if (room > 0 && width > room)
		width = room;
	jm_print_cell(stdout, text, width, room > 0);
	return room - (room > 0 ? width : 0);
}

static void put_row(const struct list *l, const json_t *item)
{
	const json_t *sender = json_object_get(item, "sender"), *reason = json_object_get(item, "set_aside");
	char size[JM_PRINT_BYTES_TEXT], time[JM_PRINT_TIME_TEXT];
	size_t room = l->subject_columns;
	bool cut = room > 0;

	printf("%*lld  %-*s  ", ID_COLUMNS, (long long)json_integer_value(json_object_get(item, "id")), TIME_COLUMNS,
	    jm_print_time(item, "time", time));
	/* The null reverse path is an address too. */
	if (json_is_string(sender) && json_string_length(sender) == 0)
		jm_print_cell(stdout, jm_span_str("<>"), l->address_columns, cut);
	else
		jm_print_value(stdout, sender, l->address_columns, cut);
	printf("  %*lld  %*s  ", COUNT_COLUMNS, (long long)json_integer_value(json_object_get(item, "recipients")), SIZE_COLUMNS,
	    jm_print_bytes((uint64_t)json_integer_value(json_object_get(item, "size")), size));
	if (json_is_string(reason)) {
		jm_print_style(stdout, JM_PRINT_BAD);
		room = room / 2 + put_last(reason, room / 2);
		jm_print_style(stdout, JM_PRINT_PLAIN);
		fputs(": ", stdout);
		room -= cut ? 2 : 0;
	}
	put_last(json_object_get(item, "subject"), room);
	putchar('\n');
}

/* What a terminal has left after the fixed columns is shared by sender and subject. */
static void share_columns(struct list *l)
{
	const size_t fixed = ID_COLUMNS + TIME_COLUMNS + COUNT_COLUMNS + SIZE_COLUMNS + 5 * 2;
	size_t columns = jm_print_columns(stdout), left = columns > fixed + 20 ? columns - fixed : 20;

	l->address_columns = ADDRESS_COLUMNS;
	l->subject_columns = 0;
	if (columns == 0)
		return;
	if (left / 2 < ADDRESS_COLUMNS)
		l->address_columns = left / 2;
	l->subject_columns = left - l->address_columns;
}

static int put(void *ctx, const json_t *item, struct jm_err *err)
{
	struct list *l = ctx;

	if (l->client.json) {
		jm_print_json(stdout, item);
	} else {
		if (l->rows == 0)
			put_head(l);
		put_row(l, item);
	}
	l->rows++;
	/* A reader that went away, or a full disk, ends it here and not after a million items. */
	return ferror(stdout) ? jm_client_flush(err) : 0;
}

static json_t *request_of(const struct list *l)
{
	json_t *q = json_pack("{s:s, s:I, s:I, s:b, s:b, s:s*, s:s*, s:s*, s:s*, s:s*}", "verb", "list", "limit", (json_int_t)l->limit, "after",
	    (json_int_t)l->after, "reverse", l->reverse, "set-aside", l->set_aside, "since", l->since, "until", l->until, "address", l->address,
	    "message-id", l->message_id, "service", l->service);

	return q;
}

int jm_ctl_list(int argc, char **argv)
{
	struct list l = { .limit = 0 };
	const struct jm_ctl_option options[] = {
		{ "limit", JM_CTL_NUMBER, &l.limit, "N", "at most N items" },
		{ "after", JM_CTL_NUMBER, &l.after, "ID", "go on behind this item (with --newest: before it)" },
		{ "newest", JM_CTL_FLAG, &l.reverse, NULL, "newest first" },
		{ "reverse", JM_CTL_FLAG, &l.reverse, NULL, "the same as --newest" },
		{ "since", JM_CTL_TEXT, &l.since, "DATE", "archived at or after DATE, UTC: 2026-11-22 or 2026-11-22T08:30:00Z" },
		{ "until", JM_CTL_TEXT, &l.until, "DATE", "archived before DATE" },
		{ "address", JM_CTL_TEXT, &l.address, "ADDRESS", "with this sender or recipient (letter case does not matter)" },
		{ "message-id", JM_CTL_TEXT, &l.message_id, "ID", "with this Message-ID, with or without <>" },
		{ "service", JM_CTL_TEXT, &l.service, "ADDRESS", "that came through this journal address" },
		{ "set-aside", JM_CTL_FLAG, &l.set_aside, NULL, "what is set aside, not what is archived" },
		JM_CLIENT_OPTIONS(&l.client), { NULL }
	};
	const struct jm_answer_out out = { .object = put, .ctx = &l };
	json_t *request;
	struct jm_err err;
	int n, code;

	n = jm_ctl_options(argc, argv, options, "[options]", "List the items of the archive, oldest first.", &code);
	if (n < 0)
		return code;
	if (n > 0)
		return jm_ctl_fail_usage(argv[0], argv[1]);
	share_columns(&l);
	request = request_of(&l);
	if (!request) {
		jm_err_set(&err, JM_E_USAGE, "an argument is no UTF-8, or a number is greater than 9223372036854775807");
		return jm_ctl_fail(argv[0], &err);
	}
	code = jm_client_ask(&l.client, request, &out, &err) < 0 || jm_client_flush(&err) < 0 ? jm_ctl_fail(argv[0], &err) : 0;
	json_decref(request);
	if (code == 0 && l.rows == 0 && !l.client.json)
		fputs("jmctl list: no items\n", stderr);
	return code;
}
