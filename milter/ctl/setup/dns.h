/* SPDX-License-Identifier: BSD-2-Clause */
/* TXT records, by the C library's resolver. */
#ifndef JM_MILTER_CTL_SETUP_DNS_H
#define JM_MILTER_CTL_SETUP_DNS_H

#include "common/base/buf.h"

/*
 * The TXT records of name, one a line, into texts (replaced). server: "A.B.C.D" or "A.B.C.D:PORT"
 * instead of those of /etc/resolv.conf; NULL. 1; 0 when there are none; -1: TEMP when no server
 * gave an answer, USAGE for a wrong server.
 */
int jm_dns_txt(
    const char *name, const char *server, struct jm_buf *texts, struct jm_err *err) JM_MUST_CHECK;

#endif
