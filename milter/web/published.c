/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading status.json and judging its age. Nothing is kept between two requests. See published.h.
 */
#include "milter/web/published.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/io.h"
#include "common/base/num.h"
#include "common/json/read.h"
#include "common/publish/figure.h"

#define FILE_BYTES (8u << 20)
#define INTERVAL_MAX_S INT64_C(1000000000) /* no sum with it overflows */

static void set_trouble(struct jm_published *s, const char *what, const char *detail)
{
	snprintf(s->trouble, sizeof s->trouble, "%s%s%s", what, *detail ? ": " : "", detail);
}

static void check_published_age(struct jm_published *s, int64_t stale_s)
{
	const char *published = json_string_value(json_object_get(s->document, "published"));
	int64_t ms;

	if (stale_s == 0) {
		json_int_t every_s = json_integer_value(
		    json_object_get(s->document, "interval_seconds"));

		stale_s = 3 * (every_s > INTERVAL_MAX_S || every_s < 0 ? INTERVAL_MAX_S : every_s) +
		    10;
	}
	if (!published || jm_clock_parse(published, &ms) != 0) {
		set_trouble(s, "status.json does not say when it was published", "");
		return;
	}
	s->age_s = (jm_clock_now_ms() - ms) / 1000;
	s->stale = s->age_s > stale_s;
	if (s->age_s < -stale_s) {
		s->age_s = -1;
		set_trouble(s,
		    "status.json was published in the future: the clock of this machine was set "
		    "back, or the file is not of this machine",
		    "");
	}
	if (s->stale)
		snprintf(s->trouble, sizeof s->trouble,
		    "the state is %lld second%s old: journal-milter does not run, or cannot "
		    "publish. "
		    "What follows is the state at that time",
		    (long long)s->age_s, jm_num_s((uint64_t)s->age_s));
}

void jm_published_read(struct jm_published *s, const char *folder, int64_t stale_s)
{
	char path[PATH_MAX];
	struct jm_err err;

	*s = (struct jm_published){ .age_s = -1 };
	if (snprintf(path, sizeof path, "%s/status.json", folder) >= (int)sizeof path) {
		set_trouble(s, "the name of the publish folder is too long", "");
		return;
	}
	if (jm_io_read_file(path, FILE_BYTES, &s->text, &s->text_n, &err) != 0) {
		set_trouble(s, "journal-milter publishes nothing", err.text);
		return;
	}
	err.text[0] = '\0';
	if (jm_json_read(s->text, s->text_n, &s->document, &err) != 0 ||
	    !json_is_object(s->document)) {
		set_trouble(s, "status.json is no JSON object", err.text);
		json_decref(s->document);
		s->document = NULL;
	} else if (json_integer_value(json_object_get(s->document, "format")) !=
	    JM_PUBLISH_FORMAT) {
		set_trouble(
		    s, "status.json is of another format than this program understands", "");
		json_decref(s->document);
		s->document = NULL;
	} else {
		check_published_age(s, stale_s);
	}
}

void jm_published_release(struct jm_published *s)
{
	json_decref(s->document);
	free(s->text);
	*s = (struct jm_published){ .age_s = -1 };
}
