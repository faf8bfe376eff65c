/* SPDX-License-Identifier: BSD-2-Clause */
/* The quota on repeated events. */
#include "common/service/quota.h"
#include "t/lib/tap.h"

int main(void)
{
	static struct jm_quota q;
	const char *a[] = { "refused", "s", "192.0.2.1", 0 },
		   *b[] = { "refused", "s", "192.0.2.2", 0 },
		   *c[] = { "refused", "s1", "92.0.2.1", 0 };
	char name[16];
	const char *many[] = { "refused", name, 0 };
	uint64_t hidden;
	int told = 0;

	tap_ok(jm_quota_take(&q, a, 1000000, &hidden) && hidden == 0, "the first is told");
	tap_ok(!jm_quota_take(&q, a, 1000001, &hidden), "its like is not, within the window");
	tap_ok(!jm_quota_take(&q, a, 1059999, &hidden), "up to its end");
	tap_ok(jm_quota_take(&q, b, 1000002, &hidden), "another client's is");
	tap_ok(jm_quota_take(&q, c, 1000002, &hidden), "words are not run together");
	tap_ok(jm_quota_take(&q, a, 1060000, &hidden) && hidden == 2,
	    "after the window it is told, with the count of the hidden");
	tap_ok(jm_quota_take(&q, a, 1120000, &hidden) && hidden == 0, "the count starts anew");
	tap_ok(jm_quota_take(&q, b, 90000000, &hidden) && !jm_quota_take(&q, b, 90000001, &hidden),
	    "a clock that is a day ahead");
	tap_ok(jm_quota_take(&q, b, 3600000, &hidden) && hidden == 1,
	    "and is set back hides nothing for that day");
	tap_ok(!jm_quota_take(&q, b, 3600001, &hidden), "the window counts from there");
	for (int i = 0; i < 1000; i++) {
		name[0] = (char)('a' + i % 26);
		name[1] = (char)('a' + i / 26 % 26);
		name[2] = (char)('a' + i / 676);
		name[3] = 0;
		told += jm_quota_take(&q, many, 2000000 + i, &hidden);
	}
	tap_is_int(told, 1000, "more kinds than slots: each is told rather than lost");
	return tap_done();
}
