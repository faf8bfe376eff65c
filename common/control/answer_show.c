/* SPDX-License-Identifier: BSD-2-Clause */
/* Answering "show": most items are one object; the lists of the others follow it in pieces. */
#include "common/control/answer_show.h"

#include <inttypes.h>

#include "common/query/aside.h"
#include "common/query/item.h"
#include "common/query/waiting.h"

#define WEIGHT_MAX 1000u /* addresses and rows in a piece, so that none is large */

struct showing {
	const struct jm_answer_out *out;
	json_t *item;     /* not sent yet; NULL: it was sent */
	const char *list; /* its current one */
	json_t *rows;     /* of it, not sent yet; owned */
	size_t weight;    /* of what was not sent yet */
};

static int show_no_memory(struct jm_err *err)
{
	return jm_err_set(err, JM_E_TEMP, "no memory for an item");
}

/* Add why and how long the report waits. It may have left the queue meanwhile. */
static int add_waiting(struct jm_archive *a, uint64_t id, json_t *item, struct jm_err *err)
{
	static const char *const keys[] = { "received", "next_attempt", "attempts", "waits_for",
		"problem" };
	const struct jm_queue_view view = { .a = a, .bcc = true };
	json_t *row = NULL, *waiting = json_object();
	int rc = jm_archive_queue_show(&view, id, &row, err);

	for (size_t i = 0; rc == 0 && i < sizeof keys / sizeof keys[0]; i++)
		if (json_object_get(row, keys[i]) &&
		    json_object_set(waiting, keys[i], json_object_get(row, keys[i])) != 0)
			rc = show_no_memory(err);
	if (rc == 0 && json_object_set(item, "waiting", waiting) != 0)
		rc = show_no_memory(err);
	json_decref(row);
	json_decref(waiting);
	return rc < 0 && err->kind == JM_E_NOTFOUND ? 0 : rc;
}

/* Send what there is: the item, or more rows. */
static int send_piece(struct showing *s, struct jm_err *err)
{
	int rc = 0;

	if (s->item) {
		rc = s->out->object(s->out->ctx, s->item, err);
		s->item = NULL;
		json_decref(s->rows);
		s->rows = json_array();
	} else if (json_array_size(s->rows) > 0) {
		rc = s->out->rows
		    ? s->out->rows(s->out->ctx, s->list, s->rows, err)
		    : jm_err_set(err, JM_E_LIMIT,
			  "the item has too many recipients or reports for this request");
		(void)json_array_clear(s->rows);
	}
	s->weight = 0;
	return rc;
}

static int add_row(void *ctx, const json_t *row, struct jm_err *err)
{
	struct showing *s = ctx;

	if (json_array_append(s->rows, (json_t *)(uintptr_t)row) != 0)
		return show_no_memory(err);
	s->weight += 1 + json_array_size(json_object_get(row, "reports")) +
	    json_array_size(json_object_get(row, "rcpt_to"));
	return s->weight < WEIGHT_MAX ? 0 : send_piece(s, err);
}

/* Pass on the item with all its lists. */
static int show_lists(struct jm_item *item, const struct jm_answer_out *out, struct jm_err *err)
{
	struct showing s = { .out = out, .item = jm_item_facts(item) };
	int rc = 0;

	for (int i = 0; rc == 0 && i < JM_ITEM_LISTS; i++)
		if (json_object_set_new(
			s.item, jm_item_list_name((enum jm_item_list)i), json_array()) != 0)
			rc = show_no_memory(err);
	for (int i = 0; rc == 0 && i < JM_ITEM_LISTS; i++) {
		s.list = jm_item_list_name((enum jm_item_list)i);
		/* As long as the item was not sent, its own list is filled. */
		s.rows = s.item ? json_incref(json_object_get(s.item, s.list)) : json_array();
		rc = jm_item_rows(item, (enum jm_item_list)i, add_row, &s, err);
		if (rc == 0 && !s.item)
			rc = send_piece(&s, err);
		json_decref(s.rows);
	}
	return rc == 0 && s.item ? out->object(out->ctx, s.item, err) : rc;
}

int jm_show_item(struct jm_archive *a, uint64_t id, bool bcc, const struct jm_answer_out *out,
    struct jm_err *err)
{
	struct jm_item *item;
	json_t *facts;
	int rc = 0;

	if (jm_item_open(a, id, bcc, &item, err) != 0)
		return -1;
	facts = jm_item_facts(item);
	if (bcc)
		rc = jm_aside_name(a, id, facts, "set_aside", err);
	if (rc == 0 && json_object_get(facts, "queued"))
		rc = add_waiting(a, id, facts, err);
	if (rc == 0)
		rc = show_lists(item, out, err);
	if (rc == 0 && json_object_get(facts, "damaged"))
		rc = jm_err_set(err, JM_E_CORRUPT,
		    "item %" PRIu64 ": some of its records are damaged; the rest of it is shown",
		    id);
	jm_item_close(&item);
	return rc;
}
