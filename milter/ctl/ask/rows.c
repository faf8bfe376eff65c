/* SPDX-License-Identifier: BSD-2-Clause */
/* Items as a table or as JSON, and the arguments of a page. See rows.h. */
#include "milter/ctl/ask/rows.h"

#include <string.h>

#include "common/control/answer.h"
#include "common/mail/charset.h"
#include "milter/ctl/cli/left_out.h"
#include "milter/ctl/cli/outcome.h"
#include "milter/ctl/cli/print.h"

#define ID_COLUMNS 8
#define TIME_COLUMNS 20
#define ADDRESS_COLUMNS 30
#define COUNT_COLUMNS 5
#define SIZE_COLUMNS 9

static void put_head(const struct jm_rows *r)
{
	jm_print_style(stdout, JM_PRINT_BOLD);
	jm_print(stdout, "%*s  %-*s  %-*s  %*s  %*s  %s", ID_COLUMNS, "ID", TIME_COLUMNS,
	    r->set_aside ? "RECEIVED" : "ARCHIVED", (int)r->address_columns, "SENDER",
	    COUNT_COLUMNS, "RCPTS", SIZE_COLUMNS, "SIZE",
	    r->set_aside ? "REASON: SUBJECT" : "SUBJECT");
	jm_print_style(stdout, JM_PRINT_PLAIN);
	putchar('\n');
}

/* Print the last cell, of at most room columns (0: no limit). Returns the rest of room. */
static size_t put_last(const json_t *value, size_t room)
{
	struct jm_span text = json_is_string(value)
	    ? jm_span_of(json_string_value(value), json_string_length(value))
	    : jm_span_str("-");
	size_t width = jm_print_width(text);

	if (room > 0 && width > room)
		width = room;
	jm_print_cell(stdout, text, width, room > 0);
	return room - (room > 0 ? width : 0);
}

static void put_row(const struct jm_rows *r, const json_t *item)
{
	const json_t *sender = json_object_get(item, "sender"),
		     *reason = json_object_get(item, "set_aside");
	char size[JM_PRINT_BYTES_TEXT], time[JM_PRINT_TIME_TEXT];
	size_t room = r->subject_columns;
	bool cut = room > 0;

	jm_print(stdout, "%*lld  %-*s  ", ID_COLUMNS,
	    (long long)json_integer_value(json_object_get(item, "id")), TIME_COLUMNS,
	    jm_print_time(item, "time", time));
	/* The null reverse path is an address, too. */
	if (json_is_string(sender) && json_string_length(sender) == 0)
		jm_print_cell(stdout, jm_span_str("<>"), r->address_columns, cut);
	else
		jm_print_value(stdout, sender, r->address_columns, cut);
	jm_print(stdout, "  %*lld  %*s  ", COUNT_COLUMNS,
	    (long long)json_integer_value(json_object_get(item, "recipients")), SIZE_COLUMNS,
	    jm_print_bytes((uint64_t)json_integer_value(json_object_get(item, "size")), size));
	if (json_is_string(reason)) {
		jm_print_style(stdout, JM_PRINT_BAD);
		room = room / 2 + put_last(reason, room / 2);
		jm_print_style(stdout, JM_PRINT_PLAIN);
		fputs(": ", stdout);
		room -= cut ? 2 : 0;
	}
	if (json_is_true(json_object_get(item, "queued"))) {
		jm_print_style(stdout, JM_PRINT_BOLD);
		fputs("waits", stdout);
		jm_print_style(stdout, JM_PRINT_PLAIN);
		fputs(": ", stdout);
		room = cut ? room > 8 ? room - 7 : 1 : 0;
	}
	put_last(json_object_get(item, "subject"), room);
	putchar('\n');
}

