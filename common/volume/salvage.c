/* SPDX-License-Identifier: BSD-2-Clause */
/* Damaged volumes: guessing missing numbers, lost headers and the archive's UUID. */
#include "common/volume/salvage.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/volume/file.h"

#define ABSENT_MAX 100000 /* with more missing volumes, one file must have a stray name */

int jm_salvage_absent(struct jm_volumes *v, uint64_t last, struct jm_err *err)
{
	uint64_t first = 1, missing = 0;
	struct jm_volume *all;
	size_t n = 0;

	for (size_t i = 0; i < v->n; i++) {
		missing += v->list[i].head.number - first;
		first = v->list[i].head.number + 1;
	}
	missing += last >= first ? last - first + 1 : 0;
	if (missing == 0)
		return 0;
	if (missing > ABSENT_MAX)
		return jm_err_set(err, JM_E_CORRUPT,
		    "%" PRIu64 " volumes are missing in %s/volumes", missing, v->dir);
	all = calloc(v->n + missing, sizeof *all);
	if (!all)
		return jm_err_sys(err, JM_E_TEMP, "list of volumes");
	first = 1;
	for (size_t i = 0; i <= v->n; i++) {
		uint64_t number = i < v->n ? v->list[i].head.number : last + 1;

		for (; first < number; first++, n++) {
			all[n] = (struct jm_volume){
				.head.number = first, .headless = true, .absent = true
			};
			jm_volume_problem(&all[n], "volume %" PRIu64 " is missing", first);
		}
		if (i < v->n)
			all[n++] = v->list[i];
		first = number + 1;
	}
	free(v->list);
	v->list = all;
	v->n = v->cap = n;
	return 0;
}

/* ---- the UUID ---- */

/* Does the UUID fit the first record? Record checksums are keyed with it. */
static bool uuid_fits(const struct jm_volume_file *f, const unsigned char uuid[JM_UUID_BYTES])
{
	unsigned char head[JM_RECORD_HEAD_BYTES];
	struct jm_record_head h;
	struct jm_err cause;

	return jm_volume_pread(f, head, sizeof head, JM_VOLUME_HEAD_BYTES, &cause) == 0 &&
	    (jm_record_decode(head, uuid, &h, &cause) == 0 || cause.kind == JM_E_CONFIG);
}

/* No volume header is good. Try the catalog's UUID (known), then the UUID bytes of each header. */
static int find_uuid(struct jm_volumes *v, const unsigned char *known, struct jm_err *err)
{
	unsigned char in[JM_VOLUME_HEAD_BYTES];
	struct jm_err ignored;

	for (size_t i = 0; i < v->n; i++) {
		const unsigned char *good = NULL;
		struct jm_volume_file f;

		if (v->list[i].absent ||
		    jm_volume_open(v, v->list[i].head.number, &f, &ignored) != 0)
			continue;
		if (known && uuid_fits(&f, known))
			good = known;
		else if (jm_volume_pread(&f, in, sizeof in, 0, &ignored) == 0 &&
		    uuid_fits(&f, in + JM_VOLUME_UUID_AT))
			good = in + JM_VOLUME_UUID_AT;
		jm_volume_close(&f);
		if (good) {
			memcpy(v->uuid, good, sizeof v->uuid);
			return 0;
		}
	}
	return jm_err_set(err, JM_E_CORRUPT,
	    "no volume in %s/volumes has a good header (%s), so the archive's UUID is not known: "
	    "bring one back from a backup",
	    v->dir, v->list[0].problem);
}

int jm_salvage_uuid(struct jm_volumes *v, const unsigned char *known, struct jm_err *err)
{
	const struct jm_volume *most = NULL;
	uint64_t votes = 0;

	/* Take the UUID that most headers have: one volume may belong to another archive. */
	for (size_t i = 0; i < v->n; i++) {
		const struct jm_volume *one = &v->list[i];

		if (one->headless)
			continue;
		if (votes == 0)
			most = one;
		votes += memcmp(most->head.uuid, one->head.uuid, JM_UUID_BYTES) == 0 ? 1
										     : UINT64_MAX;
	}
	if (!most)
		return find_uuid(v, known, err);
	memcpy(v->uuid, most->head.uuid, sizeof v->uuid);
	for (size_t i = 0; i < v->n; i++) {
		struct jm_volume *one = &v->list[i];

		if (one->headless || memcmp(one->head.uuid, v->uuid, sizeof v->uuid) == 0)
			continue;
		one->headless = true;
		jm_volume_problem(
		    one, "volume %" PRIu64 " belongs to another archive", one->head.number);
	}
	return 0;
}

/* ---- guesses ---- */

/* Follow the record headers of a volume. *end_r: the offset of the first record whose number is at
 * least until (0: no limit), or the end of the file. *last_r: the highest number before it. */
