/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The verbs that need the archive: a table of them with their arguments, the strict check of a
 * request, and one function for each verb, which calls the archive and passes on its objects and
 * bytes. Sockets and permissions are in milter/daemon/control.c.
 */
#include "common/control/answer.h"

#include <stdio.h>
#include <string.h>

#include "common/archive/change.h"
#include "common/archive/ownership.h"
#include "common/archive/note.h"
#include "common/base/clock.h"
#include "common/base/num.h"
#include "common/catalog/apply_change.h"
#include "common/control/argument.h"
#include "common/control/criterion.h"
#include "common/control/service_rows.h"
#include "common/control/known.h"
#include "common/control/answer_show.h"
#include "common/json/read.h"
#include "common/json/value.h"
#include "common/mail/domain.h"
#include "common/query/archive_status.h"
#include "common/query/aside.h"
#include "common/query/domains.h"
#include "common/query/event_list.h"
#include "common/query/follow.h"
#include "common/query/item.h"
#include "common/query/item_bytes.h"
#include "common/query/search.h"
#include "common/query/waiting.h"
#include "common/upkeep/copy.h"
#include "common/upkeep/dump.h"
#include "common/upkeep/import.h"
#include "common/upkeep/verify.h"
#include "common/volume/metadata.h"

/* Short names for the table of verbs. */
#define FLAG JM_ARGUMENT_FLAG
#define NUMBER JM_ARGUMENT_NUMBER
#define TEXT JM_ARGUMENT_TEXT
#define DATE JM_ARGUMENT_DATE
#define LIST JM_ARGUMENT_LIST

#define ARGUMENTS_MAX 10

/* A request whose arguments are checked already. */
struct question {
	struct jm_archive *archive;
	const json_t *daemon_state;
	const struct jm_peer *peer;
	const json_t *request;
	const struct jm_answer_out *out;
};

struct verb {
	const char *name;
	int (*answer)(const struct question *q, struct jm_err *err);
	struct jm_argument arguments[ARGUMENTS_MAX];                  /* the end: a NULL name */
	enum { CRITERIA_NONE, CRITERIA_LIST, CRITERIA_ALL } criteria; /* that it takes besides */
};

static uint64_t number(const struct question *q, const char *name)
{
	return (uint64_t)json_integer_value(json_object_get(q->request, name));
}

static const char *text(const struct question *q, const char *name)
{
	return json_string_value(json_object_get(q->request, name));
}

static bool flag(const struct question *q, const char *name)
{
	return json_is_true(json_object_get(q->request, name));
}

/* In milliseconds since 1970; 0 when the argument is absent. */
static int64_t date_ms(const struct question *q, const char *name)
{
	const char *s = text(q, name);
	int64_t ms = 0;

	if (!s || jm_argument_date(s, &ms) != 0)
		return 0;
	return ms;
}

/* A visitor that passes the object on to the receiver. ctx: the question. */
static int pass_on(void *ctx, const json_t *object, struct jm_err *err)
{
	const struct question *q = ctx;

	return q->out->object(q->out->ctx, object, err);
}

static int pass_progress(void *ctx, const json_t *object, struct jm_err *err)
{
	const struct question *q = ctx;

	return q->out->progress ? q->out->progress(q->out->ctx, object, err) : 0;
}

static int add_days(const struct question *q, json_t *status, struct jm_err *err)
{
	json_t *days = NULL;

	if (jm_archive_days(q->archive, text(q, "service"), &days, err) != 0)
		return -1;
	return json_object_set_new(status, "days", days) == 0
	    ? 0
	    : jm_err_set(err, JM_E_TEMP, "no memory for the days");
}

static int answer_status(const struct question *q, struct jm_err *err)
{
	json_t *status = NULL;
	int rc = -1;

	if (jm_archive_status(q->archive, &status, err) != 0)
		return -1;
	if (json_object_set_new(status, "daemon",
		q->daemon_state ? json_deep_copy(q->daemon_state) : json_null()) != 0)
		jm_err_set(err, JM_E_TEMP, "no memory for the status");
	else if (jm_service_rows_complete(status, q->daemon_state, err) == 0 &&
	    (!flag(q, "days") || add_days(q, status, err) == 0))
		rc = q->out->object(q->out->ctx, status, err);
	json_decref(status);
	return rc;
}

