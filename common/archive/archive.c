/* SPDX-License-Identifier: BSD-2-Clause */
/* Opening and closing an archive; deposits and events, up to the queue of the committer. */
#include "common/archive/archive.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#include "common/archive/store.h"
#include "common/base/clock.h"
#include "common/base/io.h"
#include "common/base/log.h"
#include "common/journal/match_key.h"

#define APART_BYTES \
	(16u << 20) /* larger bodies, and those of half a volume, are written before the committer \
		       gets them */
#define ROOM_MS 5   /* between two looks for room for an event */
#define BACKLOG_MAX 8192 /* records that the catalog may be behind before deposits wait for it */

/* ---- open and close ---- */

static char *join(const char *dir, const char *name)
{
	size_t n = strlen(dir) + strlen(name) + 2;
	char *path = malloc(n);

	if (path)
		snprintf(path, n, "%s/%s", dir, name);
	return path;
}

/* One process at a time. The file says which one, for people. */
static int take_lock(struct jm_archive *a, struct jm_err *err)
{
	char path[JM_VOLUME_PATH_BYTES], text[32] = "";
	ssize_t n;

	snprintf(path, sizeof path, "%s/lock", a->dir);
	a->lock_fd = jm_io_open(path, O_RDWR | O_CREAT, 0600, err);
	if (a->lock_fd < 0)
		return -1;
	if (flock(a->lock_fd, LOCK_EX | LOCK_NB) != 0) {
		if (errno != EWOULDBLOCK)
			return jm_err_sys(err, JM_E_TEMP, "cannot lock \"%s\"", path);
		n = pread(a->lock_fd, text, sizeof text - 1, 0);
		text[n > 0 ? (size_t)n : 0] = '\0';
		text[strcspn(text, "\n")] = '\0';
		return jm_err_set(err, JM_E_DENIED, "the archive \"%s\" is in use by process %s",
		    a->dir, *text ? text : "(unknown)");
	}
	snprintf(text, sizeof text, "%ld\n", (long)getpid());
	if (ftruncate(a->lock_fd, 0) != 0 || pwrite(a->lock_fd, text, strlen(text), 0) < 0)
		JM_LOG(JM_LOG_WARNING, "lock-without-pid", { "path", JM_S(path) }); /* a full disk
										       must not keep
										       the archive
										       shut */
	return 0;
}

static int init_sync(struct jm_archive *a, struct jm_err *err)
{
	pthread_rwlockattr_t rw;
	pthread_condattr_t cond;
	int rc = pthread_condattr_init(&cond) | pthread_condattr_setclock(&cond, CLOCK_MONOTONIC) |
	    pthread_rwlockattr_init(&rw) |
	    pthread_rwlockattr_setkind_np(&rw, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);

	rc |= pthread_mutex_init(&a->lock, NULL) | pthread_mutex_init(&a->change_lock, NULL) |
	    pthread_mutex_init(&a->pool_lock, NULL) | pthread_rwlock_init(&a->catalog_lock, &rw) |
	    pthread_cond_init(&a->work, &cond) | pthread_cond_init(&a->to_apply, &cond) |
	    pthread_cond_init(&a->applied, NULL);
	pthread_condattr_destroy(&cond);
	pthread_rwlockattr_destroy(&rw);
	return rc == 0 ? 0 : jm_err_set(err, JM_E_TEMP, "cannot make locks");
}

static int start_threads(struct jm_archive *a, struct jm_err *err)
{
	int rc;

	a->group = jm_writer_group_new();
	if (!a->group)
		return jm_err_sys(err, JM_E_TEMP, "committer");
	if ((rc = pthread_create(&a->committer, NULL, jm_writer_run, a)) != 0)
		return jm_err_set(err, JM_E_TEMP, "cannot start the committer: error %d", rc);
	a->committer_runs = true;
	if ((rc = pthread_create(&a->applier, NULL, jm_applier_run, a)) != 0)
		return jm_err_set(err, JM_E_TEMP, "cannot start the applier: error %d", rc);
	a->applier_runs = true;
	return 0;
}

static int open_archive(
    struct jm_archive *a, const struct jm_archive_options *o, struct jm_err *err)
{
	char volumes[JM_VOLUME_PATH_BYTES];

