/* SPDX-License-Identifier: BSD-2-Clause */
/* Loading the records of a dump in order. Several are submitted at a time. */
#include "common/upkeep/load.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/archive/content.h"
#include "common/archive/reader.h"
#include "common/archive/verbatim.h"
#include "common/base/clock.h"
#include "common/json/value.h"
#include "common/upkeep/record_type.h"

#define WINDOW 64 /* records submitted at a time, so that groups form */

struct jm_loader {
	struct jm_archive *a;
	uint64_t next_seq;
	struct jm_verbatim *slot[WINDOW];
	size_t first, n;
};

int jm_loader_new(struct jm_archive *a, struct jm_loader **l_r, struct jm_err *err)
{
	struct jm_loader *l;

	if (!jm_archive_is_verbatim(a))
		return jm_err_set(err, JM_E_BUG, "loading into an archive that is not open for it");
	l = calloc(1, sizeof *l);
	if (!l)
		return jm_err_sys(err, JM_E_TEMP, "load");
	l->a = a;
	l->next_seq = jm_reader_durable_seq(a) + 1;
	*l_r = l;
	return 0;
}

uint64_t jm_loader_next(const struct jm_loader *l)
{
	return l->next_seq;
}

/* Wait for the oldest submitted record. */
static int load_settle(struct jm_loader *l, struct jm_err *err)
{
	int rc = jm_verbatim_settle(l->a, &l->slot[l->first], err);

	l->first = (l->first + 1) % WINDOW;
	l->n--;
	return rc;
}

static int load_submit(struct jm_loader *l, const struct jm_verbatim_record *r, struct jm_err *err)
{
	struct jm_verbatim *v;
	bool borrows;

	if (l->n == WINDOW && load_settle(l, err) != 0)
		return -1;
	if (jm_verbatim_submit(l->a, r, &v, err) != 0)
		return jm_err_wrap(err, "record %" PRIu64, r->seq);
	borrows = jm_verbatim_borrows(v);
	l->slot[(l->first + l->n++) % WINDOW] = v;
	l->next_seq = r->seq + 1;
	while (borrows && l->n > 0)
		if (load_settle(l, err) != 0)
			return -1;
	return 0;
}

/* ---- reports ---- */

static int load_digest(
    const json_t *o, const char *key, unsigned char *digest, const char *what, struct jm_err *err)
{
	if (jm_sha256_unhex(jm_json_span(o, key), digest) == 0)
		return 0;
	return jm_err_set(err, JM_E_CORRUPT, "the dump's metadata has no digest of the %s", what);
}

/* Unwrap the message of a report again, by the steps in its metadata, and check all digests. The
 * caller releases *raw_r. */
static int check_report(json_t *meta, struct jm_span received, struct jm_digests *s,
    struct jm_raw *raw_r, struct jm_err *err)
{
	unsigned char got[JM_SHA256_BYTES];

	if (load_digest(json_object_get(meta, "report"), "sha256", s->received, "report", err) !=
		0 ||
	    load_digest(meta, "key", s->key, "match key", err) != 0 ||
	    jm_sha256_of(received, got, err) != 0)
		return -1;
	if (memcmp(got, s->received, sizeof got) != 0)
		return jm_err_set(err, JM_E_CORRUPT, "the report's digest does not fit");
	if (jm_content_raw_of(meta, "content", received, raw_r, err) != 0)
		return -1;
	memcpy(s->raw, raw_r->described.raw_sha256, sizeof s->raw);
	memcpy(s->message, raw_r->described.sha256, sizeof s->message);
	return 0;
}

static int load_report(
    struct jm_loader *l, struct jm_verbatim_record *r, struct jm_span received, struct jm_err *err)
{
	struct jm_unwrap u = { .variant = JM_VARIANT_PLAIN };
	const struct jm_deposit d = { .received = received, .unwrap = &u };
	struct jm_digests sums;
	struct jm_raw raw = { .owned = NULL };
	int rc;

