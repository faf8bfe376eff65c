/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The session thread fills slots from the wire, workers archive them and make them free again. The
 * choice of messages to fetch and to delete is in common/pop3/plan.c, the protocol in
 * common/pop3/session.c. See pull.h.
 */
#include "milter/daemon/pull.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/archive/deposit.h"
#include "common/archive/marks.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/pop3/connect.h"
#include "common/pop3/mailbox.h"
#include "common/pop3/plan.h"
#include "common/pop3/transfer.h"
#include "common/query/mark_list.h"
#include "milter/daemon/intake.h"
#include "milter/daemon/watch.h"

#define SLOTS 16
#define WORKERS 8
#define GROUP 8 /* messages that are proved at once; fewer than SLOTS */
/* Messages that a server keeps though it confirms to delete them are fetched and compared again
 * after 1, 2, 4 and so on sessions, and then after so many. */
#define COMPARE_MAX 64
/* Far fewer bytes than LIST says: less than half of them, and so many missing at least. */
#define SHORT_BYTES 1024
#define MOST_AT_QUIT 64 /* as low as jm_pull.most gets when only QUIT fails */

/* FREE: may be filled, or is being filled. HELD: its end is not proved yet. READY: waits for a
 * worker. BUSY: is being archived. */
enum slot_state { SLOT_FREE, SLOT_HELD, SLOT_READY, SLOT_BUSY };

/* Of one message that was to be retrieved. */
struct outcome {
	bool archived;                         /* in this session or before */
	unsigned char sha256[JM_SHA256_BYTES]; /* of the message as received */
};

struct deletion {
	const struct jm_pop3_entry *entry;
	const unsigned char *sha256; /* of the message */
	bool id_is_mark;             /* the archive has a mark under this id */
	bool done;                   /* the server said so */
};

/* A message on its way from the wire to the archive. */
struct slot {
	enum slot_state state;
	struct jm_intake intake;
	size_t at; /* place in plan.retr */
};

/* One session. */
struct work {
	/* Workers change its members archived and known, under the lock. The rest belongs to the
	 * session thread. */
	struct jm_pull *p;
	char mailbox[JM_MAILBOX_NAME_BYTES];
	struct jm_pop3_peer peer;
	struct jm_pop3_session session;
	struct jm_pop3_listing listing;
	struct jm_pop3_mark *marks;
	size_t marks_n, marks_cap;
	struct jm_arena arena; /* owns the marks */
	struct jm_pop3_plan plan;
	struct jm_ids failed_before; /* ids that could not be retrieved by the last session */
	struct outcome *outcome;     /* by place in plan.retr; workers fill it under the lock */
	struct deletion *deletion;   /* in the order of the commands */
	size_t deletions_n;
	enum jm_pop3_cause cause; /* of the step that failed last; NONE: a fault of this machine */
	int64_t until_us;         /* when to stop retrieving, by minutes-per-connection */
	struct slot *filling;     /* the slot of the message that is being received; NULL: none */

	/* Guards all below but the intakes of slots that are not free, which belong to whoever
	 * fills or archives them. */
	pthread_mutex_t lock;
	pthread_cond_t changed; /* a slot's state, or ending */
	struct slot slot[SLOTS];
	bool ending;           /* no more messages will be ready */
	struct jm_err trouble; /* the first failure to archive; kind NONE: none */
	struct jm_ids brief;   /* new ones for jm_pull.brief */
	bool brief_usual;
};

/* ---- archiving ---- */

static void note_trouble(struct work *w, const struct jm_err *err)
{
	pthread_mutex_lock(&w->lock);
	if (w->trouble.kind == JM_E_NONE)
		w->trouble = *err;
	pthread_mutex_unlock(&w->lock);
}

/* Write key and digest to out. */
static struct jm_span key_of_bytes(const struct jm_pop3_entry *e, const unsigned char *sha256,
    unsigned char out[JM_POP3_KEY_BYTES + JM_SHA256_BYTES])
{
	char text[JM_POP3_KEY_BYTES];
	struct jm_span key = jm_pop3_entry_key(e, text);

	memcpy(out, key.p, key.len);
	memcpy(out + key.len, sha256, JM_SHA256_BYTES);
	return jm_span_of(out, key.len + JM_SHA256_BYTES);
}