	a->volume_size_bytes = o->volume_size_bytes ? o->volume_size_bytes : 1ull << 30;
	a->apart_bytes = a->volume_size_bytes / 2 < APART_BYTES ? a->volume_size_bytes / 2
								: APART_BYTES;
	a->compression_level = o->compression_level ? o->compression_level : 1;
	a->cache_bytes = o->cache_bytes ? o->cache_bytes : 32u << 20;
	a->disk_reserve_bytes = o->disk_reserve_bytes;
	a->verbatim = o->verbatim;
	a->rebuild = o->rebuild;
	a->damage = o->damage;
	a->replayed = o->replayed;
	a->damage_ctx = o->damage_ctx;
	snprintf(volumes, sizeof volumes, "%s/volumes", o->dir);
	if (o->must_exist && access(volumes, F_OK) != 0)
		return jm_err_set(err, JM_E_NOTFOUND, "there is no archive in \"%s\"", o->dir);
	if (jm_io_mkdirs(a->dir, 0700, err) < 0 || take_lock(a, err) < 0 ||
	    jm_io_mkdirs(a->tmp_dir, 0700, err) < 0)
		return -1;
	jm_apart_sweep(a);
	jm_compare_sweep(a);
	if (jm_recover_start(a, o->must_exist, err) < 0)
		return -1;
	return start_threads(a, err);
}

int jm_archive_open(
    const struct jm_archive_options *options, struct jm_archive **a_r, struct jm_err *err)
{
	struct jm_archive *a;

	*a_r = NULL;
	if (!options->dir || *options->dir == '\0' || strlen(options->dir) > 3900)
		return jm_err_set(err, JM_E_USAGE, "the archive's folder must be given");
	a = calloc(1, sizeof *a);
	if (!a)
		return jm_err_sys(err, JM_E_TEMP, "archive");
	a->lock_fd = a->tail.fd = -1;
	jm_queue_init(&a->waiting);
	jm_queue_init(&a->large);
	jm_queue_init(&a->notes);
	jm_queue_init(&a->durable);
	if (init_sync(a, err) < 0) {
		free(a);
		return -1;
	}
	a->dir = strdup(options->dir);
	a->catalog_dir = join(options->dir, "catalog");
	a->tmp_dir = join(options->dir, "tmp");
	if (!a->dir || !a->catalog_dir || !a->tmp_dir)
		(void)jm_err_sys(err, JM_E_TEMP, "archive");
	else if (open_archive(a, options, err) == 0) {
		*a_r = a;
		return 0;
	}
	jm_archive_close(&a);
	return -1;
}

static void stop_threads(struct jm_archive *a)
{
	pthread_mutex_lock(&a->lock);
	a->stopping = true;
	if (!a->committer_runs)
		a->committer_gone = true;
	pthread_cond_broadcast(&a->work);
	pthread_cond_broadcast(&a->to_apply);
	pthread_cond_broadcast(&a->applied);
	pthread_mutex_unlock(&a->lock);
	if (a->committer_runs)
		pthread_join(a->committer, NULL);
	if (a->applier_runs)
		pthread_join(a->applier, NULL);
}

static void drop_all(struct jm_queue *q)
{
	struct jm_ticket *t;

	while ((t = jm_queue_take(q)) != NULL)
		jm_ticket_drop(t);
}

void jm_archive_close(struct jm_archive **ap)
{
	struct jm_archive *a = *ap;
	struct jm_err err;

	if (!a)
		return;
	*ap = NULL;
	stop_threads(a);
	drop_all(&a->durable);
	drop_all(&a->notes);
	if (a->catalog && jm_catalog_checkpoint(a->catalog, 0, &err) < 0)
		JM_LOG(JM_LOG_WARNING, "checkpoint", { "error", JM_S(err.text) }); /* the next start
										      replays */
	jm_catalog_close(&a->catalog);
	jm_content_drain(a);
	if (a->tail.fd >= 0)
		close(a->tail.fd);
	if (a->lock_fd >= 0)
		close(a->lock_fd);
	pthread_mutex_destroy(&a->lock);
	pthread_mutex_destroy(&a->change_lock);
	pthread_mutex_destroy(&a->pool_lock);
	pthread_rwlock_destroy(&a->catalog_lock);
	pthread_cond_destroy(&a->work);
	pthread_cond_destroy(&a->to_apply);
	pthread_cond_destroy(&a->applied);
	free(a->group);
	free(a->volume);
	free(a->dir);
	free(a->catalog_dir);
	free(a->tmp_dir);
	free(a);
}

/* ---- deposits ---- */

