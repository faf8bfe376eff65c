/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Volumes that are not what they were: missing, without a good header, cut short, another
 * archive's. What their headers said is guessed from the records and from the neighbours, so that
 * all other records stay readable. Nothing is changed on the disk here; whether the archive may be
 * opened like this is recover.c's to decide.
 */
#include "common/archive/store.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base/io.h"

#define ABSENT_MAX 100000 /* more missing volumes than that: a stray file's name, no archive */

void jm_salvage_problem(struct jm_volume *v, const char *fmt, ...)
{
	va_list ap;

	if (v->problem[0] != '\0') /* the first thing that is wrong tells most */
		return;
	va_start(ap, fmt);
	vsnprintf(v->problem, sizeof v->problem, fmt, ap);
	va_end(ap);
}

int jm_salvage_absent(struct jm_archive *a, uint64_t last, struct jm_err *err)
{
	uint64_t first = 1, missing = 0;
	struct jm_volume *all;
	size_t n = 0;

	for (size_t i = 0; i < a->volumes; i++) {
		missing += a->volume[i].head.number - first;
		first = a->volume[i].head.number + 1;
	}
	missing += last >= first ? last - first + 1 : 0;
	if (missing == 0)
		return 0;
	if (missing > ABSENT_MAX)
		return jm_err_set(err, JM_E_CORRUPT,
		    "%" PRIu64 " volumes are missing in %s/volumes", missing, a->dir);
	all = calloc(a->volumes + missing, sizeof *all);
	if (!all)
		return jm_err_sys(err, JM_E_TEMP, "list of volumes");
	first = 1;
	for (size_t i = 0; i <= a->volumes; i++) {
		uint64_t number = i < a->volumes ? a->volume[i].head.number : last + 1;

		for (; first < number; first++, n++) {
			all[n] = (struct jm_volume){
				.head.number = first, .headless = true, .absent = true
			};
			jm_salvage_problem(&all[n], "volume %" PRIu64 " is missing", first);
		}
		if (i < a->volumes)
			all[n++] = a->volume[i];
		first = number + 1;
	}
	free(a->volume);
	a->volume = all;
	a->volumes = a->volumes_cap = n;
	return 0;
}

/* ---- whose archive is it ---- */

static int open_volume(const struct jm_archive *a, const struct jm_volume *v, struct jm_err *err)
{
	char path[JM_VOLUME_PATH_BYTES];

	return v->absent
	    ? -1
	    : jm_io_open(jm_volume_path(a->dir, v->head.number, path), O_RDONLY, 0, err);
}

/* The first record's checksum is keyed with the UUID: does it fit? */
static bool fits(int fd, const unsigned char uuid[JM_UUID_BYTES])
{
	unsigned char head[JM_RECORD_HEAD_BYTES];
	struct jm_record_head h;
	struct jm_err no;

	return jm_io_pread(fd, head, sizeof head, JM_VOLUME_HEAD_BYTES, &no) == 0 &&
	    (jm_record_decode(head, uuid, &h, &no) == 0 || no.kind == JM_E_CONFIG);
}

/* No header is good: perhaps the UUID in one of them still is, or the catalog's (known) fits. */
static int find_uuid(struct jm_archive *a, const unsigned char *known, struct jm_err *err)
{
	unsigned char in[JM_VOLUME_HEAD_BYTES];
	struct jm_err no;

	for (size_t i = 0; i < a->volumes; i++) {
		int fd = open_volume(a, &a->volume[i], &no);
		bool good = false;

		if (fd < 0)
			continue;
		if (known && fits(fd, known)) {
			memcpy(a->uuid, known, sizeof a->uuid);
			good = true;
		} else if (jm_io_pread(fd, in, sizeof in, 0, &no) == 0 &&
		    fits(fd, in + JM_VOLUME_UUID_AT)) {
			memcpy(a->uuid, in + JM_VOLUME_UUID_AT, sizeof a->uuid);
			good = true;
		}
		close(fd);
		if (good)
			return 0;
	}
	return jm_err_set(err, JM_E_CORRUPT,
	    "no volume in %s/volumes has a good header (%s), so the archive's UUID is not known: bring one back from a backup",
	    a->dir, a->volume[0].problem);
}

