/* SPDX-License-Identifier: BSD-2-Clause */
/* The end of the log, for users. */
#include "common/archive/tip.h"

#include "common/archive/await.h"
#include "common/archive/state.h"

/* from: a field of the archive that its lock guards. */
static int tip_make(
    struct jm_archive *a, const struct jm_position *from, json_t **tip_r, struct jm_err *err)
{
	char uuid[2 * JM_UUID_BYTES + 1], hex[JM_SHA256_HEX_BYTES];
	struct jm_position at;
	struct jm_volume last;

	pthread_mutex_lock(&a->lock);
	at = *from;
	/* If the last volume has no record, its start is the end of the log, and the digest is that
	 * of the last record before it. */
	if (jm_volumes_last(&a->volumes, &last) && at.volume < last.head.number) {
		at.volume = last.head.number;
		at.offset = JM_VOLUME_HEAD_BYTES;
	}
	pthread_mutex_unlock(&a->lock);
	jm_volumes_uuid_text(&a->volumes, uuid);
	*tip_r = json_pack("{s:s,s:i,s:I,s:I,s:I,s:s}", "uuid", uuid, "format", JM_FORMAT_VERSION,
	    "seq", (json_int_t)at.seq, "volume", (json_int_t)at.volume, "offset",
	    (json_int_t)at.offset, "sha256", jm_sha256_hex(at.sha256, hex));
	return *tip_r ? 0 : jm_err_set(err, JM_E_TEMP, "no memory for a place");
}

int jm_archive_tip(struct jm_archive *a, json_t **tip_r, struct jm_err *err)
{
	return jm_await_catalog(a, err) != 0 ? -1 : tip_make(a, &a->applied, tip_r, err);
}

int jm_archive_end(struct jm_archive *a, json_t **end_r, struct jm_err *err)
{
	return tip_make(a, &a->end, end_r, err);
}