/* Check the argument "service": a misspelled one would find nothing, without a word. */
static int known_service(const struct question *q, struct jm_err *err)
{
	return jm_known_service(q->archive, q->daemon_state, text(q, "service"), false, err);
}

static int answer_live(const struct question *q, struct jm_err *err)
{
	if (!q->daemon_state)
		return jm_err_set(err, JM_E_TEMP, "no daemon runs");
	return q->out->object(q->out->ctx, q->daemon_state, err);
}

/* The order with this name; -1: there is no such order. */
static int sort_named(const char *name)
{
	static const char *const names[] = { [JM_SORT_ID] = "date",
		[JM_SORT_SENT] = "sent",
		[JM_SORT_SIZE] = "size",
		[JM_SORT_SENDER] = "sender",
		[JM_SORT_SUBJECT] = "subject" };

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (strcmp(name, names[i]) == 0)
			return (int)i;
	return -1;
}

/* Set the fields of the criteria that were given. */
static void fill_filter(const struct question *q, struct jm_archive_filter *f)
{
	size_t n;
	const struct jm_criterion *rows = jm_criteria(&n);

	for (size_t i = 0; i < n; i++) {
		void *field = (char *)f + rows[i].offset;

		switch (rows[i].type) {
		case JM_CRITERION_FLAG:
			*(bool *)field = flag(q, rows[i].name);
			break;
		case JM_CRITERION_TEXT:
			*(const char **)field = text(q, rows[i].name);
			break;
		case JM_CRITERION_DATE:
			*(int64_t *)field = date_ms(q, rows[i].name);
			break;
		case JM_CRITERION_SIZE:
			*(uint64_t *)field = number(q, rows[i].name);
			break;
		}
	}
}

/* list and search: the same, with fewer or all criteria. */
static int answer_list(const struct question *q, struct jm_err *err)
{
	int sort = text(q, "sort") ? sort_named(text(q, "sort")) : JM_SORT_ID;
	struct jm_archive_filter f = {
		.after_id = number(q, "after"),
		.limit = number(q, "limit"),
		.reverse = flag(q, "reverse"),
		.expired = flag(q, "expired"),
		.sort = (enum jm_archive_sort)sort,
		.progress = pass_progress,
		.left_out = pass_on,
	};

	if (sort < 0)
		return jm_err_set(err, JM_E_USAGE,
		    "\"sort\" is date, sent, size, sender or subject, not \"%.40s\"",
		    text(q, "sort"));
	if (jm_known_service(q->archive, q->daemon_state, text(q, "service"), true, err) != 0)
		return -1;
	fill_filter(q, &f);
	f.set_aside = f.set_aside || f.expired;
	return jm_archive_list(q->archive, &f, pass_on, (void *)(uintptr_t)q, err);
}

static int show_item(const struct question *q, uint64_t id, struct jm_err *err)
{
	return jm_show_item(q->archive, id, flag(q, "bcc"), q->out, err);
}

/* The first items with a Message-ID; rarely more than one or two. */
struct named {
	uint64_t id[64];
	size_t n;
};

static int add_named(void *ctx, const json_t *item, struct jm_err *err)
{
	struct named *m = ctx;

	(void)err;
	m->id[m->n++] = (uint64_t)json_integer_value(json_object_get(item, "id"));
	return m->n == sizeof m->id / sizeof m->id[0];
}

static int show_named(const struct question *q, struct jm_err *err)
{
	struct jm_archive_filter f = { .message_id = text(q, "message-id"), .waiting = true };
	struct named m = { .n = 0 };
	int rc = jm_archive_list(q->archive, &f, add_named, &m, err);

	f.set_aside = true;
	if (rc == 0 && m.n < sizeof m.id / sizeof m.id[0])
		rc = jm_archive_list(q->archive, &f, add_named, &m, err);
	if (rc == 0 && m.n == 0)
		return jm_err_set(err, JM_E_NOTFOUND, "there is no item with the Message-ID %.300s",
		    f.message_id);
	for (size_t i = 0; rc == 0 && i < m.n; i++)
		rc = show_item(q, m.id[i], err);
	return rc;
}

