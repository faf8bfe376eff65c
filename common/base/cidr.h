/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * IP addresses and ranges of addresses: n.n.n.n, n.n.n.n/x, IPv6 in any notation with or without
 * /x. An address is a range of one. IPv4 is kept as IPv4-mapped IPv6 (::ffff:a.b.c.d), so both
 * notations of an address are equal. Pure functions, any thread.
 */
#ifndef JM_BASE_CIDR_H
#define JM_BASE_CIDR_H

#include <stdbool.h>
#include <sys/socket.h>

#include "common/base/err.h"
#include "common/base/span.h"

struct jm_cidr {
	unsigned char addr[16]; /* network byte order; bits after the prefix are 0 */
	unsigned char bits;     /* length of the prefix in addr, 0..128 */
};

/* Parse a range into *c_r. Returns 0, or -1 with err filled (USAGE): not an address, a prefix that
 * is too long, or bits set after the prefix (the text then names the range that is meant). */
int jm_cidr_parse(struct jm_span text, struct jm_cidr *c_r, struct jm_err *err) JM_MUST_CHECK;

/* Make *c_r the range of the one address in sa; the port is ignored. Returns false, with *c_r
 * untouched, when sa is NULL or its family is neither AF_INET nor AF_INET6. */
bool jm_cidr_from_sockaddr(const struct sockaddr *sa, struct jm_cidr *c_r);

/* True when the single address a is in range c. An IPv6 range shorter than /96, such as ::/0, does
 * not contain IPv4 addresses. */
bool jm_cidr_contains(const struct jm_cidr *c, const struct jm_cidr *a);

#define JM_CIDR_TEXT_BYTES 56

/* Write c into buf, "192.0.2.0/24", without the prefix for a single address. Returns buf. */
char *jm_cidr_format(const struct jm_cidr *c, char buf[JM_CIDR_TEXT_BYTES]);

#endif
