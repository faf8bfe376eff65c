/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The list of endpoints that Microsoft publishes for Microsoft 365 (JSON): the ranges that send
 * mail, which are those of Exchange with TCP port 25. Pure.
 */
#ifndef JM_MILTER_CTL_CLI_ENDPOINTS_H
#define JM_MILTER_CTL_CLI_ENDPOINTS_H

#include <stddef.h>

#include "common/base/cidr.h"
#include "common/base/err.h"
#include "common/base/span.h"

#define JM_ENDPOINTS_MAX 4096 /* ranges */
#define JM_ENDPOINTS_FILE "config/microsoft365-ranges.json"

struct jm_endpoints {
	struct jm_cidr *v; /* owned; no range twice, IPv4 before IPv6, in numerical order */
	size_t n;
	char date[16], version[32]; /* of the list; "" when they are missing */
};

/*
 * Read a list: an array of objects. The ranges are the ips of the objects with serviceArea
 * "Exchange" and 25 among their tcpPorts. 0 with *e for the caller to release, or -1: CORRUPT when
 * it is another kind of file, a range is malformed or there are no ranges; LIMIT; TEMP.
 */
int jm_endpoints_parse(
    struct jm_span json, struct jm_endpoints *e, struct jm_err *err) JM_MUST_CHECK;

/* Free what jm_endpoints_parse() filled. */
void jm_endpoints_release(struct jm_endpoints *e);

/* True when one of the n ranges contains all of c. */
bool jm_endpoints_cover(const struct jm_cidr *v, size_t n, const struct jm_cidr *c);

#endif