/* Show an item by its id, by the number of one of its reports, or by Message-ID. */
static int answer_show(const struct question *q, struct jm_err *err)
{
	uint64_t id = number(q, "id"), item;
	struct jm_err cause;
	int rc;

	if (text(q, "message-id"))
		return show_named(q, err);
	if (!json_object_get(q->request, "id"))
		return jm_err_set(err, JM_E_USAGE, "\"id\" or \"message-id\" is missing");
	if (show_item(q, id, err) == 0)
		return 0;
	if (err->kind != JM_E_NOTFOUND)
		return -1;
	rc = jm_archive_item_of(q->archive, id, &item, &cause);
	if (rc < 0)
		*err = cause;
	return rc == 1 && item != id ? show_item(q, item, err) : -1;
}

static int answer_export(const struct question *q, struct jm_err *err)
{
	struct jm_export x = { .id = number(q, "id"),
		.part = flag(q, "report") ? JM_EXPORT_REPORT
		    : flag(q, "raw")      ? JM_EXPORT_RAW
					  : JM_EXPORT_MESSAGE };
	uint64_t which = number(q, "which");

	if (flag(q, "report") && flag(q, "raw"))
		return jm_err_set(err, JM_E_USAGE, "report and raw exclude each other");
	if (which > UINT32_MAX)
		return jm_err_set(err, JM_E_NOTFOUND, "item %llu has no number %llu of these",
		    (unsigned long long)number(q, "id"), (unsigned long long)which);
	x.which = (unsigned)which;
	x.bcc = flag(q, "bcc");
	return jm_archive_export(q->archive, &x, q->out->bytes, q->out->ctx, err);
}

/* Store the result of a verification as an event, for dashboards; only when a daemon runs. */
static void note_verify(const struct question *q, uint64_t from, const json_t *summary)
{
	bool ok = json_is_true(json_object_get(summary, "ok"));
	char actor[JM_PEER_TEXT_BYTES];
	uint64_t records = (uint64_t)json_integer_value(json_object_get(summary, "records")),
		 problems = (uint64_t)json_integer_value(json_object_get(summary, "problems"));
	struct jm_event e = { .time_ms = jm_clock_now_ms(),
		.kind = ok ? "verified" : "verify-failed" };
	char line[120];

	if (!q->daemon_state)
		return;
	snprintf(line, sizeof line, "%llu record%s from %llu on, %llu problem%s",
	    (unsigned long long)records, jm_num_s(records), (unsigned long long)from,
	    (unsigned long long)problems, jm_num_s(problems));
	e.text = line;
	e.actor = jm_peer_text(q->peer, actor);
	jm_archive_note_or_log(q->archive, &e);
}

/* The first record to verify: the one after "after", or the first archived since "since". */
static int verify_from(const struct question *q, uint64_t *seq_r, struct jm_err *err)
{
	int64_t since_ms = date_ms(q, "since");
	uint64_t last = number(q, "after");

	*seq_r = last > 0 ? last + 1 : 0;
	return since_ms != 0 ? jm_archive_since(q->archive, since_ms, seq_r, err) : 0;
}

static int answer_verify(const struct question *q, struct jm_err *err)
{
	struct jm_verification v = { .resume = flag(q, "resume"),
		.progress = pass_progress,
		.finding = pass_on,
		.ctx = (void *)(uintptr_t)q };
	json_t *summary = NULL;
	int rc;

	if (verify_from(q, &v.since_seq, err) != 0 ||
	    jm_archive_verify(q->archive, &v, &summary, err) != 0)
		return -1;
	note_verify(q, v.since_seq, summary);
	rc = q->out->object(q->out->ctx, summary, err);
	json_decref(summary);
	return rc;
}