/* Is the message far shorter than LIST says, for the first time with these bytes? Some server or
 * proxy ends what it could not read with a dot. Sizes are estimates with other servers, so the same
 * bytes once more are accepted. */
static bool is_short(struct work *w, const struct jm_pop3_entry *e, uint64_t bytes,
    const unsigned char sha256[JM_SHA256_BYTES])
{
	unsigned char out[JM_POP3_KEY_BYTES + JM_SHA256_BYTES];
	const struct jm_pull_short *brief = w->p->brief;
	struct jm_span key;
	bool again;

	if (brief->usual || bytes >= e->size_bytes / 2 || e->size_bytes - bytes < SHORT_BYTES)
		return false;
	key = key_of_bytes(e, sha256, out);
	again = jm_ids_have(&brief->bytes, key);
	pthread_mutex_lock(&w->lock);
	if (again)
		w->brief_usual = true;
	else
		jm_ids_add(&w->brief, key);
	pthread_mutex_unlock(&w->lock);
	if (!again)
		JM_LOG(JM_LOG_NOTICE, "pop3-short", { "mailbox", JM_S(w->mailbox) },
		    { "uidl", JM_P(e->id) }, { "listed", JM_U(e->size_bytes) },
		    { "received", JM_U(bytes) }, { "outcome", JM_S("fetched once more") });
	return !again;
}

/* Archive the message, unless the archive has it under its mark. *known_r: it has. *short_r: it is
 * left for another session. */
static int store_slot(
    struct work *w, struct slot *s, bool *known_r, bool *short_r, struct jm_err *err)
{
	const struct jm_pop3_todo *todo = &w->plan.retr[s->at];
	struct jm_daemon *d = w->p->daemon;
	struct outcome *o = &w->outcome[s->at];
	struct jm_receipt receipt;
	struct jm_span received;

	if (jm_spool_view(&s->intake.spool, &received, err) != 0 ||
	    jm_sha256_of(received, o->sha256, err) != 0)
		return -1;
	if (todo->mark &&
	    jm_archive_mark_is(d->archive, todo->mark->seq, o->sha256, known_r, err) != 0)
		return -1;
	*short_r = !*known_r && is_short(w, todo->entry, received.len, o->sha256);
	return *known_r || *short_r ? 0 : jm_intake_finish(&s->intake, d, &receipt, err);
}

static void archive_slot(struct work *w, struct slot *s)
{
	struct jm_daemon *d = w->p->daemon;
	bool known = false, is_brief = false;
	struct jm_err err;
	int rc = store_slot(w, s, &known, &is_brief, &err);

	if (rc != 0)
		note_trouble(w, &err);
	pthread_mutex_lock(&w->lock);
	w->outcome[s->at].archived = rc == 0 && !is_brief;
	w->p->known += known;
	w->p->archived += rc == 0 && !known && !is_brief;
	pthread_mutex_unlock(&w->lock);
	if (!known && !is_brief) {
		atomic_fetch_add(rc == 0 ? &d->archived : &d->deferred, 1);
		jm_watch_intake(d->watch, &s->intake);
	}
	jm_intake_reset(&s->intake);
}

static struct slot *find_slot(struct work *w, enum slot_state state)
{
	for (size_t i = 0; i < SLOTS; i++)
		if (w->slot[i].state == state)
			return &w->slot[i];
	return NULL;
}

