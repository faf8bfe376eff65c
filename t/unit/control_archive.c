/* SPDX-License-Identifier: BSD-2-Clause */
/* See control_archive.h. Linked in front of the library, so the real archive is not drawn in. */
#include "t/unit/control_archive.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>

#include "common/archive/change.h"
#include "common/archive/ownership.h"
#include "common/archive/note.h"
#include "common/base/clock.h"
#include "common/query/archive_status.h"
#include "common/query/aside.h"
#include "common/query/bcc.h"
#include "common/query/domains.h"
#include "common/query/event_list.h"
#include "common/query/follow.h"
#include "common/query/item.h"
#include "common/query/item_bytes.h"
#include "common/query/names.h"
#include "common/query/search.h"
#include "common/query/waiting.h"
#include "common/upkeep/copy.h"
#include "common/upkeep/dump.h"
#include "common/upkeep/import.h"
#include "common/upkeep/verify.h"
#include "common/volume/metadata.h"

static int asked(struct jm_archive *a, struct jm_err *err, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
static int asked(struct jm_archive *a, struct jm_err *err, const char *fmt, ...)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	va_list ap;

	va_start(ap, fmt);
	pthread_mutex_lock(&lock);
	vsnprintf(a->asked, sizeof a->asked, fmt, ap);
	pthread_mutex_unlock(&lock);
	va_end(ap);
	atomic_fetch_add(&a->calls, 1);
	if (a->delay_ms)
		jm_clock_sleep_ms(a->delay_ms);
	if (a->fail != JM_E_NONE)
		return jm_err_set(err, a->fail, "the archive fails as told");
	return 0;
}

static int visit_all(struct jm_archive *a, jm_archive_visit *visit, void *ctx, struct jm_err *err)
{
	unsigned i;
	int rc = 0;

	for (i = 1; i <= a->objects && rc == 0; i++) {
		json_t *o = json_pack("{s:i}", "n", i);

		rc = visit(ctx, o, err);
		json_decref(o);
	}
	return rc < 0 ? -1 : 0;
}

int jm_archive_status(struct jm_archive *a, json_t **status_r, struct jm_err *err)
{
	if (asked(a, err, "status") < 0)
		return -1;
	*status_r = json_pack("{s:i}", "items", 7);
	return 0;
}

int jm_archive_days(struct jm_archive *a, const char *service, json_t **days_r, struct jm_err *err)
{
	if (asked(a, err, "days %s", service ? service : "-") < 0)
		return -1;
	*days_r = json_array();
	return 0;
}

int jm_archive_list(struct jm_archive *a, const struct jm_archive_filter *f,
    jm_archive_visit *visit, void *ctx, struct jm_err *err)
{
	if (asked(a, err, "list after %llu limit %llu %d %d %s %s %s %lld %lld",
		(unsigned long long)f->after_id, (unsigned long long)f->limit, f->reverse,
		f->set_aside, f->address ? f->address : "-", f->message_id ? f->message_id : "-",
		f->service ? f->service : "-", (long long)f->since_ms, (long long)f->until_ms) < 0)
		return -1;
	return visit_all(a, visit, ctx, err);
}

const char *jm_archive_tmp_dir(const struct jm_archive *a)
{
	(void)a;
	return "/tmp";
}

int jm_archive_import(struct jm_archive *a, const struct jm_import *m, struct jm_span message,
    struct jm_imported *done_r, struct jm_err *err)
{
	const char *first = m->unwrap.journal_domains[0];

	if (asked(a, err, "import %s %s %d%d%d %zu", m->service, first ? first : "-",
		m->unwrap.type == JM_JOURNAL_EML, m->unwrap.prefer_clear_text,
		m->unwrap.remove_journal_headers, message.len) < 0)
		return -1;
	*done_r = (struct jm_imported){ .seq = 7, .already_here = message.len == 3 };
	return 0;
}

void jm_import_add(struct jm_import_sum *sum, const struct jm_imported *done)
{
	sum->messages += !done->already_here;
}

void jm_import_note(struct jm_archive *a, const struct jm_import *m, const char *actor,
    const char *from, const struct jm_import_sum *sum)
{
	(void)a, (void)m, (void)actor, (void)from, (void)sum;
}

int jm_archive_since(struct jm_archive *a, int64_t since_ms, uint64_t *seq_r, struct jm_err *err)
{
	(void)a, (void)err;
	*seq_r = (uint64_t)since_ms / 86400000 + 100;
	return 0;
}

struct jm_item {
	json_t *facts;
	unsigned recipients; /* each with its own address */
};

int jm_item_open(
    struct jm_archive *a, uint64_t id, bool bcc, struct jm_item **item_r, struct jm_err *err)
{
	if (asked(a, err, "show %llu", (unsigned long long)id) < 0)
		return -1;
	*item_r = calloc(1, sizeof **item_r);
	(*item_r)->facts = json_pack("{s:I}", "id", (json_int_t)id);
	(*item_r)->recipients = a->objects;
	return bcc ? 0
		   : json_object_set_new((*item_r)->facts, "hidden_recipients", json_integer(0));
}

void jm_item_close(struct jm_item **item)
{
	json_decref((*item)->facts);
	free(*item);
	*item = NULL;
}

json_t *jm_item_facts(struct jm_item *item)
{
	return item->facts;
}

const char *jm_item_list_name(enum jm_item_list list)
{
	static const char *const names[JM_ITEM_LISTS] = { "recipients", "reports", "contents" };

	return names[list];
}

