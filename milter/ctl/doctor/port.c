/* SPDX-License-Identifier: BSD-2-Clause */
/* Ports and addresses of an MTA: names, listeners, loopback. See port.h. */
#include "milter/ctl/doctor/port.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cidr.h"
#include "common/base/clock.h"
#include "common/base/num.h"
#include "milter/ctl/doctor/postfix_conf.h"

#define LISTENS "0A" /* a state in /proc/net/tcp */
#define PATIENCE_US 5000000
#define PAUSE_MS 100

int jm_doctor_port(struct jm_span name, uint64_t *port)
{
	const struct servent *s;
	char word[64];

	if (jm_num_u64(name, 1, 65535, port) == 0)
		return 0;
	snprintf(word, sizeof word, "%.*s", (int)name.len, (const char *)name.p);
	s = getservbyname(word, "tcp");
	if (!s)
		return -1;
	*port = ntohs((uint16_t)s->s_port);
	return 0;
}

static bool is_loopback(const struct jm_cidr *c)
{
	struct jm_cidr four, six;

	if (jm_cidr_parse(jm_span_str("127.0.0.0/8"), &four, NULL) != 0 ||
	    jm_cidr_parse(jm_span_str("::1"), &six, NULL) != 0)
		return false;
	return (c->bits >= four.bits && jm_cidr_contains(&four, c)) ||
	    (c->bits == 128 && jm_cidr_contains(&six, c));
}

static bool has_others(const struct jm_ranges *r)
{
	for (size_t i = 0; i < r->n; i++)
		if (!is_loopback(&r->v[i]))
			return true;
	return false;
}

bool jm_doctor_unreachable(const struct jm_doctor *d, struct jm_span host)
{
	bool smtp = false, others = false;
	struct jm_cidr c;

	if (host.len > 2 && host.p[0] == '[')
		host = jm_span_sub(host, 1, host.len - 1);
	if (!jm_span_eq_nocase(host, jm_span_str("localhost")) &&
	    (jm_cidr_parse(host, &c, NULL) != 0 || !is_loopback(&c)))
		return false;
	for (size_t i = 0; i < d->settings->services_n; i++) {
		const struct jm_service *s = &d->settings->services[i];

		if (s->disabled || s->transport != JM_TRANSPORT_SMTP)
			continue;
		smtp = true;
		others = others || has_others(&s->source_ranges);
	}
	return smtp && (others || has_others(&d->settings->authorized_outbounds));
}

/*
 * Does a table of the kernel list a listener at the port? Each line is a socket: number, local
 * address, remote address, state, ...
 */
static bool listed(const char *path, uint64_t port)
{
	FILE *f = fopen(path, "re");
	char *line = NULL, want[8];
	size_t size = 0;
	ssize_t n;
	bool found = false;

	if (!f)
		return false;
	snprintf(want, sizeof want, ":%04X", (unsigned)port);
	while (!found && (n = getline(&line, &size, f)) > 0) {
		struct jm_span rest = jm_span_of((unsigned char *)line, (size_t)n), word[4];
		size_t k = 0;

		while (k < 4 && jm_postfix_word(&rest, &word[k]))
			k++;
		found = k == 4 && word[1].len > 5 &&
		    jm_span_eq(jm_span_sub(word[1], word[1].len - 5, 5), jm_span_str(want)) &&
		    jm_span_eq(word[3], jm_span_str(LISTENS));
	}
	free(line);
	fclose(f);
	return found;
}

bool jm_doctor_is_listening(uint64_t port)
{
	return listed("/proc/net/tcp", port) || listed("/proc/net/tcp6", port);
}

bool jm_doctor_is_own(const struct jm_cidr *c)
{
	struct ifaddrs *all = NULL;
	struct jm_cidr own;
	bool found = false;

	if (getifaddrs(&all) != 0)
		return false;
	for (const struct ifaddrs *a = all; a && !found; a = a->ifa_next)
		found = a->ifa_addr && jm_cidr_from_sockaddr(a->ifa_addr, &own) &&
		    jm_cidr_contains(&own, c);
	freeifaddrs(all);
	return found;
}

/* With patience: an MTA that reloads needs time to listen again. */
static bool is_listening(uint64_t port, bool patience)
{
	int64_t end_us = jm_clock_mono_us() + PATIENCE_US;
	bool found;

	while (!(found = jm_doctor_is_listening(port)) && patience && jm_clock_mono_us() < end_us)
		jm_clock_sleep_ms(PAUSE_MS);
	return found;
}

void jm_doctor_listener(struct jm_doctor *d, const struct jm_doctor_mta *mta, bool running,
    uint64_t port, const char *shown)
{
	bool listening = is_listening(port, running);

	jm_doctor_check(d, "mta-stopped", "%s runs", mta->name);
	jm_doctor_check(
	    d, "not-listening", "%s listens at port %llu", mta->name, (unsigned long long)port);
	if (!running && listening)
		jm_doctor_add(d, JM_DOCTOR_FAIL, "port-taken", "stop that program: ss -ltnp",
		    "%s does not run, and another program "
		    "listens at port %llu: reports go there, past the milter",
		    mta->name, (unsigned long long)port);
	else if (!running)
		jm_doctor_add(d, JM_DOCTOR_FAIL, "mta-stopped", mta->start,
		    "%s does not run: reports wait at the sender", mta->name);
	else if (!listening)
		jm_doctor_add(d, JM_DOCTOR_FAIL, "not-listening", mta->reload,
		    "%s runs, but nobody listens at port %llu: %s is new, or its "
		    "address is not one of this machine",
		    mta->name, (unsigned long long)port, shown);
}