static void *archive_slots(void *arg)
{
	struct work *w = arg;
	struct slot *s;

	pthread_mutex_lock(&w->lock);
	for (;;) {
		s = find_slot(w, SLOT_READY);
		if (!s && w->ending)
			break;
		if (!s) {
			pthread_cond_wait(&w->changed, &w->lock);
			continue;
		}
		s->state = SLOT_BUSY;
		pthread_mutex_unlock(&w->lock);
		archive_slot(w, s);
		pthread_mutex_lock(&w->lock);
		s->state = SLOT_FREE;
		pthread_cond_broadcast(&w->changed);
	}
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

/* ---- retrieving ---- */

/* Begin the next message in a free slot; waits for one. */
static int begin_message(struct work *w, struct jm_err *err)
{
	const struct jm_service *service = w->p->service;
	struct jm_intake *in;

	pthread_mutex_lock(&w->lock);
	while (!(w->filling = find_slot(w, SLOT_FREE)))
		pthread_cond_wait(&w->changed, &w->lock);
	pthread_mutex_unlock(&w->lock);
	in = &w->filling->intake;
	jm_intake_begin(in, w->p->settings);
	in->arrival.transport = "pop3";
	in->arrival.client = w->peer.address;
	in->arrival.tls = w->peer.tls[0] ? w->peer.tls : NULL;
	in->arrival.login = service->pop3.mailbox_name;
	in->arrival.pop3_mailbox = w->mailbox;
	return jm_intake_add(in, service, jm_span_str(service->email_address), err);
}

static int take_bytes(void *ctx, const void *p, size_t n, struct jm_err *err)
{
	struct work *w = ctx;

	if (!w->filling && begin_message(w, err) != 0) {
		note_trouble(w, err);
		return -1;
	}
	return jm_spool_write(&w->filling->intake.spool, p, n, err);
}

static void drop_slot(struct work *w)
{
	if (w->filling)
		jm_intake_reset(&w->filling->intake);
	w->filling = NULL;
}

/* Give the message its id, and keep it until its end is proved. */
static int hold_message(struct work *w, size_t at, struct jm_err *err)
{
	const struct jm_pop3_todo *todo = &w->plan.retr[at];
	struct jm_intake *in;
	struct jm_span id;

	if (!w->filling && begin_message(w, err) != 0) /* an empty message is one, too */
		return -1;
	in = &w->filling->intake;
	if (todo->marks) {
		if (jm_arena_copy(&in->arena, todo->entry->id, &id, err) != 0)
			return -1;
		in->arrival.pop3_uidl = (const char *)id.p;
		in->arrival.queue_id = (const char *)id.p;
		in->arrival.pop3_size_bytes = todo->entry->size_bytes;
	}
	pthread_mutex_lock(&w->lock);
	w->filling->at = at;
	w->filling->state = SLOT_HELD;
	w->filling = NULL;
	pthread_mutex_unlock(&w->lock);
	return 0;
}

/* A message ended. One that is too large fails alone; after another fault of ours, such as a full
 * disk, no more are asked for. */
static int take_end(void *ctx, size_t at, bool whole, struct jm_err *err)
{
	struct work *w = ctx;
	int rc = 0;

	if (whole)
		rc = hold_message(w, at, err);
	if (whole ? rc != 0 : w->filling && err->kind != JM_E_LIMIT)
		note_trouble(w, err);
	drop_slot(w);
	return rc;
}

/* The ends of messages are proved: give the slot of one to the workers; or (ready false) they never
 * will be: drop all of them. */
static void pass_held(struct work *w, size_t at, bool ready)
{
	pthread_mutex_lock(&w->lock);
	for (size_t i = 0; i < SLOTS; i++) {
		if (w->slot[i].state != SLOT_HELD || (ready && w->slot[i].at != at))
			continue;
		if (!ready)
			jm_intake_reset(&w->slot[i].intake);
		w->slot[i].state = ready ? SLOT_READY : SLOT_FREE;
	}
	pthread_cond_broadcast(&w->changed);
	pthread_mutex_unlock(&w->lock);
}

/* An event for a message that stays in the mailbox, when that begins. */
static void note_failing(struct work *w, const struct jm_pop3_entry *e, const struct jm_err *err)
{
	char text[JM_ERR_TEXT_BYTES + 100], key[JM_POP3_KEY_BYTES];
	struct jm_span k = jm_pop3_entry_key(e, key);

	jm_ids_add(w->p->failing, k);
	if (jm_ids_have(&w->failed_before, k))
		return; /* it was noted when it began; the status counts it */
	snprintf(text, sizeof text,
	    "message %u (%.*s) cannot be fetched and stays in the mailbox: %s", (unsigned)e->number,
	    jm_span_none(e->id) ? 1 : (int)e->id.len,
	    jm_span_none(e->id) ? "-" : (const char *)e->id.p, err->text);
	jm_daemon_note(w->p->daemon, "pop3-unretrievable", w->p->service->email_address, w->mailbox,
	    jm_err_kind_name(err->kind), text);
}

/* A message was retrieved and its end proved, or it could not be. Returns true when the next one is
 * to be retrieved. */
static bool take_outcome(void *ctx, size_t at, enum jm_pop3_fault fault, const struct jm_err *err)
{
	struct work *w = ctx;
	bool go_on;

	if (fault == JM_POP3_FINE) {
		pass_held(w, at, true);
		w->p->fetched++;
		atomic_fetch_add(&w->p->daemon->received, 1);
	} else if (fault == JM_POP3_REFUSED || (fault == JM_POP3_SINK && err->kind == JM_E_LIMIT)) {
		w->p->failed++;
		note_failing(w, w->plan.retr[at].entry, err);
	}
	pthread_mutex_lock(&w->lock);
	go_on = w->trouble.kind == JM_E_NONE && jm_clock_mono_us() < w->until_us;
	pthread_mutex_unlock(&w->lock);
	return go_on;
}

/* The session ended at a message, by the fault of the server or the network: it is set apart, so
 * that the next session retrieves the others. */
static void set_apart(struct work *w, struct jm_ids *apart, const struct jm_err *err)
{
	enum jm_pop3_fault fault = w->session.broken;
	char key[JM_POP3_KEY_BYTES];

	if (fault == JM_POP3_FINE || fault == JM_POP3_STOPPED || !w->session.suspect)
		return;
	for (size_t i = 0; i < w->plan.retr_n; i++) {
		const struct jm_pop3_entry *e = w->plan.retr[i].entry;

		if (e->number != w->session.suspect)
			continue;
		jm_ids_add(apart, jm_pop3_entry_key(e, key));
		if (w->p->trial)
			note_failing(w, e, err);
	}
}

/* After RETR: keep in jm_pull.apart those that are listed and still apart. rc: of RETR. */
static void keep_apart(struct work *w, int rc, const struct jm_err *err)
{
	const struct jm_pop3_entries *listed = &w->plan.apart;
	size_t n = listed->n;
	char key[JM_POP3_KEY_BYTES];
	struct jm_ids next;

	jm_ids_init(&next);
	for (size_t i = 0; i < n; i++)
		if (!w->p->trial || i != w->p->turn % n || (rc != 0 && !w->session.suspect))
			jm_ids_add(&next, jm_pop3_entry_key(listed->v[i], key));
	if (rc != 0)
		set_apart(w, &next, err);
	jm_ids_replace(w->p->apart, &next);
}

static struct jm_span id_of(void *ctx, size_t at)
{
	const struct jm_pop3_todo *todo = &((struct work *)ctx)->plan.retr[at];

	return todo->marks ? todo->entry->id : jm_span_of(NULL, 0);
}

/* Retrieve all messages of the plan while workers archive them. Returns 0, or -1 when the session
 * broke. A failure to archive is in w->trouble. */
static int retrieve(struct work *w, struct jm_err *err)
{
	const struct jm_pop3_receiver receiver = { take_bytes, take_end, take_outcome, w, id_of };
	uint32_t *numbers = calloc(w->plan.retr_n + 1, sizeof *numbers);
	pthread_t worker[WORKERS];
	size_t workers = 0;
	int rc = -1;

	if (!numbers)
		return jm_err_sys(err, JM_E_TEMP, "cannot fetch");
	for (size_t i = 0; i < w->plan.retr_n; i++)
		numbers[i] = w->plan.retr[i].entry->number;
	while (workers < WORKERS && workers < w->plan.retr_n &&
	    pthread_create(&worker[workers], NULL, archive_slots, w) == 0)
		workers++;
	if (workers == 0 && w->plan.retr_n) {
		jm_err_set(err, JM_E_TEMP, "cannot start a thread");
		goto out;
	}
	rc = jm_pop3_retr(&w->session, numbers, w->plan.retr_n, &receiver, err);
	drop_slot(w);
	pass_held(w, 0, false);
	keep_apart(w, rc, err);
	pthread_mutex_lock(&w->lock);
	w->ending = true;
	pthread_cond_broadcast(&w->changed);
	pthread_mutex_unlock(&w->lock);
	while (workers)
		pthread_join(worker[--workers], NULL);
out:
	free(numbers);
	return rc;
}

/* ---- deleting ---- */

static bool take_deleted(void *ctx, size_t at, enum jm_pop3_fault fault, const struct jm_err *err)
{
	struct work *w = ctx;

	(void)err;
	w->deletion[at].done = fault == JM_POP3_FINE;
	w->p->deleted += fault == JM_POP3_FINE;
	return true;
}

/* Mark what was retrieved and is archived for deletion; QUIT makes the server delete it. Numbers
 * are those of the listing. */
static int delete_archived(struct work *w, struct jm_err *err)
{
	uint32_t *numbers = calloc(w->plan.retr_n + 1, sizeof *numbers);
	size_t n = 0;
	int rc = 0;

	w->deletion = calloc(w->plan.retr_n + 1, sizeof *w->deletion);
	if (!numbers || !w->deletion) {
		free(numbers);
		return jm_err_sys(err, JM_E_TEMP, "cannot delete");
	}
	for (size_t i = 0; i < w->plan.retr_n; i++)
		if (w->outcome[i].archived)
			w->deletion[n++] = (struct deletion){ w->plan.retr[i].entry,
				w->outcome[i].sha256, w->plan.retr[i].marks, false };
	w->deletions_n = n;
	for (size_t i = 0; i < n; i++)
		numbers[i] = w->deletion[i].entry->number;
	if (n && !w->p->service->pop3.leave_on_server)
		rc = jm_pop3_dele(&w->session, numbers, n, take_deleted, w, err);
	free(numbers);
	return rc;
}

/* True when the mark of a deleted message is to stay, because the server confirms deletions and
 * does not delete. For the next session, the message is added to next. */
static bool mark_stays(
    const struct jm_pull_gone *gone, const struct deletion *d, struct jm_pull_gone *next)
{
	unsigned char out[JM_POP3_KEY_BYTES + JM_SHA256_BYTES];
	struct jm_span k = key_of_bytes(d->entry, d->sha256, out);
	bool stays = jm_ids_have(&gone->bytes, k);

	jm_ids_add(&next->bytes, k);
	if (stays)
		jm_ids_add(&next->staying, d->entry->id);
	return stays;
}

/* Keep what is known of the messages that were left alone. */
static void carry_staying(struct work *w, struct jm_pull_gone *next)
{
	const struct jm_ids *bytes = &w->p->gone->bytes;
	struct jm_ids left;

	jm_ids_init(&left);
	for (size_t i = 0; i < w->plan.staying.n; i++) {
		jm_ids_add(&left, w->plan.staying.v[i]->id);
		jm_ids_add(&next->staying, w->plan.staying.v[i]->id);
	}
	jm_ids_sort(&left);
	for (size_t i = 0; i < bytes->n; i++)
		if (jm_ids_have(
			&left, jm_span_sub(bytes->v[i], 0, bytes->v[i].len - JM_SHA256_BYTES)))
			jm_ids_add(&next->bytes, bytes->v[i]);
	jm_ids_release(&left);
}

/*
 * The server says that it deleted these messages. Their ids may come back with other messages, so
 * their marks are removed. When the server lists one of these ids again, the message is fetched
 * once more; the same bytes show that the server did not delete it, and then the mark stays.
 */
static int forget_deleted(struct work *w, struct jm_err *err)
{
	struct jm_span *forget = calloc(w->deletions_n + 1, sizeof *forget);
	struct jm_pull_gone *gone = w->p->gone, next;
	size_t n = 0;
	int rc = 0;

	if (!forget)
		return jm_err_sys(err, JM_E_TEMP, "cannot forget");
	jm_ids_init(&next.bytes);
	jm_ids_init(&next.staying);
	carry_staying(w, &next);
	for (size_t i = 0; i < w->deletions_n; i++)
		if (w->deletion[i].done && w->deletion[i].id_is_mark &&
		    !mark_stays(gone, &w->deletion[i], &next))
			forget[n++] = w->deletion[i].entry->id;
	if (next.staying.n == 0)
		gone->step = gone->wait = 0;
	else if (gone->wait > 0)
		gone->wait--;
	else
		gone->wait = gone->step = gone->step == 0 ? 1
		    : gone->step < COMPARE_MAX            ? 2 * gone->step
							  : COMPARE_MAX;
	jm_ids_replace(&gone->bytes, &next.bytes);
	jm_ids_replace(&gone->staying, &next.staying);
	if (n)
		rc = jm_archive_pop3_forget(w->p->daemon->archive, w->mailbox, forget, n, err);
	free(forget);
	return rc;
}

/* ---- the session ---- */

static int add_mark(void *ctx, const struct jm_archived_mark *mark, struct jm_err *err)
{
	struct work *w = ctx;
	struct jm_pop3_mark *m = jm_arena_grow(
	    &w->arena, (void **)&w->marks, &w->marks_n, &w->marks_cap, sizeof *m, err);

	if (!m)
		return -1;
	m->size_bytes = mark->size_bytes;
	m->seq = mark->seq;
	return jm_arena_copy(&w->arena, mark->uidl, &m->id, err);
}

/* Set the cause of a step that failed at the server. refused: the cause when it said -ERR. Returns
 * -1. */
static int at_server(struct work *w, enum jm_pop3_cause refused)
{
	w->cause = jm_pop3_cause_command(w->session.broken, refused);
	return -1;
}

static struct jm_pop3_keys keys_of(const struct jm_ids *ids)
{
	return (struct jm_pop3_keys){ ids->v, ids->n };
}

/* After the plan: how much is in the mailbox, and what is known of it. */
static void count_mailbox(struct work *w)
{
	const struct jm_pop3_plan *plan = &w->plan;
	struct jm_pull *p = w->p;
	char key[JM_POP3_KEY_BYTES];

	p->surveyed = true;
	p->listed = w->listing.n;
	p->apart_n = plan->apart.n;
	p->left = plan->retr_n - plan->compare_n + plan->later_n + (p->trial ? 0 : p->apart_n);
	p->held = w->listing.partial && w->listing.stat_count > w->listing.n ? w->listing.stat_count
									     : w->listing.n;
	if (!p->trial)
		p->counted(p->ctx);
	jm_ids_replace(&w->failed_before, p->failing);
	for (size_t i = 0; !p->trial && i < plan->apart.n; i++) {
		struct jm_span k = jm_pop3_entry_key(plan->apart.v[i], key);

		if (jm_ids_have(&w->failed_before, k))
			jm_ids_add(p->failing, k);
	}
	for (size_t i = 0; p->trial && i < w->failed_before.n; i++)
		jm_ids_add(p->failing, w->failed_before.v[i]);
	if (plan->without_id_n || plan->same_id_n)
		JM_LOG(JM_LOG_NOTICE, "pop3-ids", { "mailbox", JM_S(w->mailbox) },
		    { "without", JM_U(plan->without_id_n) }, { "same", JM_U(plan->same_id_n) },
		    { "outcome", JM_S("distinguished by their content") });
}

static int make_plan(struct work *w, struct jm_err *err)
{
	const struct jm_mailbox *m = &w->p->service->pop3;
	struct jm_pull_gone *gone = w->p->gone;
	struct jm_pop3_plan_input in = { .listing = &w->listing,
		.failing = keys_of(w->p->failing),
		.apart = keys_of(w->p->apart),
		.trial = w->p->trial,
		.turn = w->p->turn,
		.leave_on_server = m->leave_on_server,
		.max_messages = (size_t)m->messages_per_connection };

	if (*w->p->most && (!in.max_messages || *w->p->most < in.max_messages))
		in.max_messages = (size_t)*w->p->most;
	if (gone->wait > 0 || w->p->trial)
		in.staying = keys_of(&gone->staying);
	if (jm_archive_pop3_marks(w->p->daemon->archive, w->mailbox, add_mark, w, err) != 0)
		return -1;
	if (jm_pop3_survey(&w->session, &w->listing, err) != 0)
		return at_server(w, JM_POP3_CAUSE_LISTING);
	in.marks = w->marks;
	in.marks_n = w->marks_n;
	if (jm_pop3_plan(&in, &w->plan, err) != 0)
		return -1;
	count_mailbox(w);
	if (w->plan.forget_n &&
	    jm_archive_pop3_forget(
		w->p->daemon->archive, w->mailbox, w->plan.forget, w->plan.forget_n, err) != 0)
		return -1;
	w->outcome = calloc(w->plan.retr_n + 1, sizeof *w->outcome);
	return w->outcome ? 0 : jm_err_sys(err, JM_E_TEMP, "cannot fetch");
}

/* Keep what the session learned of sizes. */
static void keep_brief(struct work *w, bool well)
{
	struct jm_pull_short *brief = w->p->brief;

	brief->usual = brief->usual || w->brief_usual;
	for (size_t i = 0; !well && i < brief->bytes.n; i++)
		jm_ids_add(&w->brief, brief->bytes.v[i]);
	jm_ids_replace(&brief->bytes, &w->brief);
}

/* Some servers and firewalls end a connection after so many commands, bytes or minutes: at a
 * message that is like any other, before anything is deleted. Set how many messages the next
 * session takes. */
static void set_most(struct work *w, bool well, bool at_quit)
{
	uint64_t *most = w->p->most, more = *most + *most / 4 + 1, n = w->p->fetched / 2;
	uint64_t limit = (uint64_t)w->p->service->pop3.messages_per_connection;
	enum jm_pop3_fault broken = w->session.broken;

	if (w->p->trial)
		return;
	if (well && *most)
		*most = more < (limit ? limit : UINT32_MAX) ? more : 0;
	else if (!well && w->p->fetched && broken != JM_POP3_STOPPED && broken != JM_POP3_FINE)
		*most = at_quit && n < MOST_AT_QUIT ? MOST_AT_QUIT : n ? n : 1;
}

/* The session was well. */
static void conclude(struct work *w, bool again)
{
	struct jm_pull *p = w->p;

	if (p->trial && p->apart_n > 0)
		p->apart_n--;
	p->more = again || (p->left > p->failed + p->apart_n && p->archived + p->known > 0);
}

static int pull_messages(struct work *w, struct jm_err *err)
{
	const struct jm_mailbox *m = &w->p->service->pop3;
	enum jm_pop3_fault fault = JM_POP3_FINE;
	bool again, at_quit;
	int rc;

	w->session.depth = w->peer.has_pipelining && m->pipelining == JM_PIPELINING_AUTO ? 32 : 1;
	w->session.group = w->p->careful || w->p->trial ? 1 : GROUP;
	w->session.end_proves = w->p->trial;
	w->session.answer_timeout_ms = m->answer_timeout_s * 1000LL;
	w->session.quit_timeout_ms = 10 * w->session.answer_timeout_ms;
	w->until_us = jm_clock_mono_us() + m->minutes_per_connection * 60000000LL;
	if (make_plan(w, err) != 0)
		return -1;
	rc = retrieve(w, err);
	if (rc == 0)
		rc = delete_archived(w, err);
	if (rc != 0 && w->session.broken != JM_POP3_FINE)
		at_server(w, JM_POP3_CAUSE_SERVER);
	at_quit = rc == 0;
	/* QUIT on a connection that still works. Its +OK proves nothing; -ERR is a failure. */
	if (rc == 0 && (rc = jm_pop3_quit(&w->session, &fault, err)) != 0)
		w->cause = jm_pop3_cause_command(fault, JM_POP3_CAUSE_QUIT);
	if (rc == 0) {
		w->p->held -= w->p->deleted < w->p->held ? w->p->deleted : w->p->held;
		rc = forget_deleted(w, err);
	}
	w->p->left -= w->p->archived < w->p->left ? w->p->archived : w->p->left;
	if (rc == 0 && w->trouble.kind != JM_E_NONE) {
		*err = w->trouble;
		rc = -1;
	}
	again = w->brief.n > 0 && w->p->brief->bytes.n == 0;
	keep_brief(w, rc == 0);
	set_most(w, rc == 0, at_quit);
	if (rc == 0)
		conclude(w, again);
	return rc;
}

static int log_in(struct work *w, struct jm_pop3_connection **c_r, struct jm_err *err)
{
	const struct jm_mailbox *m = &w->p->service->pop3;
	struct jm_pop3_account account;
	struct jm_buf secret;
	int rc = jm_mailbox_secret(m, w->p->stopped, w->p->ctx, &secret, err);

	if (rc != 0)
		w->cause = jm_mailbox_secret_cause(m);
	if (rc == 0) {
		account = jm_mailbox_account(m, &secret);
		account.stopped = w->p->stopped;
		account.stopped_ctx = w->p->ctx;
		rc = jm_pop3_connect(&account, c_r, &w->peer, err);
		w->cause = w->peer.cause;
	}
	jm_mailbox_forget(&secret);
	if (w->peer.has_certificate) {
		snprintf(w->p->certificate.subject, sizeof w->p->certificate.subject, "%s",
		    w->peer.certificate.subject);
		w->p->certificate.until_ms = w->peer.certificate.until_ms;
	}
	if (rc == 0 && w->peer.untrusted)
		JM_LOG(JM_LOG_WARNING, "pop3-untrusted", { "mailbox", JM_S(w->mailbox) },
		    { "reason", JM_S(w->peer.why) },
		    { "subject", JM_S(w->peer.certificate.subject) },
		    { "fingerprint", JM_S(w->peer.certificate.fingerprint) },
		    { "pin", JM_S(w->peer.certificate.pin) });
	return rc;
}

static void release_work(struct work *w, struct jm_pop3_connection **c)
{
	jm_pop3_plan_release(&w->plan);
	jm_pop3_listing_release(&w->listing);
	jm_pop3_session_release(&w->session);
	jm_pop3_disconnect(c);
	jm_arena_release(&w->arena);
	jm_ids_release(&w->failed_before);
	jm_ids_release(&w->brief);
	for (size_t i = 0; i < SLOTS; i++)
		jm_intake_release(&w->slot[i].intake);
	pthread_mutex_destroy(&w->lock);
	pthread_cond_destroy(&w->changed);
	free(w->outcome);
	free(w->deletion);
	free(w);
}

int jm_pull_run(struct jm_pull *p, struct jm_err *err)
{
	struct work *w = calloc(1, sizeof *w);
	struct jm_pop3_connection *c = NULL;
	int64_t from_us = jm_clock_mono_us();
	int rc = -1;

	if (!w)
		return jm_err_sys(err, JM_E_TEMP, "cannot fetch");
	w->p = p;
	jm_mailbox_name(&p->service->pop3, w->mailbox);
	jm_arena_init(&w->arena, 512u << 20);
	jm_ids_init(&w->failed_before);
	jm_ids_init(&w->brief);
	for (size_t i = 0; i < SLOTS; i++)
		jm_intake_init(&w->slot[i].intake, p->daemon->spool_dir);
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->changed, NULL);
	if (log_in(w, &c, err) == 0) {
		struct jm_pop3_wire wire = jm_pop3_connection_wire(c);

		if (jm_pop3_session_init(&w->session, &wire, err) == 0)
			rc = pull_messages(w, err);
	}
	if (rc != 0)
		p->cause = w->cause != JM_POP3_CAUSE_NONE ? w->cause : jm_pop3_cause_here(err);
	JM_LOG(rc == 0 && !p->archived && !p->deleted && !p->trial ? JM_LOG_DEBUG : JM_LOG_INFO,
	    "pop3-session", { "mailbox", JM_S(w->mailbox) }, { "listed", JM_U(p->listed) },
	    { "fetched", JM_U(p->fetched) }, { "archived", JM_U(p->archived) },
	    { "known", JM_U(p->known) }, { "apart", JM_U(p->apart_n) },
	    { "deleted", JM_U(p->deleted) }, { "failed", JM_U(p->failed) },
	    { "left", JM_U(p->left) }, { "held", JM_U(p->held) },
	    { "ms", JM_I((jm_clock_mono_us() - from_us) / 1000) },
	    { "error", JM_S(rc == 0 ? NULL : err->text) });
	release_work(w, &c);
	return rc;
}