/* SHA-256 of raw without the cuts. */
static int digest_cut(const struct jm_content *c, const unsigned char raw[JM_SHA256_BYTES],
    unsigned char *digest_r, struct jm_err *err)
{
	struct jm_sha256 sha;
	size_t at = 0;
	int rc = 0;

	if (c->cuts_n == 0) {
		memcpy(digest_r, raw, JM_SHA256_BYTES);
		return 0;
	}
	if (jm_sha256_start(&sha, err) < 0)
		return -1;
	for (size_t i = 0; rc == 0 && i < c->cuts_n; i++) {
		rc = jm_sha256_add(&sha, c->raw.p + at, c->cuts[i].off - at, err);
		at = c->cuts[i].off + c->cuts[i].len;
	}
	if (rc == 0)
		rc = jm_sha256_add(&sha, c->raw.p + at, c->raw.len - at, err);
	if (rc < 0) {
		jm_sha256_abandon(&sha);
		return -1;
	}
	return jm_sha256_finish(&sha, digest_r, err);
}

static int digest_all(const struct jm_deposit *d, struct jm_digests *s, struct jm_err *err)
{
	const struct jm_unwrap *u = d->unwrap;

	if (jm_sha256_of(d->received, s->received, err) < 0)
		return -1;
	if (u->message.raw.p == d->received.p && u->message.raw.len == d->received.len)
		memcpy(s->raw, s->received, sizeof s->raw);
	else if (jm_sha256_of(u->message.raw, s->raw, err) < 0)
		return -1;
	if (digest_cut(&u->message, s->raw, s->message, err) < 0 ||
	    jm_match_key_of(u->message.raw, s->key, err) < 0)
		return -1;
	if (!u->has_companion)
		return 0;
	return jm_sha256_of(u->companion.raw, s->companion_raw, err) < 0
	    ? -1
	    : digest_cut(&u->companion, s->companion_raw, s->companion, err);
}

/* The message within the received bytes, when it is a plain slice of them; else none. */
struct jm_span jm_deposit_slice(const struct jm_deposit *d)
{
	const struct jm_content *c = &d->unwrap->message;

	if (c->steps_n != 1 || c->steps[0].cte != JM_CTE_IDENTITY ||
	    c->steps[0].len != c->raw.len || c->steps[0].off > d->received.len ||
	    c->raw.len > d->received.len - c->steps[0].off)
		return jm_span_of(NULL, 0);
	return jm_span_sub(d->received, c->steps[0].off, c->raw.len);
}

int jm_writer_commit(struct jm_archive *a, struct jm_ticket *t, struct jm_err *err)
{
	bool wake;

	pthread_mutex_lock(&a->lock);
	while (a->durable_seq - a->applied_seq > BACKLOG_MAX && !a->behind && !a->stopping)
		jm_applier_await(a);
	if (a->behind || a->stopping) {
		pthread_mutex_unlock(&a->lock);
		return jm_err_set(err, JM_E_TEMP,
		    a->stopping ? "the archive is closing" : "the catalog cannot be written");
	}
	atomic_fetch_add(&t->refs, 1);
	t->awaited = true;
	wake = jm_writer_submit(a, t);
	pthread_mutex_unlock(&a->lock);
	if (wake)
		pthread_cond_signal(&a->work);
	while (sem_wait(&t->done) != 0)
		; /* a signal */
	if (t->err.kind != JM_E_NONE) {
		*err = t->err;
		return -1;
	}
	return 0;
}

int jm_deposit_body(struct jm_archive *a, const struct jm_deposit *d, const struct jm_splice *sp,
    struct jm_ticket *t, struct jm_body *body, struct jm_err *err)
{
	struct jm_span first = d->received, second = { NULL, 0 };
	enum jm_coding coding;

	if (sp->holder != 0) {
		first = jm_span_sub(d->received, 0, (size_t)sp->offset);
		second = jm_span_sub(
		    d->received, (size_t)(sp->offset + sp->length), d->received.len);
	}
	t->head.plain_bytes = first.len + second.len;
	if (t->head.plain_bytes == 0)
		return 0;
	if (jm_content_compress(a, first, second, body, &coding, &t->body, err) < 0)
		return -1;
	t->head.coding = (unsigned char)coding;
	t->head.body_bytes = t->body.len;
	t->body_crc = jm_crc32c(0, t->body.p, t->body.len);
	return 0;
}

static void fill_receipt(const struct jm_deposit *d, const struct jm_digests *s,
    const struct jm_ticket *t, struct jm_receipt *r)
{
	r->seq = t->head.seq;
	memcpy(r->report_sha256, s->received, sizeof r->report_sha256);
	memcpy(r->message_sha256, s->message, sizeof r->message_sha256);
	r->message_bytes = d->unwrap->message.size_bytes;
	r->stored_bytes = jm_record_bytes(&t->head);
	r->queued = d->due_ms != 0 && !d->set_aside;
}