	if (check_report(r->meta, received, &sums, &raw, err) != 0)
		return jm_err_wrap(err, "record %" PRIu64, r->seq);
	u.message.raw = raw.bytes;
	memcpy(u.message.steps, raw.described.steps, sizeof u.message.steps);
	u.message.steps_n = raw.described.steps_n;
	r->deposit = &d;
	r->digests = &sums;
	rc = load_submit(l, r, err);
	r->deposit = NULL;
	r->digests = NULL;
	jm_raw_release(&raw);
	return rc;
}

/* ---- records that exist already, and missing records ---- */

/* Check that report seq of the archive is the one of the dump. */
static int load_compare(struct jm_loader *l, uint64_t seq, const json_t *meta, struct jm_err *err)
{
	struct jm_located at;
	struct jm_stored_report r;
	bool same;
	int rc = jm_reader_locate(l->a, seq, &at, err);

	if (rc == 0)
		return jm_err_set(err, JM_E_USAGE,
		    "record %" PRIu64 " of the archive is no report, that of the dump is: it is no "
		    "load of this dump",
		    seq);
	if (rc < 0 || jm_reader_report(l->a, seq, &r, err) != 0)
		return -1;
	same = json_equal(json_object_get(r.meta, "report"), json_object_get(meta, "report")) &&
	    json_equal(json_object_get(r.meta, "arrival"), json_object_get(meta, "arrival"));
	jm_stored_report_release(&r);
	return same ? 0
		    : jm_err_set(err, JM_E_USAGE,
			  "record %" PRIu64
			  " of the archive is not the one of the dump: load into a new archive",
			  seq);
}

/* The dump lacks records, because they were damaged: store events with their numbers instead. */
static int fill_gap(struct jm_loader *l, uint64_t until, int64_t time_ms, struct jm_err *err)
{
	while (l->next_seq < until) {
		struct jm_verbatim_record r = {
			.type = JM_RECORD_EVENT, .seq = l->next_seq, .time_ms = time_ms
		};
		char text[120];
		const struct jm_event e = {
			.time_ms = time_ms, .kind = "lost", .actor = "load", .text = text
		};
		int rc;

		snprintf(text, sizeof text,
		    "record %" PRIu64 " is not in the dump that this archive was loaded from",
		    l->next_seq);
		r.meta = jm_describe_event(&e, err);
		rc = r.meta ? load_submit(l, &r, err) : -1;
		json_decref(r.meta);
		if (rc != 0)
			return -1;
	}
	return 0;
}

int jm_loader_add(struct jm_loader *l, const json_t *line, struct jm_span received, bool *fresh_r,
    struct jm_err *err)
{
	const char *time = jm_json_str(line, "time");
	int type = jm_record_type_of(json_object_get(line, "type"));
	struct jm_verbatim_record r = { .type = (enum jm_record_type)type,
		.seq = jm_json_u64(line, "seq"),
		.meta = json_object_get(line, "metadata") };

	*fresh_r = false;
	if (r.seq == 0 || type <= 0 || !json_is_object(r.meta) || !time ||
	    jm_clock_parse(time, &r.time_ms) != 0)
		return jm_err_set(err, JM_E_CORRUPT,
		    "a line of the dump's manifest lacks seq, type, time or metadata");
	if (r.seq < l->next_seq)
		return type == JM_RECORD_REPORT ? load_compare(l, r.seq, r.meta, err) : 0;
	if (fill_gap(l, r.seq, r.time_ms, err) != 0)
		return -1;
	*fresh_r = true;
	return type == JM_RECORD_REPORT ? load_report(l, &r, received, err)
					: load_submit(l, &r, err);
}

int jm_loader_finish(struct jm_loader **lp, struct jm_err *err)
{
	struct jm_loader *l = *lp;
	struct jm_err ignored;
	int rc = 0;

	if (!l)
		return 0;
	while (l->n > 0)
		if (load_settle(l, rc == 0 ? err : &ignored) != 0)
			rc = -1;
	free(l);
	*lp = NULL;
	return rc;
}
