/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The volumes' bytes for a backup, beside deposits: what is acknowledged now and not in the copy
 * yet. Volumes only grow and a sealed one never changes, so a copy of their valid parts is at any
 * time the archive as it was at some moment.
 */
#include "common/archive/store.h"

#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base/io.h"

#define CHUNK_BYTES (256u * 1024u)
#define PREVIOUS_SHA256_AT 64 /* in the header of a volume */

/* What the log ends with. */
struct tip {
	uint64_t seq, volume, offset;
	unsigned char sha256[JM_SHA256_BYTES];
};

int jm_archive_tip(struct jm_archive *a, json_t **tip_r, struct jm_err *err)
{
	char uuid[2 * JM_UUID_BYTES + 1], hex[JM_SHA256_HEX_BYTES];
	struct jm_position at;
	size_t volumes;

	if (jm_applier_wait(a, err) < 0)
		return -1;
	pthread_mutex_lock(&a->lock);
	at = a->position;
	volumes = a->volumes;
	/* A volume without a record: its place is the end, the digest that of the record before it.
	 */
	if (at.volume < a->volume[volumes - 1].head.number) {
		at.volume = a->volume[volumes - 1].head.number;
		at.offset = JM_VOLUME_HEAD_BYTES;
	}
	pthread_mutex_unlock(&a->lock);
	jm_archive_uuid_text(a, uuid);
	*tip_r = json_pack("{s:s,s:i,s:I,s:I,s:I,s:s}", "uuid", uuid, "format", JM_FORMAT_VERSION,
	    "seq", (json_int_t)at.seq, "volume", (json_int_t)at.volume, "offset",
	    (json_int_t)at.offset, "sha256", jm_sha256_hex(at.sha256, hex));
	return *tip_r ? 0 : jm_err_set(err, JM_E_TEMP, "no memory for a place");
}

static int read_tip(const struct jm_archive *a, const json_t *o, struct tip *t, struct jm_err *err)
{
	const char *uuid = json_string_value(json_object_get(o, "uuid"));
	char own[2 * JM_UUID_BYTES + 1];

	memset(t, 0, sizeof *t);
	if (!o || json_is_null(o))
		return 0;
	t->seq = (uint64_t)json_integer_value(json_object_get(o, "seq"));
	t->volume = (uint64_t)json_integer_value(json_object_get(o, "volume"));
	t->offset = (uint64_t)json_integer_value(json_object_get(o, "offset"));
	if (!uuid || t->volume == 0 || t->offset < JM_VOLUME_HEAD_BYTES ||
	    jm_sha256_unhex(
		jm_span_str(json_string_value(json_object_get(o, "sha256"))), t->sha256) != 0)
		return jm_err_set(
		    err, JM_E_USAGE, "the place up to which the copy goes makes no sense");
	jm_archive_uuid_text(a, own);
	return strcmp(uuid, own) == 0
	    ? 0
	    : jm_err_set(err, JM_E_USAGE, "the copy is one of another archive (%.32s, this is %s)",
		  uuid, own);
}

/* Does the copy end with what stands there here? */
static int check_tip(struct jm_archive *a, const struct tip *t, const struct jm_volume *list,
    size_t n, struct jm_err *err)
{
	unsigned char got[JM_SHA256_BYTES];
	uint64_t at = t->offset == JM_VOLUME_HEAD_BYTES ? PREVIOUS_SHA256_AT
							: t->offset - JM_SHA256_BYTES;
	size_t i = 0;
	int fd, rc;

	while (i < n && list[i].head.number != t->volume)
		i++;
	if (i == n || t->offset > list[i].end)
		return jm_err_set(err, JM_E_USAGE,
		    "the copy has more than the archive (volume %" PRIu64 " up to %" PRIu64
		    "): was the archive set back, or the copy used as one?",
		    t->volume, t->offset);
	if (jm_reader_open_volume(a, t->volume, &fd, err) < 0)
		return -1;
	rc = jm_io_pread(fd, got, sizeof got, at, err);
	close(fd);
	if (rc < 0)
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

static int copy_range(struct jm_archive *a, uint64_t number, uint64_t from, uint64_t to,
    jm_archive_visit *visit, jm_archive_sink *sink, void *ctx, struct jm_err *err)
{
	json_t *o = json_pack("{s:s,s:I,s:I,s:I}", "copy", "volume", "volume", (json_int_t)number,
	    "offset", (json_int_t)from, "bytes", (json_int_t)(to - from));
	unsigned char *chunk = malloc(CHUNK_BYTES);
	int fd = -1, rc = -1;

	if (!o || !chunk)
		(void)jm_err_set(err, JM_E_TEMP, "no memory for a copy");
	else if (jm_reader_open_volume(a, number, &fd, err) == 0)
		rc = visit(ctx, o, err);
	while (rc == 0 && from < to) {
		size_t n = to - from < CHUNK_BYTES ? (size_t)(to - from) : CHUNK_BYTES;

		rc = jm_io_pread(fd, chunk, n, from, err);
		if (rc < 0)
			(void)jm_err_wrap(err, "volume %" PRIu64 " at %" PRIu64, number, from);
		else
			rc = sink(ctx, chunk, n, err);
		from += n;
	}
	if (fd >= 0)
		close(fd);
	free(chunk);
	json_decref(o);
	return rc < 0 ? -1 : 0;
}

int jm_archive_copy(struct jm_archive *a, const json_t *tip, jm_archive_visit *on_object,
    jm_archive_sink *sink, void *ctx, struct jm_err *err)
{
	char uuid[2 * JM_UUID_BYTES + 1];
	struct jm_volume *list;
	struct tip t;
	uint64_t durable;
	size_t n;
	json_t *o;
	int rc;

	if (read_tip(a, tip, &t, err) < 0)
		return -1;
	pthread_mutex_lock(&a->lock);
	durable = a->durable_seq; /* the ends may be a group further; what is promised is this */
	pthread_mutex_unlock(&a->lock);
	if (!(list = jm_volumes_now(a, &n, err)))
		return -1;
	rc = t.volume != 0 ? check_tip(a, &t, list, n, err) : 0;
	for (size_t i = 0; i < n && rc == 0; i++) {
		uint64_t from = list[i].head.number == t.volume ? t.offset : 0;

		if (list[i].head.number >= t.volume && list[i].problem[0] != '\0')
			rc = jm_err_set(err, JM_E_CORRUPT,
			    "%s: no copy is made of an archive that is not whole (jmctl dump saves what can be read)",
			    list[i].problem);
		else if (list[i].head.number >= t.volume && from < list[i].end)
			rc = copy_range(
			    a, list[i].head.number, from, list[i].end, on_object, sink, ctx, err);
	}
	free(list);
	if (rc < 0)
		return -1;
	jm_archive_uuid_text(a, uuid);
	o = json_pack("{s:s,s:s,s:I}", "copy", "end", "uuid", uuid, "seq", (json_int_t)durable);
	rc = o ? on_object(ctx, o, err) : jm_err_set(err, JM_E_TEMP, "no memory for a copy");
	json_decref(o);
	return rc;
}
