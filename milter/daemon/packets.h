/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guard before libmilter. It follows the packets of one connection as their bytes are read, and
 * finds those that would crash libmilter: in a list of macros that ends with a name without a
 * value, smfi_getsymval() reads past the end of an array (contrib/upstream/libmilter-macros.txt).
 */
#ifndef JM_DAEMON_PACKETS_H
#define JM_DAEMON_PACKETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where a connection is in its packets. All zero: at the start of the first one. */
struct jm_packets {
	unsigned char head[5]; /* length of what follows it, big-endian, and the command */
	size_t have;           /* bytes of head that have come */
	uint32_t at, end;      /* bytes of the packet's data that have come, and all of them */
	uint32_t strings;      /* strings in a list of macros: names and values in turn */
};

/* Follow the next n bytes. False when a packet ends in them that libmilter must not get; then the
 * connection is to be closed. */
bool jm_packets_follow(struct jm_packets *p, const unsigned char *bytes, size_t n);

#endif
