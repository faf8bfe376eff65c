/* SPDX-License-Identifier: BSD-2-Clause */
/* Comparing names of hosts. See host.h. */
#include "milter/web/host.h"

#include <arpa/inet.h>
#include <stdio.h>

#include "common/base/num.h"
#include "common/base/span.h"

/* Cut off ":PORT" and the dot at the end of a name. False: there is something else. */
static bool cut_port(struct jm_span *host)
{
	size_t bracket = jm_span_index(*host, ']'),
	       at = bracket < host->len ? bracket + 1 : jm_span_index(*host, ':');
	struct jm_span port = jm_span_sub(*host, at, host->len);
	uint64_t n;

	host->len = at;
	if (host->len > 1 && host->p[host->len - 1] == '.')
		host->len--;
	return port.len == 0 ||
	    (port.p[0] == ':' &&
		(port.len == 1 || jm_num_u64(jm_span_sub(port, 1, port.len), 0, 65535, &n) == 0));
}

static bool is_address(struct jm_span host)
{
	bool six = host.len > 2 && host.p[0] == '[' && host.p[host.len - 1] == ']';
	unsigned char to[sizeof(struct in6_addr)];
	char text[INET6_ADDRSTRLEN];

	if (six)
		host = jm_span_sub(host, 1, host.len - 2);
	if (host.len >= sizeof text)
		return false;
	snprintf(text, sizeof text, "%.*s", (int)host.len, (const char *)host.p);
	return inet_pton(six ? AF_INET6 : AF_INET, text, to) == 1;
}

static bool is_listed(struct jm_span host, struct jm_span names)
{
	while (names.len > 0) {
		size_t n = jm_span_index(names, ',');

		if (jm_span_eq_nocase(host, jm_span_trim(jm_span_sub(names, 0, n))))
			return true;
		names = jm_span_sub(names, n + 1, names.len);
	}
	return false;
}

bool jm_host_may_ask(const char *host, const char *own, const char *names)
{
	struct jm_span s = jm_span_trim(jm_span_str(host));

	if (!cut_port(&s) || s.len == 0)
		return false;
	return is_address(s) || jm_span_eq_nocase(s, jm_span_str("localhost")) ||
	    (own && jm_span_eq_nocase(s, jm_span_str(own))) ||
	    (names && is_listed(s, jm_span_str(names)));
}
