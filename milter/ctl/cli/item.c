/* SPDX-License-Identifier: BSD-2-Clause */
/* An item as "show" answers it, with lists of any length. See item.h. */
#include "milter/ctl/cli/item.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/num.h"
#include "common/json/read.h"
#include "common/json/write.h"

#define MORE_MAX_BYTES ((uint64_t)64 << 30) /* of rows; a cap against a daemon gone mad */
#define ROW_MAX_BYTES (256u << 20)
#define LENGTH_BYTES 4

static const char *temporary_folder(void)
{
	const char *tmp = getenv("TMPDIR");

	return tmp ? tmp : "/tmp";
}

void jm_ctl_item_init(struct jm_ctl_item *item)
{
	*item = (struct jm_ctl_item){ .o = NULL };
	jm_spool_init(&item->more, temporary_folder(), MORE_MAX_BYTES);
}

void jm_ctl_item_release(struct jm_ctl_item *item)
{
	json_decref(item->o);
	jm_spool_release(&item->more);
	jm_ctl_item_init(item);
}

int jm_ctl_item_take(struct jm_ctl_item *item, const json_t *o, struct jm_err *err)
{
	jm_ctl_item_release(item);
	item->o = json_deep_copy(o);
	return item->o ? 0 : jm_err_set(err, JM_E_TEMP, "no memory for an item");
}

/* A row in the file: its length, then its text. */
static int add_row(
    struct jm_ctl_item *item, struct jm_buf *text, const json_t *row, struct jm_err *err)
{
	unsigned char length[LENGTH_BYTES];

	jm_buf_reset(text);
	if (jm_json_write(text, row, err) != 0)
		return -1;
	jm_num_put_be32(length, (uint32_t)text->len);
	return jm_spool_write(&item->more, length, sizeof length, err) != 0
	    ? -1
	    : jm_spool_write(&item->more, text->p, text->len, err);
}

int jm_ctl_item_add(
    struct jm_ctl_item *item, const char *list, const json_t *rows, struct jm_err *err)
{
	struct jm_buf text;
	int rc = 0;

	/* The rows of a list come one after the other. */
	if (item->lists == 0 || strcmp(item->list[item->lists - 1].name, list) != 0) {
		if (!item->o || item->lists == JM_CTL_ITEM_LISTS ||
		    strlen(list) >= sizeof item->list[0].name ||
		    !json_is_array(json_object_get(item->o, list)))
			return jm_err_set(
			    err, JM_E_CORRUPT, "rows of \"%.40s\" do not belong here", list);
		item->list[item->lists].from = item->more.len;
		snprintf(item->list[item->lists++].name, sizeof item->list[0].name, "%s", list);
	}
	jm_buf_init(&text, ROW_MAX_BYTES);
	for (size_t i = 0; rc == 0 && i < json_array_size(rows); i++)
		rc = add_row(item, &text, json_array_get(rows, i), err);
	jm_buf_release(&text);
	item->list[item->lists - 1].to = item->more.len;
	item->list[item->lists - 1].rows += json_array_size(rows);
	return rc;
}

size_t jm_ctl_item_count(const struct jm_ctl_item *item, const char *list)
{
	size_t n = json_array_size(json_object_get(item->o, list));

	for (size_t i = 0; i < item->lists; i++)
		if (strcmp(item->list[i].name, list) == 0)
			n += item->list[i].rows;
	return n;
}

/* Visit the rows of a stretch of the file, the first one of which has this number. */
static int visit_more(struct jm_ctl_item *item, size_t i, size_t number, jm_ctl_row_visit *visit,
    void *ctx, struct jm_err *err)
{
	uint64_t at = item->list[i].from;
	struct jm_span text;
	json_t *row;
	int rc = 0;

	while (rc == 0 && at < item->list[i].to) {
		if (jm_spool_get(&item->more, at, LENGTH_BYTES, &text, err) != 0 ||
		    jm_spool_get(
			&item->more, at + LENGTH_BYTES, jm_num_get_be32(text.p), &text, err) != 0 ||
		    jm_json_read(text.p, text.len, &row, err) != 0)
			return -1;
		at += LENGTH_BYTES + text.len;
		rc = visit(ctx, number++, row, err);
		json_decref(row);
	}
	return rc;
}

int jm_ctl_item_rows(struct jm_ctl_item *item, const char *list, jm_ctl_row_visit *visit, void *ctx,
    struct jm_err *err)
{
	const json_t *first = json_object_get(item->o, list);
	size_t number = json_array_size(first);
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < number; i++)
		rc = visit(ctx, i, json_array_get(first, i), err);
	for (size_t i = 0; rc == 0 && i < item->lists; i++)
		if (strcmp(item->list[i].name, list) == 0) {
			rc = visit_more(item, i, number, visit, ctx, err);
			number += item->list[i].rows;
		}
	return rc;
}
