/* SPDX-License-Identifier: BSD-2-Clause */
/* Doctor: does Postfix listen where its settings say, and no other program. */
#include "milter/ctl/doctor/postfix_listen.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "milter/ctl/doctor/cure.h"
#include "milter/ctl/doctor/port.h"
#include "milter/ctl/doctor/restrict.h"
#include "milter/ctl/doctor/run.h"
#include "milter/ctl/doctor/talk.h"

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

/*
 * Does master(8) hold the lock on its file? The kernel's list says so at once; postfix status is a
 * slow script. A line ends in "MAJOR:MINOR:INODE START END".
 */
static bool is_locked(const struct jm_postfix *p)
{
	char path[4096], line[512], want[64];
	struct stat st;
	bool locked = false;
	FILE *f;

	snprintf(path, sizeof path, "%.4000s/pid/master.pid",
	    jm_postfix_value(p, NULL, "queue_directory"));
	f = stat(path, &st) == 0 ? fopen("/proc/locks", "re") : NULL;
	if (!f)
		return false;
	snprintf(want, sizeof want, " %02x:%02x:%llu ", major(st.st_dev), minor(st.st_dev),
	    (unsigned long long)st.st_ino);
	while (!locked && fgets(line, sizeof line, f))
		locked = strstr(line, want) != NULL;
	fclose(f);
	return locked;
}

static bool is_running(const struct jm_doctor *d, const struct jm_postfix *p)
{
	const char *const argv[] = { "postfix", "-c", d->postfix, "status", NULL };
	struct jm_buf out;
	struct jm_err err;
	int rc;

	if (is_locked(p))
		return true;
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

	jm_doctor_check(d, "listener-conflict", "no other listener wants the port of %s", listener);
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
	char cure[JM_CURE_BYTES];

	jm_doctor_check(d, "loopback-only", "others can reach %s", listener);
	for (; jm_postfix_word(&rest, &word); words++)
		own += jm_doctor_unreachable(d,
		    jm_span_eq(word, jm_span_str("loopback-only")) ? jm_span_str("127.0.0.1")
								   : word);
	if (words > 0 && own == words)
		jm_doctor_add(d, JM_DOCTOR_FAIL, "loopback-only",
		    host.len ? "jmctl setup with another --mta-address, and postfix-apply"
			     : jm_cure_main(cure, d, "inet_interfaces", "all"),
		    "%s: only this machine can reach %s%s, and a service waits for reports from "
		    "elsewhere",
		    listener, host.len ? "it" : "inet_interfaces = ", host.len ? "" : interfaces);
}

/* An address of the listener to connect to. */
static void own_address(
    const struct jm_postfix *p, struct jm_span host, char *text, size_t text_bytes)
{
	const char *interfaces = jm_postfix_value(p, NULL, "inet_interfaces");
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *found = NULL;
	struct jm_span rest = jm_span_str(interfaces), word = { NULL, 0 };

	if (host.len > 2 && host.p[0] == '[')
		host = jm_span_sub(host, 1, host.len - 2);
	if (host.len == 0 && strcmp(interfaces, "all") != 0 &&
	    strcmp(interfaces, "loopback-only") != 0 && jm_postfix_word(&rest, &word))
		host = word;
	if (host.len == 0)
		host = jm_span_str(strcmp(jm_postfix_value(p, NULL, "inet_protocols"), "ipv6") == 0
			? "::1"
			: "127.0.0.1");
	snprintf(text, text_bytes, "%.*s", (int)host.len, (const char *)host.p);
	if (getaddrinfo(text, NULL, &hints, &found) == 0) {
		(void)getnameinfo(found->ai_addr, found->ai_addrlen, text, (socklen_t)text_bytes,
		    NULL, 0, NI_NUMERICHOST);
		freeaddrinfo(found);
	}
}

/* The facts for the cure of a refusal. */
struct refusal {
	const struct jm_doctor *d;
	const struct jm_postfix *p;
	const char *listener;
	char cure[JM_CURE_BYTES];
};

static const char *cure_refusal(void *ctx, const char *answer)
{
	struct refusal *r = ctx;

	return jm_doctor_restriction_cure(r->cure, r->d, r->p, r->listener, answer);
}

void jm_doctor_listen(
    struct jm_doctor *d, const struct jm_postfix *p, const char *listener, const char *place)
{
	static const struct jm_doctor_mta postfix = { "Postfix", "postfix start",
		"postfix reload, and look into its log" };
	struct refusal refusal = { .d = d, .p = p, .listener = listener };
	struct jm_doctor_listener l = { .shown = listener, .cure = cure_refusal, .ctx = &refusal };
	struct jm_doctor_mta mta = postfix;
	char start[JM_CURE_BYTES] = "postfix ", address[128];
	struct jm_span host;
	uint64_t port;

	jm_doctor_check(d, "unknown-port", "%s has a port", place);
	if (postfix_place(place, &host, &port) != 0) {
		jm_doctor_add(d, JM_DOCTOR_FAIL, "unknown-port", "master.cf: a number as port",
		    "%s: there is no such port", place);
		return;
	}
	check_conflict(d, p, place, host, port);
	check_interfaces(d, p, place, host);
	if (d->postfix_given) {
		jm_cure_more(start, "-c ");
		jm_cure_quote(start, d->postfix);
		jm_cure_more(start, " ");
	}
	jm_cure_more(start, "start");
	mta.start = start;
	if (geteuid() == 0) /* postfix status needs root */
		jm_doctor_listener(d, &mta, is_running(d, p), port, place);
	else
		jm_doctor_add(d, JM_DOCTOR_SKIP, "mta-stopped", NULL,
		    "whether Postfix runs: only root may ask");
	if (!d->probe || !jm_doctor_is_listening(port))
		return;
	own_address(p, host, address, sizeof address);
	l.host = address;
	l.port = (unsigned)port;
	l.wrapped = strcmp(jm_postfix_value(p, listener, "smtpd_tls_wrappermode"), "yes") == 0;
	jm_doctor_talk(d, &l);
}