static int store(struct jm_archive *a, const struct jm_deposit *d, const struct jm_digests *s,
    struct jm_flight *claims, unsigned claims_n, bool *taken_r, struct jm_receipt *receipt_r,
    struct jm_err *err)
{
	struct jm_ticket *t = NULL;
	struct jm_body body = { NULL };
	struct jm_splice sp;
	json_t *meta;
	int rc = -1;

	*taken_r = false;
	if (jm_splice_find(a, s, d->received, jm_deposit_slice(d), &sp, err) < 0 ||
	    !(meta = jm_describe_report(d, s, &sp, err)))
		return -1;
	t = jm_ticket_new(JM_RECORD_REPORT, meta, err);
	if (!t)
		return -1;
	if (jm_deposit_body(a, d, &sp, t, &body, err) == 0 &&
	    (t->body.len <= a->apart_bytes || jm_apart_write(a, t, err) == 0)) {
		pthread_mutex_lock(&a->lock);
		jm_flight_move(a, claims, t->flight, claims_n);
		t->flights = claims_n;
		*taken_r = true;
		pthread_mutex_unlock(&a->lock);
		rc = jm_writer_commit(a, t, err);
	}
	if (rc == 0)
		fill_receipt(d, s, t, receipt_r);
	if (rc < 0 && *taken_r) {
		pthread_mutex_lock(&a->lock);
		jm_flight_release(a, t->flight, t->flights);
		t->flights = 0;
		pthread_mutex_unlock(&a->lock);
	}
	jm_apart_release(a, t);
	jm_ticket_drop(t);
	jm_body_release(&body);
	return rc;
}

int jm_archive_deposit(struct jm_archive *a, const struct jm_deposit *d,
    struct jm_receipt *receipt_r, struct jm_err *err)
{
	struct jm_flight claims[2];
	struct jm_digests sums;
	uint64_t item;
	unsigned n = 0;
	bool taken, joins;
	int rc;

	if (d->received.len > JM_MESSAGE_MAX_BYTES)
		return jm_err_set(err, JM_E_LIMIT, "a message of %zu bytes", d->received.len);
	if (jm_disk_check(a, d->received.len, err) < 0 || digest_all(d, &sums, err) < 0 ||
	    jm_flight_claim(a, claims, sums.received, sums.raw, &n, err) < 0)
		return -1;
	/* For the receipt only. What comes of the report is decided when it is applied, behind all
	 * that came before it. */
	joins = d->due_ms != 0 && d->match_first &&
	    jm_archive_match_key(a, sums.key, &item, err) == 1;
	rc = store(a, d, &sums, claims, n, &taken, receipt_r, err);
	if (rc == 0 && joins)
		receipt_r->queued = false;
	if (!taken) {
		pthread_mutex_lock(&a->lock);
		jm_flight_release(a, claims, n);
		pthread_mutex_unlock(&a->lock);
	}
	return rc;
}

/* ---- events ---- */

int jm_archive_note(struct jm_archive *a, const struct jm_event *e, struct jm_err *err)
{
	return jm_archive_note_within(a, e, 0, err);
}

int jm_archive_note_within(
    struct jm_archive *a, const struct jm_event *e, int64_t wait_ms, struct jm_err *err)
{
	int64_t until_us = jm_clock_mono_us() + wait_ms * 1000;
	struct jm_ticket *t;
	json_t *meta;
	int rc = 0;

	if (a->verbatim)
		return 0;
	meta = jm_describe_event(e, err);
	if (!meta || !(t = jm_ticket_new(JM_RECORD_EVENT, meta, err)))
		return -1;
	pthread_mutex_lock(&a->lock);
	while (a->notes.n >= JM_NOTES_MAX && !a->stopping && jm_clock_mono_us() < until_us) {
		pthread_mutex_unlock(&a->lock);
		jm_clock_sleep_ms(ROOM_MS);
		pthread_mutex_lock(&a->lock);
	}
	if (a->notes.n >= JM_NOTES_MAX || a->stopping) {
		jm_writer_drop_note(a);
		rc = jm_err_set(err, JM_E_LIMIT, "%d events wait already", JM_NOTES_MAX);
		jm_ticket_drop(t);
	} else {
		a->notes_put++;
		if (jm_writer_submit(a, t))
			pthread_cond_signal(&a->work);
	}
	pthread_mutex_unlock(&a->lock);
	return rc;
}

void jm_archive_notes(struct jm_archive *a, uint64_t *put_r, uint64_t *done_r)
{
	pthread_mutex_lock(&a->lock);
	*put_r = a->notes_put;
	*done_r = a->notes_done;
	pthread_mutex_unlock(&a->lock);
}
