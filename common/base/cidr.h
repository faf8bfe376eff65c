/* SPDX-License-Identifier: BSD-2-Clause */
/* Address ranges: n.n.n.n, n.n.n.n/x, IPv6 in any notation with or without /x. IPv4-mapped IPv6
 * counts as IPv4. */
#ifndef JM_BASE_CIDR_H
#define JM_BASE_CIDR_H

#include <stdbool.h>
#include <sys/socket.h>

#include "common/base/err.h"
#include "common/base/span.h"

struct jm_cidr {
	unsigned char addr[16]; /* IPv6, or IPv4 mapped (::ffff:a.b.c.d) */
	unsigned char bits;     /* 0..128 of addr */
};

/* Parse a range. USAGE with what is wrong: not an address, prefix too long, host bits set (says
 * which range is meant). */
int jm_cidr_parse(struct jm_span text, struct jm_cidr *c_r, struct jm_err *err) JM_MUST_CHECK;

/* An address as a range of one. False when the family is neither AF_INET nor AF_INET6 (or sa is
 * NULL). */
bool jm_cidr_from_sockaddr(const struct sockaddr *sa, struct jm_cidr *c_r);

/* True when the single address a lies in range c. */
bool jm_cidr_contains(const struct jm_cidr *c, const struct jm_cidr *a);

#define JM_CIDR_TEXT_BYTES 56

/* "192.0.2.0/24"; without the prefix for a single address. Returns buf. */
char *jm_cidr_format(const struct jm_cidr *c, char buf[JM_CIDR_TEXT_BYTES]);

#endif
