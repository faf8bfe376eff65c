/* SPDX-License-Identifier: BSD-2-Clause */
/* Copying the valid parts of volumes. */
#include "common/upkeep/copy.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/archive/reader.h"
#include "common/json/value.h"
#include "common/volume/file.h"

#define CHUNK_BYTES (256u * 1024u)

/* The end of a copy's log. */
struct tip {
	uint64_t seq, volume, offset;
	unsigned char sha256[JM_SHA256_BYTES];
};

static int read_tip(struct jm_archive *a, const json_t *o, struct tip *t, struct jm_err *err)
{
	const char *uuid = jm_json_str(o, "uuid");
	char own[2 * JM_UUID_BYTES + 1];

	memset(t, 0, sizeof *t);
	if (!o || json_is_null(o))
		return 0;
	t->seq = jm_json_u64(o, "seq");
	t->volume = jm_json_u64(o, "volume");
	t->offset = jm_json_u64(o, "offset");
	if (!uuid || t->volume == 0 || t->offset < JM_VOLUME_HEAD_BYTES ||
	    jm_sha256_unhex(jm_json_span(o, "sha256"), t->sha256) != 0)
		return jm_err_set(
		    err, JM_E_USAGE, "the place up to which the copy goes makes no sense");
	jm_volumes_uuid_text(jm_archive_volumes(a), own);
	return strcmp(uuid, own) == 0
	    ? 0
	    : jm_err_set(err, JM_E_USAGE, "the copy is one of another archive (%.32s, this is %s)",
		  uuid, own);
}

/* Does the copy end with what is there in the archive? */
static int check_tip(struct jm_archive *a, const struct tip *t, const struct jm_volume *list,
    size_t n, struct jm_err *err)
{
	unsigned char got[JM_SHA256_BYTES];
	uint64_t at = t->offset == JM_VOLUME_HEAD_BYTES ? JM_VOLUME_PREVIOUS_SHA256_AT
							: t->offset - JM_SHA256_BYTES;
	size_t i = 0;
	struct jm_volume_file f;
	int rc;

	while (i < n && list[i].head.number != t->volume)
		i++;
	if (i == n || t->offset > list[i].end)
		return jm_err_set(err, JM_E_USAGE,
		    "the copy has more than the archive (volume %" PRIu64 " up to %" PRIu64
		    "): was the archive set back, or the copy used as one?",
		    t->volume, t->offset);
	if (jm_volume_open(jm_archive_volumes(a), t->volume, &f, err) != 0)
		return -1;
	rc = jm_volume_pread(&f, got, sizeof got, at, err);
	jm_volume_close(&f);
	if (rc != 0)
		return -1;
	if (t->offset == JM_VOLUME_HEAD_BYTES && t->volume == 1)
		return 0; /* a new archive's first volume has nothing before it */
	return memcmp(got, t->sha256, sizeof got) == 0
	    ? 0
	    : jm_err_set(err, JM_E_USAGE,
		  "the copy has other records than the archive at volume %" PRIu64 ", %" PRIu64
		  ": make a new copy",
		  t->volume, t->offset);
}

/* Who gets the copy. */
struct receiver {
	jm_archive_visit *visit;
	jm_archive_sink *sink;
	void *ctx;
};

/* The bytes [from, to) of a volume. */
static int copy_range(struct jm_archive *a, uint64_t number, uint64_t from, uint64_t to,
    const struct receiver *x, struct jm_err *err)
{
	json_t *o = json_pack("{s:s,s:I,s:I,s:I}", "copy", "volume", "volume", (json_int_t)number,
	    "offset", (json_int_t)from, "bytes", (json_int_t)(to - from));
	unsigned char *chunk = malloc(CHUNK_BYTES);
	struct jm_volume_file f = JM_VOLUME_FILE_NONE;
	int rc = -1;

	if (!o || !chunk)
		(void)jm_err_set(err, JM_E_TEMP, "no memory for a copy");
	else if (jm_volume_open(jm_archive_volumes(a), number, &f, err) == 0)
		rc = x->visit(x->ctx, o, err);
	while (rc == 0 && from < to) {
		size_t n = to - from < CHUNK_BYTES ? (size_t)(to - from) : CHUNK_BYTES;

		rc = jm_volume_pread(&f, chunk, n, from, err);
		if (rc < 0)
			(void)jm_err_wrap(err, "volume %" PRIu64 " at %" PRIu64, number, from);
		else
			rc = x->sink(x->ctx, chunk, n, err);
		from += n;
	}
	jm_volume_close(&f);
	free(chunk);
	json_decref(o);
	return rc < 0 ? -1 : 0;
}

int jm_archive_copy(struct jm_archive *a, const json_t *tip, jm_archive_visit *on_object,
    jm_archive_sink *sink, void *ctx, struct jm_err *err)
{
	char uuid[2 * JM_UUID_BYTES + 1];
	const struct receiver x = { on_object, sink, ctx };
	struct jm_volume *list;
	struct tip t;
	uint64_t durable;
	size_t n;
	json_t *o;
	int rc;

	if (read_tip(a, tip, &t, err) != 0)
		return -1;
	/* Volume ends may already include a later group; only this is promised. */
	durable = jm_reader_durable_seq(a);
	if (!(list = jm_volumes_now(jm_archive_volumes(a), &n, err)))
		return -1;
	rc = t.volume != 0 ? check_tip(a, &t, list, n, err) : 0;
	for (size_t i = 0; i < n && rc == 0; i++) {
		uint64_t from = list[i].head.number == t.volume ? t.offset : 0;

		if (list[i].head.number >= t.volume && list[i].problem[0] != '\0')
			rc = jm_err_set(err, JM_E_CORRUPT,
			    "%s: no copy is made of an archive that is not whole "
			    "(jmctl dump saves what can be read)",
			    list[i].problem);
		else if (list[i].head.number >= t.volume && from < list[i].end)
			rc = copy_range(a, list[i].head.number, from, list[i].end, &x, err);
	}
	free(list);
	if (rc < 0)
		return -1;
	jm_volumes_uuid_text(jm_archive_volumes(a), uuid);
	o = json_pack("{s:s,s:s,s:I}", "copy", "end", "uuid", uuid, "seq", (json_int_t)durable);
	rc = o ? on_object(ctx, o, err) : jm_err_set(err, JM_E_TEMP, "no memory for a copy");
	json_decref(o);
	return rc;
}
