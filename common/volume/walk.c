/* SPDX-License-Identifier: BSD-2-Clause */
/* Visiting the records of all volumes in order, past damage. */
#include "common/volume/walk.h"

#include <stdlib.h>

struct walking {
	struct jm_volumes *volumes;
	const struct jm_walk *w;
	uint64_t next_seq; /* 0: unknown */
	bool enough;       /* the visitor said so */
};

static int report_damage(struct walking *s, uint64_t seq, uint64_t volume, uint64_t offset,
    const char *problem, struct jm_err *err)
{
	const struct jm_damage d = { seq, { volume, offset }, problem };

	return s->w->damage(s->w->ctx, &d, err);
}

/* Record r, at r->offset, could not be read; err has the cause. Report the damage, and move *offset
 * to the next record. 0; 1: there are no more records before end; -1. */
static int skip_record(struct walking *s, const struct jm_volume_file *f, uint64_t end,
    const struct jm_record *r, uint64_t *offset, struct jm_err *err)
{
	const struct jm_record_head *h = &r->head;
	uint64_t at = *offset, seq = h->seq != 0 ? h->seq : s->next_seq;
	struct jm_err cause = *err;
	const char *problem = cause.text;
	struct jm_found next;

	/* If the header was good, it says where the next record is. */
	if (h->seq != 0 && jm_record_bytes(h) <= end - at) {
		*offset = at + jm_record_bytes(h);
		s->next_seq = h->seq + 1;
		return report_damage(s, seq, f->number, at, problem, err);
	}
	if (jm_volume_find(f, at + 1, end, &next, err) != 0 ||
	    report_damage(s, seq, f->number, at, problem, err) < 0)
		return -1;
	s->next_seq = 0;
	*offset = next.offset;
	return next.found ? 0 : 1;
}

/* Visit the record at *offset, and move *offset to the next one. 0; 1: the end of the volume, or
 * the visitor said enough; -1. */
static int walk_record(struct walking *s, const struct jm_volume_file *f, uint64_t end,
    uint64_t *offset, struct jm_err *err)
{
	struct jm_record r;
	int rc = 0;

	if (jm_volume_read(f, *offset, end, &r, err) != 0) {
		if (err->kind != JM_E_CORRUPT && err->kind != JM_E_CONFIG)
			return -1;
		return skip_record(s, f, end, &r, offset, err);
	}
	if (s->next_seq != 0 && r.head.seq != s->next_seq)
		rc = report_damage(
		    s, s->next_seq, f->number, *offset, "records are missing here", err);
	s->next_seq = r.head.seq + 1;
	*offset += jm_record_bytes(&r.head);
	if (rc == 0 && r.head.seq >= s->w->since)
		rc = s->w->record(s->w->ctx, &r, err);
	s->enough = rc == 1;
	jm_record_release(&r);
	return rc;
}

static int walk_volume(
    struct walking *s, const struct jm_volume *v, uint64_t offset, struct jm_err *err)
{
	uint64_t number = v->head.number;
	struct jm_volume_file f;
	int rc = 0;

	if (v->problem[0] != '\0' &&
	    report_damage(s, v->head.first_seq, number, 0, v->problem, err) < 0)
		return -1;
	if (v->absent) {
		s->next_seq = 0;
		return 0;
	}
	if (jm_volume_open(s->volumes, number, &f, err) != 0) {
		struct jm_err cause = *err;

		s->next_seq = 0;
		return jm_volume_not_now(&cause)
		    ? -1
		    : report_damage(s, v->head.first_seq, number, 0, cause.text, err);
	}
	while (rc == 0 && offset < v->end)
		rc = walk_record(s, &f, v->end, &offset, err);
	jm_volume_close(&f);
	return rc < 0 ? -1 : 0;
}

size_t jm_walk_first(const struct jm_volume *list, size_t n, const struct jm_walk *w)
{
	size_t i = 0;

	while (i + 1 < n && !list[i + 1].headless &&
	    (w->from_volume != 0 ? list[i].head.number < w->from_volume
				 : list[i + 1].head.first_seq <= w->since))
		i++;
	return i;
}

int jm_volumes_walk(struct jm_volumes *v, const struct jm_walk *w, struct jm_err *err)
{
	struct walking s = { .volumes = v, .w = w };
	struct jm_volume *list;
	size_t n;
	int rc = 0;

	list = jm_volumes_now(v, &n, err);
	if (!list)
		return -1;
	for (size_t i = jm_walk_first(list, n, w); i < n && rc == 0 && !s.enough; i++)
		rc = walk_volume(&s, &list[i],
		    list[i].head.number == w->from_volume ? w->from_offset : JM_VOLUME_HEAD_BYTES,
		    err);
	free(list);
	return rc;
}
