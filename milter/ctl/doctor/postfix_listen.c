/* SPDX-License-Identifier: BSD-2-Clause */
/* Doctor: does Postfix listen where its settings say, and no other program. */
#include "milter/ctl/doctor/postfix_listen.h"

#include <string.h>
#include <unistd.h>

#include "milter/ctl/doctor/port.h"
#include "milter/ctl/doctor/run.h"

#define OUT_MAX_BYTES 65536

/*
 * Split "smtp/inet", "127.0.0.1:25/inet", "[::1]:smtp/inet" into host (empty: all addresses) and
 * port. 0, or -1 for an unknown port.
 */
static int postfix_place(const char *listener, struct jm_span *host, uint64_t *port)
{
	struct jm_span text = jm_span_sub(jm_span_str(listener), 0, strlen(listener) - 5), name;
	size_t colon = jm_span_rindex(text, ':');

	*host = colon < text.len ? jm_span_sub(text, 0, colon) : (struct jm_span){ NULL, 0 };
	name = colon < text.len ? jm_span_sub(text, colon + 1, text.len) : text;
	return jm_doctor_port(name, port);
}

static bool is_running(const struct jm_doctor *d)
{
	const char *const argv[] = { "postfix", "-c", d->postfix, "status", NULL };
	struct jm_buf out;
	struct jm_err err;
	int rc;

	jm_buf_init(&out, OUT_MAX_BYTES);
	rc = jm_doctor_run(argv, &out, NULL, &err);
	jm_buf_release(&out);
	return rc == 0;
}

/*
 * A listener for all addresses of a port excludes one for a single address: master(8) does not
 * start then.
 */
static void check_conflict(struct jm_doctor *d, const struct jm_postfix *p, const char *listener,
    struct jm_span host, uint64_t port)
{
	const char *other;
	json_t *service;
	char line[256];

	if (strcmp(jm_postfix_value(p, NULL, "inet_interfaces"), "all") != 0)
		return;
	json_object_foreach(p->services, other, service) {
		size_t n = strlen(other);
		struct jm_span its;
		uint64_t number;

		if (n < 6 || strcmp(other + n - 5, "/inet") != 0 || strcmp(other, listener) == 0 ||
		    postfix_place(other, &its, &number) != 0 || number != port ||
		    (its.len == 0) == (host.len == 0))
			continue;
		snprintf(line, sizeof line, "master.cf: an address before the port of \"%s\", too",
		    its.len == 0 ? other : listener);
		jm_doctor_add(d, JM_DOCTOR_FAIL, "listener-conflict", line,
		    "%s and %s want the same port, one of them for all addresses: Postfix "
		    "does not start",
		    listener, other);
	}
}

/* Check the address of a listener; of one without an address check inet_interfaces. */
static void check_interfaces(
    struct jm_doctor *d, const struct jm_postfix *p, const char *listener, struct jm_span host)
{
	const char *interfaces = jm_postfix_value(p, NULL, "inet_interfaces");
	struct jm_span rest = host.len ? host : jm_span_str(interfaces), word;
	size_t words = 0, own = 0;

	for (; jm_postfix_word(&rest, &word); words++)
		own += jm_doctor_unreachable(d,
		    jm_span_eq(word, jm_span_str("loopback-only")) ? jm_span_str("127.0.0.1")
								   : word);
	if (words > 0 && own == words)
		jm_doctor_add(d, JM_DOCTOR_FAIL, "loopback-only",
		    host.len ? "master.cf: no address before the port"
			     : "main.cf: inet_interfaces = all",
		    "%s: only this machine can reach %s%s, and a service waits for reports from "
		    "elsewhere",
		    listener, host.len ? "it" : "inet_interfaces = ", host.len ? "" : interfaces);
}

void jm_doctor_listen(struct jm_doctor *d, const struct jm_postfix *p, const char *listener)
{
	static const struct jm_doctor_mta postfix = { "Postfix", "postfix start",
		"postfix reload, and look into its log" };
	struct jm_span host;
	uint64_t port;

	if (postfix_place(listener, &host, &port) != 0) {
		jm_doctor_add(d, JM_DOCTOR_FAIL, "unknown-port", "master.cf: a number as port",
		    "%s: there is no such port", listener);
		return;
	}
	check_conflict(d, p, listener, host, port);
	check_interfaces(d, p, listener, host);
	if (geteuid() != 0)
		return; /* postfix status needs root */
	jm_doctor_listener(d, &postfix, is_running(d), port, listener);
}