static int answer_domains(const struct question *q, struct jm_err *err)
{
	return jm_archive_domains(q->archive, pass_on, (void *)(uintptr_t)q, err);
}

static int answer_domain(const struct question *q, struct jm_err *err)
{
	static const char *const states[] = { [JM_DOMAIN_PENDING] = "pending",
		[JM_DOMAIN_VERIFIED] = "verified",
		[JM_DOMAIN_FAILED] = "failed",
		[JM_DOMAIN_REMOVED] = "removed" };
	struct jm_domain_change c = {
		.domain = text(q, "domain"), .code = text(q, "code"), .text = text(q, "text")
	};
	char name[JM_DOMAIN_BYTES], actor[JM_PEER_TEXT_BYTES];
	size_t i = 0;

	while (i < sizeof states / sizeof states[0] && strcmp(states[i], text(q, "state")) != 0)
		i++;
	if (i == sizeof states / sizeof states[0])
		return jm_err_set(err, JM_E_USAGE, "no state \"%.40s\"", text(q, "state"));
	if (jm_domain_normalise(jm_span_str(c.domain), name) != 0)
		return jm_err_set(err, JM_E_USAGE, "\"%.80s\" is no domain name", c.domain);
	c.domain = name;
	c.state = (enum jm_domain_state)i;
	return jm_archive_domain(q->archive, jm_peer_text(q->peer, actor), &c, err);
}

/* Passes on the events that match the request, until there are enough. */
struct sieve {
	const struct question *q;
	uint64_t left; /* 0: no limit */
};

static bool event_equals(const struct question *q, const char *name, const json_t *event)
{
	const char *want = text(q, name), *is = json_string_value(json_object_get(event, name));

	return !want || (is && strcmp(want, is) == 0);
}

static bool event_is_by(const char *want, const json_t *event)
{
	const char *actor = json_string_value(json_object_get(event, "actor"));

	return !want || (actor && jm_peer_is_meant(actor, want));
}

static int event_sift(void *ctx, const json_t *event, struct jm_err *err)
{
	struct sieve *s = ctx;
	const char *time = json_string_value(json_object_get(event, "time"));
	int64_t ms = 0, since = date_ms(s->q, "since"), until = date_ms(s->q, "until");
	int rc;

	if (!event_equals(s->q, "service", event) ||
	    !jm_known_is_kind(
		text(s->q, "kind"), json_string_value(json_object_get(event, "kind"))) ||
	    !event_is_by(text(s->q, "actor"), event))
		return 0;
	if ((since || until) &&
	    (!time || jm_clock_parse(time, &ms) != 0 || (since && ms < since) ||
		(until && ms >= until)))
		return 0;
	if (flag(s->q, "bcc") && jm_json_u64(event, "item") > 0) {
		json_t *whole = json_copy((json_t *)(uintptr_t)event);

		rc = whole
		    ? jm_aside_name(s->q->archive, jm_json_u64(event, "item"), whole, "text", err)
		    : jm_err_set(err, JM_E_TEMP, "no memory for an event");
		if (rc == 0)
			rc = pass_on((void *)(uintptr_t)s->q, whole, err);
		json_decref(whole);
	} else {
		rc = pass_on((void *)(uintptr_t)s->q, event, err);
	}
	return rc == 0 && s->left > 0 && --s->left == 0 ? 1 : rc;
}

/* Parse the argument with this name, the text of a place in the log. *place_r is the caller's; NULL
 * when the argument is absent. USAGE when it is not JSON. */
static int read_place(
    const struct question *q, const char *name, json_t **place_r, struct jm_err *err)
{
	const char *s = text(q, name);

	*place_r = NULL;
	if (!s || jm_json_read(s, strlen(s), place_r, err) == 0)
		return 0;
	if (err->kind != JM_E_CORRUPT)
		return -1;
	return jm_err_set(err, JM_E_USAGE, "\"%s\" is no place", name);
}

