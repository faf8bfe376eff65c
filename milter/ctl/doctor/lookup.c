/* SPDX-License-Identifier: BSD-2-Clause */
/* Tables of Postfix. See lookup.h. */
#include "milter/ctl/doctor/lookup.h"

#include <stdio.h>
#include <string.h>

#include "milter/ctl/doctor/run.h"

/* Run postmap -q. key "-": the keys are the input. */
static bool postmap(struct jm_doctor *d, struct jm_span table, const char *key,
    struct jm_span input, struct jm_buf *out)
{
	char name[JM_TABLE_ANSWER_BYTES];
	const char *const argv[] = { "postmap", "-c", d->postfix, "-q", key, name, NULL };
	struct jm_buf complaint;
	struct jm_err err = { JM_E_NONE, 0, "" };
	int rc;

	snprintf(name, sizeof name, "%.*s", (int)table.len, (const char *)table.p);
	jm_buf_init(&complaint, JM_TABLE_ANSWER_BYTES);
	jm_buf_reset(out);
	rc = jm_doctor_run_input(argv, input, out, &complaint, &err);
	if (rc != 0 && (complaint.len || rc < 0))
		jm_doctor_add(d, JM_DOCTOR_FAIL, "table-unreadable", NULL,
		    "postmap -q %s %s: %.400s", key, name,
		    rc < 0 ? err.text : jm_buf_str(&complaint));
	jm_buf_release(&complaint);
	while (out->len && out->p[out->len - 1] == '\n')
		out->p[--out->len] = '\0';
	return rc == 0;
}

bool jm_doctor_look_up(
    struct jm_doctor *d, struct jm_span table, const char *key, struct jm_buf *out)
{
	return postmap(d, table, key, jm_span_of(NULL, 0), out);
}

void jm_doctor_look_up_all(
    struct jm_doctor *d, struct jm_span table, struct jm_span keys, struct jm_buf *out)
{
	(void)postmap(d, table, "-", keys, out);
}

bool jm_doctor_is_table(struct jm_span word)
{
	return jm_span_index(word, ':') < word.len && word.p[0] != '[';
}
