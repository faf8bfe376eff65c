/* SPDX-License-Identifier: BSD-2-Clause */
/* Address ranges: parsing, containment, text. See cidr.h. */
#include "common/base/cidr.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "common/base/num.h"

static const unsigned char v4_prefix[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

static bool is_v4(const struct jm_cidr *c)
{
	return c->bits >= 96 && memcmp(c->addr, v4_prefix, sizeof v4_prefix) == 0;
}

/* Clear the bits after the prefix; true when any was set. */
static bool clear_host_bits(struct jm_cidr *c)
{
	bool any = false;
	unsigned i;

	for (i = c->bits; i < 128; i++) {
		unsigned char bit = (unsigned char)(0x80u >> (i % 8));

		any |= (c->addr[i / 8] & bit) != 0;
		c->addr[i / 8] = (unsigned char)(c->addr[i / 8] & ~bit);
	}
	return any;
}

int jm_cidr_parse(struct jm_span text, struct jm_cidr *c_r, struct jm_err *err)
{
	size_t slash = jm_span_index(text, '/');
	char host[INET6_ADDRSTRLEN], meant[JM_CIDR_TEXT_BYTES];
	struct jm_cidr c = { .bits = 128 };
	uint64_t bits, max = 128;

	if (slash == 0 || slash >= sizeof host || memchr(text.p, 0, text.len))
		return jm_err_set(err, JM_E_USAGE, "not an IP address or range");
	memcpy(host, text.p, slash);
	host[slash] = 0;
	if (inet_pton(AF_INET, host, c.addr + 12) == 1) {
		memcpy(c.addr, v4_prefix, sizeof v4_prefix);
		max = 32;
	} else if (inet_pton(AF_INET6, host, c.addr) != 1) {
		return jm_err_set(err, JM_E_USAGE, "not an IP address or range");
	}
	if (slash < text.len) {
		if (jm_num_u64(jm_span_sub(text, slash + 1, text.len), 0, max, &bits) != 0)
			return jm_err_set(err, JM_E_USAGE,
			    "prefix length is not a number from 0 to %u", (unsigned)max);
		c.bits = (unsigned char)(bits + (128 - max));
	}
	if (clear_host_bits(&c))
		return jm_err_set(err, JM_E_USAGE,
		    "address has bits behind the prefix; the range is %s",
		    jm_cidr_format(&c, meant));
	*c_r = c;
	return 0;
}

bool jm_cidr_from_sockaddr(const struct sockaddr *sa, struct jm_cidr *c_r)
{
	struct jm_cidr c = { .bits = 128 };

	if (sa && sa->sa_family == AF_INET) {
		struct sockaddr_in in;

		memcpy(&in, sa, sizeof in);
		memcpy(c.addr, v4_prefix, sizeof v4_prefix);
		memcpy(c.addr + 12, &in.sin_addr, 4);
	} else if (sa && sa->sa_family == AF_INET6) {
		struct sockaddr_in6 in6;

		memcpy(&in6, sa, sizeof in6);
		memcpy(c.addr, &in6.sin6_addr, 16);
	} else {
		return false;
	}
	*c_r = c;
	return true;
}

bool jm_cidr_contains(const struct jm_cidr *c, const struct jm_cidr *a)
{
	unsigned whole = c->bits / 8u, rest = c->bits % 8u;

	/* a short IPv6 prefix such as ::/0 does not include IPv4 */
	if (is_v4(a) && c->bits < 96)
		return false;
	if (memcmp(c->addr, a->addr, whole) != 0)
		return false;
	return rest == 0 || (c->addr[whole] ^ a->addr[whole]) >> (8u - rest) == 0;
}

char *jm_cidr_format(const struct jm_cidr *c, char buf[JM_CIDR_TEXT_BYTES])
{
	bool v4 = is_v4(c);
	size_t len;

	if (!inet_ntop(
		v4 ? AF_INET : AF_INET6, v4 ? c->addr + 12 : c->addr, buf, JM_CIDR_TEXT_BYTES)) {
		snprintf(buf, JM_CIDR_TEXT_BYTES, "?");
		return buf;
	}
	len = strlen(buf);
	if (c->bits < 128)
		snprintf(buf + len, JM_CIDR_TEXT_BYTES - len, "/%u", v4 ? c->bits - 96u : c->bits);
	return buf;
}