static int answer_dump(const struct question *q, struct jm_err *err)
{
	return jm_archive_dump(
	    q->archive, number(q, "since"), q->out->object, q->out->bytes, q->out->ctx, err);
}

static int answer_backup(const struct question *q, struct jm_err *err)
{
	json_t *tip;
	int rc;

	if (read_place(q, "tip", &tip, err) != 0)
		return -1;
	rc = jm_archive_copy(q->archive, tip, q->out->object, q->out->bytes, q->out->ctx, err);
	json_decref(tip);
	return rc;
}

static int answer_events(const struct question *q, struct jm_err *err)
{
	struct sieve s = { q, number(q, "limit") };

	if (known_service(q, err) != 0 || jm_known_kinds(q->archive, text(q, "kind"), err) != 0)
		return -1;
	return jm_archive_events(q->archive, number(q, "after"), 0, event_sift, &s, err);
}

/* The last object is the place from which to continue. */
static int answer_follow(const struct question *q, struct jm_err *err)
{
	struct jm_following f = {
		.limit = number(q, "limit"),
		.bcc = flag(q, "bcc"),
		.visit = pass_on,
		.ctx = (void *)(uintptr_t)q,
	};
	json_t *from, *next = NULL, *o;
	int rc;

	if (known_service(q, err) != 0 || jm_known_kinds(q->archive, text(q, "kind"), err) != 0 ||
	    read_place(q, "from", &from, err) != 0)
		return -1;
	if (from && !json_is_object(from)) {
		json_decref(from);
		return jm_err_set(err, JM_E_USAGE, "\"from\" is no place");
	}
	f.from = from;
	rc = jm_archive_follow(q->archive, &f, &next, err);
	json_decref(from);
	if (rc != 0)
		return -1;
	o = json_pack("{s:o}", "next", next);
	rc = o ? q->out->object(q->out->ctx, o, err)
	       : jm_err_set(err, JM_E_TEMP, "no memory for a place");
	json_decref(o);
	return rc;
}

static int answer_queue(const struct question *q, struct jm_err *err)
{
	const struct jm_queue_view view = { q->archive, text(q, "service"), flag(q, "bcc") };
	json_t *row = NULL;
	int rc;

	if (number(q, "id") == 0)
		return known_service(q, err) != 0
		    ? -1
		    : jm_archive_queue(&view, pass_on, (void *)(uintptr_t)q, err);
	if (jm_archive_queue_show(&view, number(q, "id"), &row, err) != 0)
		return -1;
	rc = q->out->object(q->out->ctx, row, err);
	json_decref(row);
	return rc;
}

static int queue_change(const struct question *q, enum jm_change_to to, enum jm_change_from from,
    unsigned attempts, struct jm_err *err)
{
	const struct jm_change c = { .seq = number(q, "id"),
		.to = to,
		.from = from,
		.attempts = attempts,
		.due_ms = jm_clock_now_ms() };
	char actor[JM_PEER_TEXT_BYTES];

	return jm_archive_change(q->archive, jm_peer_text(q->peer, actor), &c, 1, err);
}

static int answer_retry(const struct question *q, struct jm_err *err)
{
	const struct jm_queue_view view = { .a = q->archive, .bcc = true };
	json_t *row = NULL;
	unsigned attempts;

	if (jm_archive_queue_show(&view, number(q, "id"), &row, err) != 0)
		return -1;
	attempts = (unsigned)json_integer_value(json_object_get(row, "attempts"));
	json_decref(row);
	return queue_change(q, JM_CHANGE_WAIT, JM_FROM_QUEUE, attempts, err);
}

static int answer_release(const struct question *q, struct jm_err *err)
{
	const char *from = text(q, "from");
	bool queue = strcmp(from, "queue") == 0;

	if (!queue && strcmp(from, "set-aside") != 0)
		return jm_err_set(
		    err, JM_E_USAGE, "\"from\" is queue or set-aside, not \"%.40s\"", from);
	return queue_change(
	    q, JM_CHANGE_RELEASE, queue ? JM_FROM_QUEUE : JM_FROM_SET_ASIDE, 0, err);
}

