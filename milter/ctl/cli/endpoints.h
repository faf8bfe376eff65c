/* SPDX-License-Identifier: BSD-2-Clause */
/* The list of endpoints that Microsoft publishes for Microsoft 365 (JSON), and what of it sends
 * mail: Exchange, TCP port 25. */
#ifndef JM_MILTER_CTL_CLI_ENDPOINTS_H
#define JM_MILTER_CTL_CLI_ENDPOINTS_H

#include <stddef.h>

#include "common/base/cidr.h"
#include "common/base/err.h"
#include "common/base/span.h"

#define JM_ENDPOINTS_MAX 4096 /* ranges */
#define JM_ENDPOINTS_FILE "config/microsoft365-ranges.json"

struct jm_endpoints {
	struct jm_cidr *v; /* owned; each once, IPv4 before IPv6, by number */
	size_t n;
	char date[16], version[32]; /* of our own file; "" when the list does not say */
};

/*
 * Read a list: an array of objects; those of serviceArea "Exchange" whose tcpPorts hold 25 give
 * their ips. CORRUPT when it is no such list, a range is wrong, or none is left; LIMIT.
 */
int jm_endpoints_parse(
    struct jm_span json, struct jm_endpoints *e, struct jm_err *err) JM_MUST_CHECK;

/* Free what jm_endpoints_parse() filled. */
void jm_endpoints_release(struct jm_endpoints *e);

/* True when one of the n ranges holds all of c. */
bool jm_endpoints_cover(const struct jm_cidr *v, size_t n, const struct jm_cidr *c);

#endif
