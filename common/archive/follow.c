/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What happens, record by record, for those who look on: reports as they are archived, changes,
 * events. It is read from the volumes, so a place in them is all that a follower has to keep, also
 * over a restart; nobody is waited for.
 */
#include "common/archive/apply.h"

#include <string.h>

#include "common/base/clock.h"

struct follow {
	struct jm_archive *a;
	jm_archive_visit *visit;
	void *ctx;
	uint64_t limit, seen, until;  /* records; until: in the catalog */
	uint64_t seq, volume, offset; /* the next place: behind record seq */
};

static const char *text(const json_t *o, const char *key)
{
	return json_string_value(json_object_get(o, key));
}

/* A new line: time and kind of the record, and a copy of those of from's keys that it has. NULL
 * without memory. */
static json_t *line(
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

/* Hand o over and free it. */
static int tell(struct follow *f, json_t *o, struct jm_err *err)
{
	int rc = o ? f->visit(f->ctx, o, err)
		   : jm_err_set(err, JM_E_TEMP, "no memory for what happened");

	json_decref(o);
	return rc;
}

/* What the list says of an item. */
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

/* Tell o with what the catalog has of the item; takes it over. */
static int tell_of(struct follow *f, json_t *o, uint64_t item, struct jm_err *err)
{
	if (add_item(f, o, item, err) < 0) {
		json_decref(o);
		return -1;
	}
	return tell(f, o, err);
}

static int tell_report(
    struct follow *f, const struct jm_record *r, const json_t *meta, struct jm_err *err)
{
	static const char *const keys[] = { "service", NULL };
	const json_t *arrival = json_object_get(meta, "arrival");
	uint64_t volume, offset, item;
	const char *kind = "archived", *actor = text(arrival, "client");
	int rc = jm_reader_locate(f->a, r->head.seq, &volume, &offset, &item, err);
	json_t *o;

	if (rc <= 0)
		return rc;
	if (item != r->head.seq)
		kind = "merged";
	else if (text(meta, "set_aside"))
		kind = "set-aside";
	else if (json_object_get(meta, "queued"))
		kind = "queued";
	if (!actor)
		actor = text(json_object_get(arrival, "pop3"), "mailbox");
	o = line(r, kind, arrival, keys);
	if (!o ||
	    (actor && json_object_set_new_nocheck(o, "actor", json_string_nocheck(actor)) != 0) ||
	    (text(meta, "set_aside") &&
		json_object_set_nocheck(o, "text", json_object_get(meta, "set_aside")) != 0)) {
		json_decref(o);
		return tell(f, NULL, err);
	}
	return tell_of(f, o, item, err);
}

/* One change; attempts that found nothing are nothing to tell. */
static int tell_change(struct follow *f, const struct jm_record *r, const json_t *meta,
    const json_t *change, struct jm_err *err)
{
	static const char *const keys[] = { "actor", NULL },
				 *const kinds[][2] = {
					 { "archived", "archived" },
					 { "set aside", "set-aside" },
					 { "released", "released" },
					 { "expired", "expired" },
				 };
	uint64_t seq = (uint64_t)json_integer_value(json_object_get(change, "seq")), volume, offset,
		 item;
	const char *to = text(change, "to"), *kind = NULL;
	json_t *o;
	int rc;

	for (size_t i = 0; to && i < sizeof kinds / sizeof kinds[0]; i++)
		if (strcmp(kinds[i][0], to) == 0)
			kind = kinds[i][1];
	rc = kind ? jm_reader_locate(f->a, seq, &volume, &offset, &item, err) : 0;
	if (rc <= 0)
		return rc;
	o = line(r, strcmp(kind, "archived") == 0 && item != seq ? "merged" : kind, meta, keys);
	if (!o ||
	    (text(change, "reason") &&
		json_object_set_nocheck(o, "text", json_object_get(change, "reason")) != 0)) {
		json_decref(o);
		return tell(f, NULL, err);
	}
	return tell_of(f, o, item, err);
}

static int tell_record(
    struct follow *f, const struct jm_record *r, const json_t *meta, struct jm_err *err)
{
	static const char *const keys[] = { "service", "actor", "text", "status", "cure", NULL };
	const json_t *list = json_object_get(meta, "changes");
	int rc = 0;

	switch (r->head.type) {
	case JM_RECORD_REPORT:
		return tell_report(f, r, meta, err);
	case JM_RECORD_EVENT:
		return tell(
		    f, line(r, text(meta, "kind") ? text(meta, "kind") : "other", meta, keys), err);
	case JM_RECORD_CHANGE:
		for (size_t i = 0; i < json_array_size(list) && rc == 0; i++)
			rc = tell_change(f, r, meta, json_array_get(list, i), err);
		return rc;
	default:
		return 0;
	}
}

static int on_record(void *ctx, int fd, const struct jm_record *r, struct jm_err *err)
{
	struct follow *f = ctx;
	json_t *meta;
	int rc;

	(void)fd;
	if (r->head.seq > f->until || (f->limit > 0 && f->seen == f->limit))
		return 1;
	meta = jm_json_row(r->meta, r->head.meta_bytes);
	rc = tell_record(f, r, meta, err); /* without metadata there is nothing to tell; verify
					      names such a record */
	json_decref(meta);
	if (rc != 0)
		return rc;
	f->seen++;
	f->seq = r->head.seq;
	f->volume = r->volume;
	f->offset = r->offset + jm_record_bytes(&r->head);
	return 0;
}

/* Verify tells damage; who looks on is shown what can be read. */
static int on_damage(void *ctx, uint64_t seq, uint64_t volume, uint64_t offset, const char *problem,
    struct jm_err *err)
{
	(void)ctx, (void)seq, (void)volume, (void)offset, (void)problem, (void)err;
	return 0;
}

/* Is the place one of this archive's? After a restore, or with another archive, it may be none:
 * then the number alone counts. */
static bool is_place(struct jm_archive *a, uint64_t volume, uint64_t offset, struct jm_err *err)
{
	size_t n;
	struct jm_volume *list = volume != 0 && offset >= JM_VOLUME_HEAD_BYTES
	    ? jm_volumes_now(a, &n, err)
	    : NULL;
	bool good = false;

	for (size_t i = 0; list && i < n; i++)
		good = good || (list[i].head.number == volume && offset <= list[i].end);
	free(list);
	return good;
}

int jm_archive_follow(struct jm_archive *a, const json_t *from, uint64_t limit,
    jm_archive_visit *visit, void *ctx, json_t **next_r, struct jm_err *err)
{
	struct follow f = { .a = a, .visit = visit, .ctx = ctx, .limit = limit };
	struct jm_walk w = { .record = on_record, .damage = on_damage, .ctx = &f };
	int rc = 0;

	if (!from)
		return jm_archive_tip(a, next_r, err);
	if (jm_applier_wait(a, err) < 0)
		return -1;
	pthread_mutex_lock(&a->lock);
	f.until = a->applied_seq;
	pthread_mutex_unlock(&a->lock);
	f.seq = (uint64_t)json_integer_value(json_object_get(from, "seq"));
	f.volume = (uint64_t)json_integer_value(json_object_get(from, "volume"));
	f.offset = (uint64_t)json_integer_value(json_object_get(from, "offset"));
	if (!is_place(a, f.volume, f.offset, err))
		f.volume = f.offset = 0;
	w.since = f.seq + 1;
	w.from_volume = f.volume;
	w.from_offset = f.offset;
	if (f.seq < f.until)
		rc = jm_volumes_walk(a, &w, err);
	if (rc < 0)
		return -1;
	*next_r = json_pack("{s:I,s:I,s:I,s:b}", "seq", (json_int_t)f.seq, "volume",
	    (json_int_t)f.volume, "offset", (json_int_t)f.offset, "more",
	    f.limit > 0 && f.seen == f.limit);
	return *next_r ? 0 : jm_err_set(err, JM_E_TEMP, "no memory for a place");
}
