/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * For tests: publish a state again and again, as the daemon does. In publication N every number is
 * N, so that a reader sees whether a file is of one publication. Prints "failed N: why" for each
 * that failed; the exit status is that of the last one.
 *
 *	publish_state DIR FROM TO
 */
#include <stdio.h>
#include <stdlib.h>

#include "common/base/num.h"
#include "common/publish/publish.h"

#define SERVICES 200 /* enough for several pages */

static json_t *document(json_int_t n)
{
	json_t *services = json_object(), *o;
	char name[40];
	int bad = 0;

	for (int i = 0; i < SERVICES; i++) {
		snprintf(name, sizeof name, "s%d@journal.example.com", i);
		bad |= json_object_set_new(services, name,
		    json_pack("{s:s, s:s, s:I}", "description", "x", "state", "OK", "items", n));
	}
	o = json_pack("{s:I, s:I, s:{s:I, s:I}, s:o}", "format", n, "interval_seconds", n,
	    "archive", "items", n, "reports", n, "services", services);
	if (bad == 0)
		return o;
	json_decref(o);
	return NULL;
}

int main(int argc, char **argv)
{
	uint64_t from = 0, to = 0;
	struct jm_err err;
	int rc = -1;

	if (argc != 4 || jm_num_u64(jm_span_str(argv[2]), 1, 1000000, &from) < 0 ||
	    jm_num_u64(jm_span_str(argv[3]), from, 1000000, &to) < 0)
		return 64;
	for (uint64_t n = from; n <= to; n++) {
		json_t *o = document((json_int_t)n);

		rc = o ? jm_publish_write(argv[1], 0644, o, &err)
		       : jm_err_set(&err, JM_E_TEMP, "no memory for a document");
		if (rc < 0)
			printf("failed %llu: %s\n", (unsigned long long)n, err.text);
		json_decref(o);
	}
	return rc < 0;
}
