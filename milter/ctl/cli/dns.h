/* SPDX-License-Identifier: BSD-2-Clause */
/* Records of the DNS, by the C library's resolver. One thread. */
#ifndef JM_MILTER_CTL_CLI_DNS_H
#define JM_MILTER_CTL_CLI_DNS_H

#include "common/base/buf.h"

/*
 * Look up the TXT records of name, a line each in texts, whose content is replaced. server:
 * "A.B.C.D" or "A.B.C.D:PORT" to ask instead of the servers of /etc/resolv.conf; NULL. Returns 1
 * with records; 0 without records; -1: TEMP when no server answered or the answer is damaged, USAGE
 * for a malformed server, LIMIT past the cap of texts.
 */
int jm_dns_txt(
    const char *name, const char *server, struct jm_buf *texts, struct jm_err *err) JM_MUST_CHECK;

/*
 * Does name have an address (A or AAAA), or a mail server (MX)? server as above; without it the
 * machine's own list of hosts counts, too. Returns 1, 0, or -1: TEMP when no server answered,
 * USAGE.
 */
int jm_dns_address(const char *name, const char *server, struct jm_err *err) JM_MUST_CHECK;

/* Append the TXT records of a name server's answer, a line each, to texts. 1; 0: it has no such
 * records; -1: TEMP: it is damaged; LIMIT. */
int jm_dns_texts(struct jm_span answer, struct jm_buf *texts, struct jm_err *err) JM_MUST_CHECK;

#endif