int jm_item_rows(struct jm_item *item, enum jm_item_list list, jm_archive_visit *visit, void *ctx,
    struct jm_err *err)
{
	int rc = 0;

	for (unsigned i = 0; rc == 0 && list == JM_ITEM_RECIPIENTS && i < item->recipients; i++) {
		json_t *row = json_pack("{s:i}", "address", (int)i);

		rc = visit(ctx, row, err);
		json_decref(row);
	}
	return rc;
}

int jm_aside_name(
    struct jm_archive *a, uint64_t seq, json_t *o, const char *key, struct jm_err *err)
{
	(void)a, (void)seq, (void)o, (void)key, (void)err;
	return 0;
}

int jm_archive_service_names(struct jm_archive *a, json_t *list, struct jm_err *err)
{
	(void)a, (void)err;
	return json_array_append_new(list, json_string("j@k.l"));
}

int jm_archive_kind_names(struct jm_archive *a, json_t *list, struct jm_err *err)
{
	(void)a, (void)err;
	return json_array_append_new(list, json_string("refused"));
}

int jm_archive_item_of(struct jm_archive *a, uint64_t seq, uint64_t *item_r, struct jm_err *err)
{
	(void)a, (void)seq, (void)item_r, (void)err;
	return 0;
}

int jm_archive_events(struct jm_archive *a, uint64_t after_seq, uint64_t limit,
    jm_archive_visit *visit, void *ctx, struct jm_err *err)
{
	if (asked(a, err, "events after %llu limit %llu", (unsigned long long)after_seq,
		(unsigned long long)limit) < 0)
		return -1;
	return visit_all(a, visit, ctx, err);
}

int jm_archive_queue(
    const struct jm_queue_view *v, jm_archive_visit *visit, void *ctx, struct jm_err *err)
{
	if (asked(v->a, err, "queue %s", v->service ? v->service : "-") < 0)
		return -1;
	return visit_all(v->a, visit, ctx, err);
}

int jm_archive_queue_show(
    const struct jm_queue_view *v, uint64_t seq, json_t **row_r, struct jm_err *err)
{
	if (asked(v->a, err, "queue show %llu", (unsigned long long)seq) < 0)
		return -1;
	*row_r = json_pack("{s:I, s:i}", "id", (json_int_t)seq, "attempts", 2);
	return 0;
}

int jm_archive_change(struct jm_archive *a, const char *actor, const struct jm_change *c, size_t n,
    struct jm_err *err)
{
	return asked(a, err, "change %llu to %d from %d attempts %u by %s (%zu)",
	    (unsigned long long)c->seq, c->to, c->from, c->attempts, actor, n);
}

int jm_archive_export(struct jm_archive *a, const struct jm_export *x, jm_archive_sink *sink,
    void *ctx, struct jm_err *err)
{
	char piece[10000];
	size_t left;

	if (asked(a, err, "export %llu %s %u", (unsigned long long)x->id,
		x->part == JM_EXPORT_MESSAGE   ? "message"
		    : x->part == JM_EXPORT_RAW ? "raw"
					       : "report",
		x->which) < 0)
		return -1;
	memset(piece, 'x', sizeof piece);
	for (left = a->export_bytes; left > 0;) {
		size_t n = left < sizeof piece ? left : sizeof piece;

		if (sink(ctx, piece, n, err) < 0)
			return -1;
		left -= n;
	}
	return 0;
}

int jm_archive_verify(
    struct jm_archive *a, const struct jm_verification *v, json_t **summary_r, struct jm_err *err)
{
	if (asked(a, err, v->resume ? "verify %llu resume" : "verify %llu",
		(unsigned long long)v->since_seq) < 0)
		return -1;
	if (v->progress && visit_all(a, v->progress, v->ctx, err) < 0)
		return -1;
	if (visit_all(a, v->finding, v->ctx, err) < 0)
		return -1;
	*summary_r = json_pack("{s:b}", "ok", a->objects == 0);
	return 0;
}

void jm_archive_note_or_log(struct jm_archive *a, const struct jm_event *e)
{
	(void)a;
	(void)e;
}

int jm_archive_domains(struct jm_archive *a, jm_archive_visit *visit, void *ctx, struct jm_err *err)
{
	if (asked(a, err, "domains") < 0)
		return -1;
	return visit_all(a, visit, ctx, err);
}

int jm_archive_domain(
    struct jm_archive *a, const char *actor, const struct jm_domain_change *c, struct jm_err *err)
{
	return asked(a, err, "domain %s to %d by %s", c->domain, (int)c->state, actor);
}

int jm_archive_dump(struct jm_archive *a, uint64_t since_seq, jm_archive_visit *on_object,
    jm_archive_sink *sink, void *ctx, struct jm_err *err)
{
	if (asked(a, err, "dump %llu", (unsigned long long)since_seq) < 0 ||
	    visit_all(a, on_object, ctx, err) < 0)
		return -1;
	return sink(ctx, "bytes", 5, err);
}

int jm_archive_follow(
    struct jm_archive *a, const struct jm_following *f, json_t **next_r, struct jm_err *err)
{
	(void)a, (void)f;
	*next_r = NULL;
	return jm_err_set(err, JM_E_TEMP, "not here");
}

int jm_archive_copy(struct jm_archive *a, const json_t *tip, jm_archive_visit *on_object,
    jm_archive_sink *sink, void *ctx, struct jm_err *err)
{
	if (asked(a, err, "backup %s", tip ? "from a tip" : "all") < 0 ||
	    visit_all(a, on_object, ctx, err) < 0)
		return -1;
	return sink(ctx, "bytes", 5, err);
}
