/* SPDX-License-Identifier: BSD-2-Clause */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/io.h"
#include "common/publish/figure.h"
#include "milter/web/web.h"

#define FILE_BYTES (8u << 20)

static void complain(struct jm_state *s, const char *what, const char *detail)
{
	snprintf(s->trouble, sizeof s->trouble, "%s%s%s", what, *detail ? ": " : "", detail);
}

static void check_age(struct jm_state *s, int64_t stale_s)
{
	const char *published = json_string_value(json_object_get(s->document, "published"));
	int64_t ms;

	if (stale_s == 0)
		stale_s = 3 *
			(int64_t)json_integer_value(
			    json_object_get(s->document, "interval_seconds")) +
		    10;
	if (!published || jm_clock_parse(published, &ms) < 0) {
		complain(s, "status.json does not say when it was published", "");
		return;
	}
	s->age_s = (jm_clock_now_ms() - ms) / 1000;
	if (s->age_s > stale_s)
		snprintf(s->trouble, sizeof s->trouble,
		    "the state is %lld seconds old: journal-milter does not run, or cannot publish. "
		    "What follows is how it stood then",
		    (long long)s->age_s);
}

void jm_state_read(struct jm_state *s, const char *folder, int64_t stale_s)
{
	char path[PATH_MAX];
	json_error_t wrong;
	struct jm_err err;

	*s = (struct jm_state){ .age_s = -1 };
	if (snprintf(path, sizeof path, "%s/status.json", folder) >= (int)sizeof path) {
		complain(s, "the name of the publish folder is too long", "");
		return;
	}
	if (jm_io_read_file(path, FILE_BYTES, &s->text, &s->text_n, &err) < 0) {
		complain(s, "journal-milter publishes nothing", err.text);
		return;
	}
	s->document = json_loadb((const char *)s->text, s->text_n, 0, &wrong);
	if (!json_is_object(s->document)) {
		complain(s, "status.json is no JSON object", s->document ? "" : wrong.text);
		json_decref(s->document);
		s->document = NULL;
	} else if (json_integer_value(json_object_get(s->document, "format")) !=
	    JM_PUBLISH_FORMAT) {
		complain(s, "status.json is of another format than this program understands", "");
		json_decref(s->document);
		s->document = NULL;
	} else {
		check_age(s, stale_s);
	}
}

void jm_state_release(struct jm_state *s)
{
	json_decref(s->document);
	free(s->text);
	*s = (struct jm_state){ .age_s = -1 };
}
