/* SPDX-License-Identifier: BSD-2-Clause */
/* jmctl status: figures and state of the archive, and of the daemon when one runs. */
#include "milter/ctl/client.h"
#include "milter/ctl/print.h"

static int put(void *ctx, const json_t *status, struct jm_err *err)
{
	const struct jm_client *c = ctx;

	if (c->json) {
		jm_print_json(stdout, status);
		return jm_client_flush(err);
	}
	jm_print_tree(stdout, status, 0);
	if (json_is_false(json_object_get(json_object_get(status, "balance"), "holds")))
		fputs("jmctl status: the counters do not balance: received is not archived + merged + set aside + queued + refused + deferred; see "
		    "\"balance\", and run jmctl verify\n", stderr);
	if (json_is_null(json_object_get(status, "daemon")))
		puts("\nno daemon runs; this was read from the archive itself");
	return jm_client_flush(err);
}

int jm_ctl_status(int argc, char **argv)
{
	struct jm_client c = { .json = false };
	const struct jm_ctl_option options[] = { JM_CLIENT_OPTIONS(&c), { NULL } };
	const struct jm_answer_out out = { .object = put, .ctx = &c };
	json_t *request = NULL;
	struct jm_err err;
	int n, code;

	n = jm_ctl_options(argc, argv, options, "[options]", "Print how archive and daemon stand.", &code);
	if (n < 0)
		return code;
	if (n > 0)
		return jm_ctl_fail_usage(argv[0], argv[1]);
	request = json_pack("{s:s}", "verb", "status");
	code = jm_client_ask(&c, request, &out, &err) < 0 ? jm_ctl_fail(argv[0], &err) : 0;
	json_decref(request);
	return code;
}