/* Sender and subject share the columns that a terminal has besides the fixed ones. */
static void share_columns(struct jm_rows *r)
{
	const size_t fixed = ID_COLUMNS + TIME_COLUMNS + COUNT_COLUMNS + SIZE_COLUMNS + 5 * 2;
	size_t columns = jm_print_columns(stdout),
	       left = columns > fixed + 20 ? columns - fixed : 20;

	r->address_columns = ADDRESS_COLUMNS;
	r->subject_columns = 0;
	if (columns == 0)
		return;
	if (left / 2 < ADDRESS_COLUMNS)
		r->address_columns = left / 2;
	r->subject_columns = left - r->address_columns;
}

static int rows_put(void *ctx, const json_t *item, struct jm_err *err)
{
	struct jm_rows *r = ctx;

	if (jm_left_out_is(item)) {
		r->left_out = json_deep_copy(item);
		return r->left_out ? 0 : jm_err_set(err, JM_E_TEMP, "out of memory");
	}
	if (r->n++ > 0 && r->limit > 0 && r->n > r->limit)
		return 0;
	jm_progress_wipe(&r->bar);
	r->last_id = (uint64_t)json_integer_value(json_object_get(item, "id"));
	if (r->json) {
		jm_print_json(stdout, item);
	} else {
		if (r->n == 1)
			put_head(r);
		put_row(r, item);
	}
	/* Stop at once when the reader is gone or the disk is full, not after a million items. */
	return ferror(stdout) ? jm_print_flush(err) : 0;
}

static int rows_progress(void *ctx, const json_t *o, struct jm_err *err)
{
	struct jm_rows *r = ctx;

	(void)err;
	jm_progress_draw(&r->bar, (uint64_t)json_integer_value(json_object_get(o, "done")),
	    (uint64_t)json_integer_value(json_object_get(o, "total")), "items");
	return 0;
}

/* Add the page and the order to the request. */
static int add_page(const struct jm_rows *r, json_t *request, struct jm_err *err)
{
	if (r->after > INT64_MAX)
		return jm_err_set(err, JM_E_USAGE, "--after is at most 9223372036854775807");
	if (r->limit >= INT64_MAX)
		return jm_err_set(err, JM_E_USAGE, "--limit is at most 9223372036854775806");
	if (r->sort && !jm_charset_is_utf8(jm_span_str(r->sort)))
		return jm_err_set(err, JM_E_USAGE, "--sort is a word");
	/* Ask for one more than the limit, to know whether there are more. */
	if (json_object_set_new(request, "after", json_integer((json_int_t)r->after)) != 0 ||
	    (r->limit > 0 &&
		json_object_set_new(request, "limit", json_integer((json_int_t)r->limit + 1)) !=
		    0) ||
	    json_object_set_new(request, "reverse", json_boolean(r->reverse)) != 0 ||
	    (r->sort && json_object_set_new(request, "sort", json_string(r->sort)) != 0))
		return jm_err_set(err, JM_E_TEMP, "out of memory");
	return 0;
}

int jm_rows_ask(struct jm_rows *r, const char *verb, struct jm_target *c, json_t *request)
{
	const struct jm_answer_out out = {
		.object = rows_put, .progress = rows_progress, .ctx = r
	};
	struct jm_err err;
	int rc;

	share_columns(r);
	rc = add_page(r, request, &err);
	if (rc == 0) {
		jm_progress_start(&r->bar, NULL);
		rc = jm_target_ask(c, request, &out, &err);
		jm_progress_wipe(&r->bar);
	}
	json_decref(request);
	if (r->left_out && r->json)
		jm_left_out_print(r->left_out);
	if (rc == 0)
		rc = jm_print_flush(&err);
	if (rc == 0 && r->n == 0 && !r->json)
		jm_print(stderr, "jmctl %s: no items\n", verb);
	if (rc == 0 && r->limit > 0 && r->n > r->limit && !r->json)
		jm_print(stderr,
		    "jmctl %s: there are more; the same with --after %llu shows them\n", verb,
		    (unsigned long long)r->last_id);
	if (r->left_out)
		jm_left_out_say(verb, r->left_out);
	json_decref(r->left_out);
	return rc < 0 ? jm_ctl_fail(verb, &err) : 0;
}