static int answer_expire(const struct question *q, struct jm_err *err)
{
	return queue_change(q, JM_CHANGE_EXPIRE, JM_FROM_SET_ASIDE, 0, err);
}

/* Import the messages of the client, each answered by an object. */
static int answer_import(const struct question *q, struct jm_err *err)
{
	const json_t *list = json_object_get(q->request, "journal-domains"),
		     *senders = json_object_get(q->request, "report-senders");
	const char *domains[JM_ARGUMENT_LIST_MAX + 1] = { NULL },
						   *addresses[JM_ARGUMENT_LIST_MAX + 1] = { NULL };
	const struct jm_import how = { .service = text(q, "service"),
		.unwrap = { .journal_domains = domains,
		    .report_senders = addresses,
		    .type = flag(q, "eml") ? JM_JOURNAL_EML : JM_JOURNAL_ENVELOPE,
		    .prefer_clear_text = flag(q, "prefer-clear-text"),
		    .remove_journal_headers = !flag(q, "keep-journal-headers") } };
	char actor[JM_PEER_TEXT_BYTES];
	struct jm_import_sum sum = { 0 };
	struct jm_imported done;
	struct jm_span message;
	int rc;

	if (!q->out->message)
		return jm_err_set(err, JM_E_USAGE, "there are no messages");
	for (size_t i = 0; i < json_array_size(list); i++)
		domains[i] = json_string_value(json_array_get(list, i));
	for (size_t i = 0; i < json_array_size(senders); i++)
		addresses[i] = json_string_value(json_array_get(senders, i));
	while ((rc = q->out->message(q->out->ctx, &message, err)) == 1) {
		json_t *o = NULL;

		rc = jm_archive_import(q->archive, &how, message, &done, err);
		if (rc == 0)
			jm_import_add(&sum, &done);
		if (rc == 0 &&
		    !(o = json_pack("{s:I, s:b}", "seq", (json_int_t)done.seq, "already_here",
			  done.already_here)))
			rc = jm_err_set(err, JM_E_TEMP, "no memory for an answer");
		if (rc == 0)
			rc = q->out->object(q->out->ctx, o, err);
		json_decref(o);
		if (rc != 0)
			break;
	}
	/* Also of one that the client broke off. */
	jm_import_note(q->archive, &how, jm_peer_text(q->peer, actor), text(q, "from"), &sum);
	return rc;
}

/* "actor" and "login" are of earlier versions of jmctl; they have no effect. */
static const struct verb verbs[] = {
	{ "status", answer_status, { { "days", FLAG, false }, { "service", TEXT, false } } },
	{ "live", answer_live, { { NULL, FLAG, false } } },
	{ "reload", answer_live, { { "login", NUMBER, false } } },
	{ "list", answer_list,
	    { { "limit", NUMBER, false }, { "after", NUMBER, false }, { "reverse", FLAG, false },
		{ "expired", FLAG, false } },
	    CRITERIA_LIST },
	{ "search", answer_list,
	    { { "limit", NUMBER, false }, { "after", NUMBER, false }, { "reverse", FLAG, false },
		{ "expired", FLAG, false }, { "sort", TEXT, false } },
	    CRITERIA_ALL },
	{ "show", answer_show,
	    { { "id", NUMBER, false }, { "message-id", TEXT, false }, { "bcc", FLAG, false } } },
	{ "export", answer_export,
	    { { "id", NUMBER, true }, { "report", FLAG, false }, { "raw", FLAG, false },
		{ "which", NUMBER, false }, { "bcc", FLAG, false } } },
	{ "verify", answer_verify,
	    { { "after", NUMBER, false }, { "since", DATE, false }, { "resume", FLAG, false } } },
	{ "dump", answer_dump, { { "since", NUMBER, false } } },
	{ "backup", answer_backup, { { "tip", TEXT, false } } },
	{ "events", answer_events,
	    { { "after", NUMBER, false }, { "limit", NUMBER, false }, { "service", TEXT, false },
		{ "kind", TEXT, false }, { "actor", TEXT, false }, { "since", DATE, false },
		{ "until", DATE, false }, { "follow", FLAG, false }, { "bcc", FLAG, false } } },
	{ "follow", answer_follow,
	    { { "from", TEXT, false }, { "limit", NUMBER, false }, { "service", TEXT, false },
		{ "kind", TEXT, false }, { "bcc", FLAG, false } } },
	{ "queue", answer_queue,
	    { { "id", NUMBER, false }, { "service", TEXT, false }, { "bcc", FLAG, false } } },
	{ "retry", answer_retry, { { "id", NUMBER, true }, { "actor", TEXT, false } } },
	{ "release", answer_release,
	    { { "id", NUMBER, true }, { "from", TEXT, true }, { "actor", TEXT, false } } },
	{ "expire", answer_expire, { { "id", NUMBER, true }, { "actor", TEXT, false } } },
	{ "import", answer_import,
	    { { "service", TEXT, true }, { "eml", FLAG, false }, { "journal-domains", LIST, false },
		{ "report-senders", LIST, false }, { "prefer-clear-text", FLAG, false },
		{ "keep-journal-headers", FLAG, false }, { "from", TEXT, false } } },
	{ "domains", answer_domains, { { NULL, FLAG, false } } },
	{ "domain", answer_domain,
	    { { "domain", TEXT, true }, { "state", TEXT, true }, { "code", TEXT, false },
		{ "text", TEXT, false } } },
};