int jm_salvage_uuid(struct jm_archive *a, const unsigned char *known, struct jm_err *err)
{
	const struct jm_volume *most = NULL;
	uint64_t votes = 0;

	/* What most headers have: one volume may be a stranger. */
	for (size_t i = 0; i < a->volumes; i++) {
		const struct jm_volume *v = &a->volume[i];

		if (v->headless)
			continue;
		if (votes == 0)
			most = v;
		votes += memcmp(most->head.uuid, v->head.uuid, JM_UUID_BYTES) == 0 ? 1 : UINT64_MAX;
	}
	if (!most)
		return find_uuid(a, known, err);
	memcpy(a->uuid, most->head.uuid, sizeof a->uuid);
	for (size_t i = 0; i < a->volumes; i++) {
		struct jm_volume *v = &a->volume[i];

		if (v->headless || memcmp(v->head.uuid, a->uuid, sizeof a->uuid) == 0)
			continue;
		v->headless = true;
		jm_salvage_problem(
		    v, "volume %" PRIu64 " belongs to another archive", v->head.number);
	}
	return 0;
}

/* ---- guesses ---- */

/* From header to header: the place of the first record with until or a higher number (0: none), or
 * the end of the file; the highest number before. */
static int walk(struct jm_archive *a, const struct jm_volume *v, uint64_t until, uint64_t *first_r,
    uint64_t *last_r, uint64_t *end_r, struct jm_err *err)
{
	uint64_t at = JM_VOLUME_HEAD_BYTES, size = v->end;
	struct jm_record_head h;
	bool found;
	int fd = open_volume(a, v, err), rc = 0;

	*first_r = *last_r = 0;
	*end_r = size;
	if (fd < 0)
		return v->absent ? 0 : -1;
	while (at < size) {
		rc = jm_volume_find(fd, a->uuid, at, size, &found, &at, &h, err);
		if (rc < 0 || !found)
			break;
		if (until != 0 && h.seq >= until) {
			*end_r = at;
			break;
		}
		*first_r = *first_r != 0 ? *first_r : h.seq;
		*last_r = h.seq > *last_r ? h.seq : *last_r;
		if (jm_record_bytes(&h) > size - at)
			break;
		at += jm_record_bytes(&h);
	}
	close(fd);
	return rc;
}

/* The first record of a volume without header. */
static int guess_first(struct jm_archive *a, struct jm_volume *v, struct jm_err *err)
{
	unsigned char head[JM_RECORD_HEAD_BYTES];
	struct jm_record_head h = { .seq = 0 };
	bool found = false;
	uint64_t at;
	int fd = open_volume(a, v, err), rc = 0;

	v->head.first_seq = v->head.previous_end = 0;
	if (fd < 0)
		return v->absent ? 0 : -1;
	if (jm_io_pread(fd, head, sizeof head, JM_VOLUME_HEAD_BYTES, err) < 0 ||
	    jm_record_decode(head, a->uuid, &h, err) < 0)
		rc = jm_volume_find(
		    fd, a->uuid, JM_VOLUME_HEAD_BYTES, v->end, &found, &at, &h, err);
	close(fd);
	if (rc == 0)
		v->head.first_seq = h.seq;
	return rc;
}

/* The number of the first record known to stand behind volume i; 0: none. */
static uint64_t next_first(const struct jm_archive *a, size_t i)
{
	while (++i < a->volumes)
		if (a->volume[i].head.first_seq != 0)
			return a->volume[i].head.first_seq;
	return 0;
}

static void tell_range(const struct jm_archive *a, size_t i)
{
	struct jm_volume *v = &a->volume[i];
	uint64_t next = next_first(a, i);

	if (!v->absent)
		return;
	v->problem[0] = '\0';
	if (next > v->head.first_seq && v->head.first_seq != 0)
		jm_salvage_problem(v,
		    "volume %" PRIu64 " is missing: records %" PRIu64 " to %" PRIu64
		    " cannot be read",
		    v->head.number, v->head.first_seq, next - 1);
	else
		jm_salvage_problem(v, "volume %" PRIu64 " is missing", v->head.number);
}

int jm_salvage_guess(struct jm_archive *a, struct jm_err *err)
{
	uint64_t first, last, until;

	for (size_t i = 0; i < a->volumes; i++)
		if (a->volume[i].headless && guess_first(a, &a->volume[i], err) < 0)
			return -1;
	/* Where a volume ends is known from its successor's header only; else at the first record
	 * that the successor has, too. */
	for (size_t i = 0; i + 1 < a->volumes; i++) {
		if (!a->volume[i + 1].headless)
			continue;
		until = next_first(a, i);
		last = a->volume[i].head.first_seq > 0 ? a->volume[i].head.first_seq - 1 : 0;
		if (!a->volume[i].absent) {
			if (walk(a, &a->volume[i], until, &first, &last, &a->volume[i].end, err) <
			    0)
				return -1;
		}
		if (a->volume[i + 1].absent)
			a->volume[i + 1].head.first_seq = last + 1;
	}
	if (a->volumes > 0 && a->volume[0].absent)
		a->volume[0].head.first_seq = 1;
	for (size_t i = 0; i < a->volumes; i++)
		tell_range(a, i);
	return 0;
}