static int walk_heads(struct jm_volumes *v, const struct jm_volume *one, uint64_t until,
    uint64_t *last_r, uint64_t *end_r, struct jm_err *err)
{
	uint64_t at = JM_VOLUME_HEAD_BYTES, size = one->end;
	struct jm_volume_file f;
	struct jm_found next;
	int rc = 0;

	*last_r = 0;
	*end_r = size;
	if (jm_volume_open_listed(v, one->head.number, &f, err) != 0)
		return -1;
	while (at < size) {
		rc = jm_volume_find(&f, at, size, &next, err);
		if (rc != 0 || !next.found)
			break;
		at = next.offset;
		if (until != 0 && next.head.seq >= until) {
			*end_r = at;
			break;
		}
		*last_r = next.head.seq > *last_r ? next.head.seq : *last_r;
		if (jm_record_bytes(&next.head) > size - at)
			break;
		at += jm_record_bytes(&next.head);
	}
	jm_volume_close(&f);
	return rc;
}

/* Set the number of the first record of a volume without a good header. */
static int guess_first(struct jm_volumes *v, struct jm_volume *one, struct jm_err *err)
{
	unsigned char head[JM_RECORD_HEAD_BYTES];
	struct jm_found first = { .found = false };
	struct jm_volume_file f;
	int rc = 0;

	one->head.first_seq = one->head.previous_end = 0;
	if (one->absent)
		return 0;
	if (jm_volume_open_listed(v, one->head.number, &f, err) != 0)
		return -1;
	if (jm_volume_pread(&f, head, sizeof head, JM_VOLUME_HEAD_BYTES, err) != 0 ||
	    jm_record_decode(head, v->uuid, &first.head, err) != 0)
		rc = jm_volume_find(&f, JM_VOLUME_HEAD_BYTES, one->end, &first, err);
	jm_volume_close(&f);
	if (rc == 0)
		one->head.first_seq = first.head.seq;
	return rc;
}

/* The number of the first record that is known to be in a volume after volume i; 0: not known. */
static uint64_t next_first(const struct jm_volumes *v, size_t i)
{
	while (++i < v->n)
		if (v->list[i].head.first_seq != 0)
			return v->list[i].head.first_seq;
	return 0;
}

/* Say which records are lost with an absent volume. */
static void note_range(struct jm_volumes *v, size_t i)
{
	struct jm_volume *one = &v->list[i];
	uint64_t next = next_first(v, i);

	if (!one->absent)
		return;
	one->problem[0] = '\0';
	if (next > one->head.first_seq && one->head.first_seq != 0)
		jm_volume_problem(one,
		    "volume %" PRIu64 " is missing: records %" PRIu64 " to %" PRIu64
		    " cannot be read",
		    one->head.number, one->head.first_seq, next - 1);
	else
		jm_volume_problem(one, "volume %" PRIu64 " is missing", one->head.number);
}

int jm_salvage_guess(struct jm_volumes *v, struct jm_err *err)
{
	uint64_t last;

	for (size_t i = 0; i < v->n; i++)
		if (v->list[i].headless && guess_first(v, &v->list[i], err) != 0)
			return -1;
	/* Only the header of the next volume says where a volume ends. Without that header, the
	 * volume ends before the first record that a later volume has, too. */
	for (size_t i = 0; i + 1 < v->n; i++) {
		struct jm_volume *one = &v->list[i], *after = &v->list[i + 1];

		if (!after->headless)
			continue;
		last = one->head.first_seq > 0 ? one->head.first_seq - 1 : 0;
		if (!one->absent &&
		    walk_heads(v, one, next_first(v, i), &last, &one->end, err) != 0)
			return -1;
		if (after->absent)
			after->head.first_seq = last + 1;
	}
	if (v->n > 0 && v->list[0].absent)
		v->list[0].head.first_seq = 1;
	for (size_t i = 0; i < v->n; i++)
		note_range(v, i);
	return 0;
}

/* ---- volumes that are cut short ---- */

int jm_salvage_last_whole(
    struct jm_volumes *v, const struct jm_volume *one, uint64_t *last_r, struct jm_err *err)
{
	uint64_t at = JM_VOLUME_HEAD_BYTES;
	struct jm_volume_file f;
	struct jm_found next;
	int rc = 0;

	*last_r = 0;
	if (one->absent)
		return 0;
	if (jm_volume_open_listed(v, one->head.number, &f, err) != 0)
		return -1;
	while (at < one->end) {
		rc = jm_volume_find(&f, at, one->end, &next, err);
		if (rc != 0 || !next.found || jm_record_bytes(&next.head) > one->end - next.offset)
			break;
		*last_r = next.head.seq;
		at = next.offset + jm_record_bytes(&next.head);
	}
	jm_volume_close(&f);
	return rc;
}

int jm_salvage_name_lost(struct jm_volumes *v, size_t i, struct jm_err *err)
{
	struct jm_volume *one = &v->list[i];
	const struct jm_volume_head *next = &v->list[i + 1].head;
	uint64_t last;

	if (one->headless || v->list[i + 1].headless || next->previous_end <= one->end)
		return 0;
	if (jm_salvage_last_whole(v, one, &last, err) != 0)
		return -1;
	last = last == 0 ? one->head.first_seq - 1 : last;
	one->problem[0] = '\0';
	jm_volume_problem(one,
	    "volume %" PRIu64 " is shorter (%" PRIu64 " bytes) than the next one says (%" PRIu64
	    "): records %" PRIu64 " to %" PRIu64 " cannot be read",
	    one->head.number, one->end, next->previous_end, last + 1, next->first_seq - 1);
	return 0;
}