/* The argument of that name, either the verb's own or a criterion. False: the verb does not have
 * it.
 */
static bool find_argument(const struct verb *v, const char *name, struct jm_argument *a_r)
{
	static const enum jm_argument_kind kinds[] = { [JM_CRITERION_FLAG] = FLAG,
		[JM_CRITERION_TEXT] = TEXT,
		[JM_CRITERION_DATE] = DATE,
		[JM_CRITERION_SIZE] = NUMBER };
	const struct jm_criterion *c = v->criteria == CRITERIA_NONE ? NULL
								    : jm_criterion_named(name);
	size_t i;

	for (i = 0; i < ARGUMENTS_MAX && v->arguments[i].name; i++)
		if (strcmp(v->arguments[i].name, name) == 0) {
			*a_r = v->arguments[i];
			return true;
		}
	if (!c || (v->criteria == CRITERIA_LIST && !c->list))
		return false;
	*a_r = (struct jm_argument){ c->name, kinds[c->type], false };
	return true;
}

static int check_request(const struct verb *v, const json_t *request, struct jm_err *err)
{
	struct jm_argument a;
	const char *key;
	json_t *value;
	size_t i;

	json_object_foreach((json_t *)(uintptr_t)request, key, value) {
		if (strcmp(key, "verb") == 0)
			continue;
		if (!find_argument(v, key, &a))
			return jm_err_set(err, JM_E_USAGE, "no argument \"%.60s\"", key);
		if (jm_argument_check(&a, value, err) < 0)
			return -1;
	}
	for (i = 0; i < ARGUMENTS_MAX && v->arguments[i].name; i++)
		if (v->arguments[i].needed && !json_object_get(request, v->arguments[i].name))
			return jm_err_set(
			    err, JM_E_USAGE, "\"%s\" is missing", v->arguments[i].name);
	return 0;
}

int jm_answer(struct jm_archive *a, const json_t *daemon_state, const struct jm_peer *peer,
    const json_t *request, const struct jm_answer_out *out, struct jm_err *err)
{
	const struct question q = { a, daemon_state, peer, request, out };
	const char *name = json_string_value(json_object_get(request, "verb"));
	size_t i;

	if (!name)
		return jm_err_set(err, JM_E_USAGE, "the request is no object with a \"verb\"");
	for (i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
		if (strcmp(verbs[i].name, name) != 0)
			continue;
		if (check_request(&verbs[i], request, err) < 0)
			return -1;
		return verbs[i].answer(&q, err);
	}
	return jm_err_set(err, JM_E_USAGE, "no verb \"%.60s\"", name);
}
