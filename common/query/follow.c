/* SPDX-License-Identifier: BSD-2-Clause */
/* Following an archive: lines made from the records in the volumes. */
#include "common/query/follow.h"

#include <string.h>

#include "common/archive/await.h"
#include "common/archive/reader.h"
#include "common/archive/tip.h"
#include "common/base/clock.h"
#include "common/catalog/reason.h"
#include "common/json/read.h"
#include "common/json/value.h"
#include "common/volume/walk.h"

struct follow {
	struct jm_archive *a;
	jm_archive_visit *visit;
	void *ctx;
	bool bcc;
	uint64_t limit, seen, until;  /* records; until: in the catalog */
	uint64_t seq, volume, offset; /* the next place: after record seq */
};

/* A new line: the time and kind of the record, and those of the keys that from has. NULL without
 * memory. */
static json_t *follow_line(
    const struct jm_record *r, const char *kind, const json_t *from, const char *const *keys)
{
	char time[JM_CLOCK_TEXT_BYTES];
	json_t *o = json_pack("{s:I,s:s,s:s}", "seq", (json_int_t)r->head.seq, "time",
	    jm_clock_format(r->head.time_ms, time), "kind", kind);

	for (; o && *keys; keys++)
		if (json_is_string(json_object_get(from, *keys)) &&
		    json_object_set_nocheck(o, *keys, json_object_get(from, *keys)) != 0) {
			json_decref(o);
			return NULL;
		}
	return o;
}

/* Give o to the visitor, and free it. */
static int follow_visit(struct follow *f, json_t *o, struct jm_err *err)
{
	int rc = o ? f->visit(f->ctx, o, err)
		   : jm_err_set(err, JM_E_TEMP, "no memory for what happened");

	json_decref(o);
	return rc;
}

/* Add an item's members, as in a list of items. */
static int add_item(struct follow *f, json_t *o, uint64_t item, struct jm_err *err)
{
	static const char *const keys[] = { "service", "sender", "subject", "message_id", "size" };
	json_t *row = NULL;
	int rc = jm_reader_item(f->a, item, &row, err), bad;

	if (rc < 0)
		return -1;
	bad = json_object_set_new_nocheck(o, "item", json_integer((json_int_t)item));
	for (size_t i = 0; rc == 1 && i < sizeof keys / sizeof keys[0]; i++)
		if (json_object_get(row, keys[i]) && !json_is_null(json_object_get(row, keys[i])))
			bad |= json_object_set_nocheck(o, keys[i], json_object_get(row, keys[i]));
	if (rc == 1)
		bad |= json_object_set_nocheck(o, "recipients", json_object_get(row, "recipients"));
	json_decref(row);
	return bad == 0 ? 0 : jm_err_set(err, JM_E_TEMP, "no memory for what happened");
}

/* Add the item's members, give o to the visitor, and free it. */
static int follow_item(struct follow *f, json_t *o, uint64_t item, struct jm_err *err)
{
	if (add_item(f, o, item, err) != 0) {
		json_decref(o);
		return -1;
	}
	return follow_visit(f, o, err);
}

static int follow_report(
    struct follow *f, const struct jm_record *r, const json_t *meta, struct jm_err *err)
{
	static const char *const keys[] = { "service", NULL };
	const json_t *arrival = json_object_get(meta, "arrival");
	struct jm_located at;
	const char *kind = "archived", *actor = jm_json_str(arrival, "client");
	int rc = jm_reader_locate(f->a, r->head.seq, &at, err);
	json_t *o;

	if (rc <= 0)
		return rc;
	if (at.item != r->head.seq)
		kind = "merged";
	else if (jm_json_str(meta, "set_aside"))
		kind = "set-aside";
	else if (json_object_get(meta, "queued"))
		kind = "queued";
	if (!actor)
		actor = jm_json_str(json_object_get(arrival, "pop3"), "mailbox");
	o = follow_line(r, kind, arrival, keys);
	if (!o ||
	    (actor && json_object_set_new_nocheck(o, "actor", json_string_nocheck(actor)) != 0) ||
	    (jm_json_str(meta, "set_aside") &&
		json_object_set_new_nocheck(
		    o, "text", f->bcc ? jm_reason_whole(meta) : jm_reason_public(meta)) != 0)) {
		json_decref(o);
		return follow_visit(f, NULL, err);
	}
	return follow_item(f, o, at.item, err);
}

