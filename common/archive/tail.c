/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The open end of the log. A failed write is cut off again. A failed sync is final for that file:
 * the next group goes into a new volume, whose header says where the valid part of the one before
 * ends.
 */
#include "common/archive/tail.h"

#include <inttypes.h>
#include <string.h>

#include "common/base/clock.h"

#define RECHECK_BYTES (64ull << 20) /* acknowledged bytes that are read after a failed sync */

static struct jm_volume_head next_head(struct jm_archive *a)
{
	struct jm_volume_head h = {
		.number = 1, .first_seq = a->tail.next_seq, .created_ms = jm_clock_now_ms()
	};
	struct jm_volume last;

	memcpy(h.uuid, a->volumes.uuid, sizeof h.uuid);
	if (jm_volumes_last(&a->volumes, &last)) {
		h.number = last.head.number + 1;
		h.previous_end = a->tail.end;
		memcpy(h.previous_sha256, a->tail.last_sha256, sizeof h.previous_sha256);
	}
	return h;
}

uint64_t jm_tail_next_volume(struct jm_archive *a)
{
	struct jm_volume last;

	return jm_volumes_last(&a->volumes, &last) ? last.head.number + 1 : 1;
}

static int add_volume(struct jm_archive *a, const struct jm_volume_head *h, struct jm_err *err)
{
	return jm_volumes_add(
	    &a->volumes, &(struct jm_volume){ .head = *h, .end = JM_VOLUME_HEAD_BYTES }, err);
}

int jm_tail_roll(struct jm_archive *a, struct jm_err *err)
{
	struct jm_volume_head h = next_head(a);
	struct jm_volume_file f;

	if (jm_volume_create(&a->volumes, &h, &f, err) != 0)
		return -1;
	if (add_volume(a, &h, err) != 0) {
		jm_volume_close(&f);
		return -1;
	}
	a->tail.file = f;
	a->tail.end = JM_VOLUME_HEAD_BYTES;
	return 0;
}

int jm_tail_adopt(struct jm_archive *a, struct jm_ticket *t, struct jm_err *err)
{
	struct jm_volume_head h = next_head(a);
	const struct jm_apart_record parts = { jm_span_of(t->head_bytes, sizeof t->head_bytes),
		jm_span_of(t->meta_text, t->head.meta_bytes),
		jm_span_of(t->trailer, sizeof t->trailer) };
	struct jm_volume_file f;
	struct jm_err ignored;

	if (jm_apart_adopt(&t->apart, &a->volumes, &h, &parts, &f, err) != 0)
		return -1;
	if (add_volume(a, &h, err) != 0) {
		jm_volume_close(&f);
		(void)!jm_volume_remove(&a->volumes, h.number, &ignored);
		return -1;
	}
	jm_tail_leave(a);
	a->tail.file = f;
	a->tail.end = JM_VOLUME_HEAD_BYTES + jm_record_bytes(&t->head);
	return 0;
}

void jm_tail_leave(struct jm_archive *a)
{
	jm_volume_close(&a->tail.file);
	a->tail.untrimmed = a->tail.doubtful = false;
}

/* After a failed sync: do the last acknowledged records read back? Reads may be served from memory,
 * so this can find damage, but not exclude it. */
static int recheck(struct jm_archive *a, struct jm_err *err)
{
	const struct jm_tail *t = &a->tail;
	uint64_t at = JM_VOLUME_HEAD_BYTES;
	struct jm_record r;

	while (at < t->end) {
		bool late = t->end - at <= RECHECK_BYTES;
		int rc = jm_volume_read(&t->file, at, t->end, &r, err);

		if (rc == 0 && late)
			rc = jm_volume_check_body(&t->file, &r, err);
		if (rc != 0) {
			jm_record_release(&r);
			return jm_err_wrap(err,
			    "reading back after a failed sync: volume %" PRIu64 " at %" PRIu64,
			    t->file.number, at);
		}
		at += jm_record_bytes(&r.head);
		jm_record_release(&r);
	}
	return 0;
}

int jm_tail_mend(struct jm_archive *a, struct jm_err *err)
{
	struct jm_tail *t = &a->tail;

	if (t->damaged)
		return jm_err_set(err, JM_E_TEMP,
		    "acknowledged records do not read back from volume %" PRIu64
		    ": not writing until the archive is opened again and verified",
		    t->file.number);
	if (jm_volume_is_open(&t->file) && t->doubtful) {
		if (recheck(a, err) != 0) {
			/* A record that cannot be read now is tried again. */
			t->damaged = err->kind == JM_E_CORRUPT && err->sys != EIO;
			err->kind = JM_E_TEMP;
			return -1;
		}
		jm_tail_leave(a);
	}
	if (jm_volume_is_open(&t->file) && t->untrimmed) {
		if (jm_volume_truncate(&t->file, t->end, err) != 0)
			return jm_err_wrap(err, "cutting off an incomplete write");
		t->untrimmed = false;
	}
	return 0;
}
