/* SPDX-License-Identifier: BSD-2-Clause */
/* Walking through the volumes, record by record, past what is damaged. Who wants what of a record:
 * dump.c, rebuild in applier.c. */
#include "common/archive/store.h"

#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

struct state {
	struct jm_archive *a;
	const struct jm_walk *w;
	uint64_t next_seq; /* 0: unknown */
	int rc;            /* 1: a visitor had enough */
};

static int tell_damage(struct state *s, uint64_t seq, uint64_t volume, uint64_t offset,
    const char *problem, struct jm_err *err)
{
	return s->w->damage(s->w->ctx, seq, volume, offset, problem, err);
}

/* The record at *offset could not be read: name it and find the next. 0; 1: there is none before
 * end; -1. */
static int skip(struct state *s, int fd, const struct jm_volume *v, const struct jm_record_head *h,
    uint64_t *offset, const char *problem, struct jm_err *err)
{
	struct jm_record_head next;
	uint64_t at = *offset, seq = h->seq != 0 ? h->seq : s->next_seq;
	bool found = false;

	/* Its header was good: the next one stands where it says. */
	if (h->seq != 0 && jm_record_bytes(h) <= v->end - at) {
		*offset = at + jm_record_bytes(h);
		s->next_seq = h->seq + 1;
		return tell_damage(s, seq, v->head.number, at, problem, err);
	}
	if (jm_volume_find(fd, s->a->uuid, at + 1, v->end, &found, offset, &next, err) < 0)
		return -1;
	if (tell_damage(s, seq, v->head.number, at, problem, err) < 0)
		return -1;
	s->next_seq = 0;
	return found ? 0 : 1;
}

static int walk_volume(
    struct state *s, const struct jm_volume *v, uint64_t offset, struct jm_err *err)
{
	struct jm_err why;
	struct jm_record r;
	int fd, rc = 0;

	if (v->problem[0] != '\0' &&
	    tell_damage(s, v->head.first_seq, v->head.number, 0, v->problem, err) < 0)
		return -1;
	if (v->absent || jm_reader_open_volume(s->a, v->head.number, &fd, &why) < 0) {
		s->next_seq = 0;
		if (!v->absent && jm_reader_not_now(&why)) {
			*err = why;
			return -1;
		}
		return v->absent
		    ? 0
		    : tell_damage(s, v->head.first_seq, v->head.number, 0, why.text, err);
	}
	while (rc == 0 && offset < v->end) {
		if (jm_volume_read(fd, s->a->uuid, v->head.number, offset, v->end, &r, &why) < 0) {
			if (why.kind != JM_E_CORRUPT && why.kind != JM_E_CONFIG) {
				*err = why;
				rc = -1;
			} else {
				rc = skip(s, fd, v, &r.head, &offset, why.text, err);
			}
			continue;
		}
		if (s->next_seq != 0 && r.head.seq != s->next_seq)
			rc = tell_damage(s, s->next_seq, v->head.number, offset,
			    "records are missing here", err);
		s->next_seq = r.head.seq + 1;
		offset += jm_record_bytes(&r.head);
		if (rc == 0 && r.head.seq >= s->w->since)
			rc = s->w->record(s->w->ctx, fd, &r, err);
		s->rc = rc == 1 ? 1 : 0;
		jm_record_release(&r);
	}
	close(fd);
	return rc < 0 ? -1 : 0;
}

int jm_volumes_walk(struct jm_archive *a, const struct jm_walk *w, struct jm_err *err)
{
	struct state s = { .a = a, .w = w };
	struct jm_volume *list;
	size_t n, i = 0;
	int rc = 0;

	list = jm_volumes_now(a, &n, err);
	if (!list)
		return -1;
	/* What a lost header hides is looked at in any case. */
	while (i + 1 < n && !list[i + 1].headless &&
	    (w->from_volume != 0 ? list[i].head.number < w->from_volume
				 : list[i + 1].head.first_seq <= w->since))
		i++;
	for (; i < n && rc == 0 && s.rc == 0; i++)
		rc = walk_volume(&s, &list[i],
		    list[i].head.number == w->from_volume ? w->from_offset : JM_VOLUME_HEAD_BYTES,
		    err);
	free(list);
	return rc;
}

int jm_volumes_add(struct jm_archive *a, const struct jm_volume *v, struct jm_err *err)
{
	if (a->volumes == a->volumes_cap) {
		size_t cap = a->volumes_cap ? 2 * a->volumes_cap : 16;
		void *more = realloc(a->volume, cap * sizeof *a->volume);

		if (!more)
			return jm_err_sys(err, JM_E_TEMP, "list of volumes");
		a->volume = more;
		a->volumes_cap = cap;
	}
	a->volume[a->volumes++] = *v;
	return 0;
}

struct jm_volume *jm_volumes_now(struct jm_archive *a, size_t *n_r, struct jm_err *err)
{
	struct jm_volume *list;

	pthread_mutex_lock(&a->lock);
	*n_r = a->volumes;
	list = calloc(*n_r + 1, sizeof *list);
	if (list && *n_r > 0)
		memcpy(list, a->volume, *n_r * sizeof *list);
	pthread_mutex_unlock(&a->lock);
	if (!list)
		(void)jm_err_sys(err, JM_E_TEMP, "list of volumes");
	return list;
}

uint64_t jm_volume_last_seq(struct jm_archive *a, const struct jm_volume *v, uint64_t at_least)
{
	uint64_t seq = at_least;

	pthread_mutex_lock(&a->lock);
	for (size_t i = 0; i < a->volumes; i++)
		if (a->volume[i].head.number == v->head.number + 1 &&
		    a->volume[i].head.first_seq > at_least)
			seq = a->volume[i].head.first_seq - 1;
	pthread_mutex_unlock(&a->lock);
	return seq;
}