/* Visit one change. Attempts that found no item to join are left out. */
static int follow_change(struct follow *f, const struct jm_record *r, const json_t *meta,
    const json_t *change, struct jm_err *err)
{
	static const char *const keys[] = { "actor", NULL },
				 *const kinds[][2] = {
					 { "archived", "archived" },
					 { "set aside", "set-aside" },
					 { "released", "released" },
					 { "expired", "expired" },
				 };
	uint64_t seq = jm_json_u64(change, "seq");
	struct jm_located at;
	const char *to = jm_json_str(change, "to"), *kind = NULL;
	json_t *o;
	int rc;

	for (size_t i = 0; to && i < sizeof kinds / sizeof kinds[0]; i++)
		if (strcmp(kinds[i][0], to) == 0)
			kind = kinds[i][1];
	rc = kind ? jm_reader_locate(f->a, seq, &at, err) : 0;
	if (rc <= 0)
		return rc;
	o = follow_line(
	    r, strcmp(kind, "archived") == 0 && at.item != seq ? "merged" : kind, meta, keys);
	if (!o ||
	    (jm_json_str(change, "reason") &&
		json_object_set_nocheck(o, "text", json_object_get(change, "reason")) != 0)) {
		json_decref(o);
		return follow_visit(f, NULL, err);
	}
	return follow_item(f, o, at.item, err);
}

static int follow_record(
    struct follow *f, const struct jm_record *r, const json_t *meta, struct jm_err *err)
{
	static const char *const keys[] = { "service", "actor", "text", "status", "cure", NULL };
	const json_t *list = json_object_get(meta, "changes");
	int rc = 0;

	switch (r->head.type) {
	case JM_RECORD_REPORT:
		return follow_report(f, r, meta, err);
	case JM_RECORD_EVENT:
		return follow_visit(f,
		    follow_line(r, jm_json_str(meta, "kind") ? jm_json_str(meta, "kind") : "other",
			meta, keys),
		    err);
	case JM_RECORD_CHANGE:
		for (size_t i = 0; i < json_array_size(list) && rc == 0; i++)
			rc = follow_change(f, r, meta, json_array_get(list, i), err);
		return rc;
	default:
		return 0;
	}
}

static int on_record(void *ctx, const struct jm_record *r, struct jm_err *err)
{
	struct follow *f = ctx;
	json_t *meta;
	int rc;

	if (r->head.seq > f->until || (f->limit > 0 && f->seen == f->limit))
		return 1;
	/* A record whose metadata cannot be parsed gives no line; verify reports it. */
	if (jm_json_read(r->meta, r->head.meta_bytes, &meta, err) != 0 && err->kind != JM_E_CORRUPT)
		return -1;
	rc = follow_record(f, r, meta, err);
	json_decref(meta);
	if (rc != 0)
		return rc;
	f->seen++;
	f->seq = r->head.seq;
	f->volume = r->volume;
	f->offset = r->offset + jm_record_bytes(&r->head);
	return 0;
}

/* Followers get the records that can be read; verify reports damage. */
static int on_damage(void *ctx, const struct jm_damage *d, struct jm_err *err)
{
	(void)ctx, (void)d, (void)err;
	return 0;
}

/* Is the place in this archive? After a restore, or for another archive, it may not be. Then only
 * the number counts. */
static bool is_place(struct jm_archive *a, const struct jm_place *at)
{
	return at->volume != 0 && at->offset >= JM_VOLUME_HEAD_BYTES &&
	    at->offset <= jm_volumes_end(jm_archive_volumes(a), at->volume);
}

int jm_archive_follow(
    struct jm_archive *a, const struct jm_following *x, json_t **next_r, struct jm_err *err)
{
	struct follow f = {
		.a = a, .visit = x->visit, .ctx = x->ctx, .bcc = x->bcc, .limit = x->limit
	};
	struct jm_walk w = { .record = on_record, .damage = on_damage, .ctx = &f };
	struct jm_place at;

	if (!x->from)
		return jm_archive_tip(a, next_r, err);
	if (jm_await_catalog(a, err) != 0)
		return -1;
	f.until = jm_reader_applied_seq(a);
	f.seq = jm_json_u64(x->from, "seq");
	at = (struct jm_place){ jm_json_u64(x->from, "volume"), jm_json_u64(x->from, "offset") };
	if (is_place(a, &at)) {
		f.volume = at.volume;
		f.offset = at.offset;
	}
	w.since = f.seq + 1;
	w.from_volume = f.volume;
	w.from_offset = f.offset;
	if (f.seq < f.until && jm_volumes_walk(jm_archive_volumes(a), &w, err) != 0)
		return -1;
	*next_r = json_pack("{s:I,s:I,s:I,s:b}", "seq", (json_int_t)f.seq, "volume",
	    (json_int_t)f.volume, "offset", (json_int_t)f.offset, "more",
	    f.limit > 0 && f.seen == f.limit);
	return *next_r ? 0 : jm_err_set(err, JM_E_TEMP, "no memory for a place");
}
