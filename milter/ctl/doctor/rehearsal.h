/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An SMTP session with a listener of the MTA, up to RCPT TO: no message is ever sent. The daemon
 * knows the session by the name that it gives in EHLO, and counts no refusal of it.
 */
#ifndef JM_MILTER_CTL_DOCTOR_REHEARSAL_H
#define JM_MILTER_CTL_DOCTOR_REHEARSAL_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/buf.h"
#include "common/base/certificate.h"

#define JM_PROBE_TEXT_BYTES 512

struct jm_probe_session; /* the connection */

struct jm_probe {
	struct jm_probe_session *session;   /* internal, owned */
	char greeting[JM_PROBE_TEXT_BYTES]; /* the server's first line; "": none came */
	char last[JM_PROBE_TEXT_BYTES];     /* the last line of the server before it broke off */
	int64_t took_ms;                    /* to connect, with greeting, EHLO and TLS */
	char local[64];                     /* our address, as the server sees it */
	char tls[32];                       /* the version, as in "TLSv1.3"; "": no TLS */
	bool starttls, xclient, login;      /* what EHLO offered; login: AUTH */
	bool has_certificate;               /* the server's */
	struct jm_certificate certificate;
};

/*
 * Connect to host (an IP address) and port, say EHLO, and start TLS where it is offered. wrapped:
 * TLS begins with the first byte. Fills *p also after a failure. Returns 0, or -1: TEMP. The caller
 * calls jm_probe_close() in both cases.
 */
int jm_probe_open(struct jm_probe *p, const char *host, unsigned port, bool wrapped,
    struct jm_err *err) JM_MUST_CHECK;

/*
 * Send a command, a line without its end, and write the last line of the reply into answer,
 * JM_PROBE_TEXT_BYTES long, in printable ASCII. Returns the reply's code, or -1 when the connection
 * broke or the time is over.
 */
int jm_probe_say(struct jm_probe *p, char *answer, const char *fmt, ...) JM_PRINTF(3, 4);

/* End the session with QUIT, if there is one. */
void jm_probe_close(struct jm_probe *p);

#endif
