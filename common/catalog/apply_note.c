/* SPDX-License-Identifier: BSD-2-Clause */
/* Adding events and counts that follow from other records. */
#include "common/catalog/apply_note.h"

#include <stdio.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/catalog/keys.h"

int jm_apply_count(struct jm_apply *p, const char *service, int64_t time_ms,
    const struct jm_count *c, struct jm_err *err)
{
	char key[600], day[JM_CLOCK_TEXT_BYTES], hour[JM_CLOCK_TEXT_BYTES];

	jm_clock_format(time_ms, day);
	memcpy(hour, day, sizeof hour);
	day[10] = hour[13] = '\0';
	if (jm_counts_add(&p->counts, JM_T_COUNTERS, "total", c, err) != 0)
		return -1;
	snprintf(key, sizeof key, "day/%s", day);
	if (jm_counts_add(&p->counts, JM_T_COUNTERS, key, c, err) != 0)
		return -1;
	snprintf(key, sizeof key, "hour/%s", hour);
	if (jm_counts_add(&p->counts, JM_T_COUNTERS, key, c, err) != 0)
		return -1;
	if (!service)
		return 0;
	if (jm_counts_add(&p->counts, JM_T_SERVICES, service, c, err) != 0)
		return -1;
	snprintf(key, sizeof key, "day/%s/%s", day, service);
	return jm_counts_add(&p->counts, JM_T_COUNTERS, key, c, err);
}

int jm_apply_note(struct jm_apply *p, uint64_t seq, const struct jm_event *e, struct jm_err *err)
{
	struct jm_count c = { .events = 1, .last_ms = e->time_ms };
	json_t *row = jm_describe_event(e, err);
	unsigned char key[8];
	char counter[80];
	int rc;

	if (!row)
		return -1;
	rc = jm_catalog_put_json(p->txn, JM_T_EVENTS, jm_keys_id(seq, key), row, err);
	json_decref(row);
	snprintf(counter, sizeof counter, "event/%.64s", e->kind);
	return rc == 0 ? jm_counts_add(&p->counts, JM_T_COUNTERS, counter, &c, err) : -1;
}
