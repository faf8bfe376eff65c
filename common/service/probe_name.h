/* SPDX-License-Identifier: BSD-2-Clause */
/* The name by which jmctl doctor introduces itself to an MTA. */
#ifndef JM_SERVICE_PROBE_NAME_H
#define JM_SERVICE_PROBE_NAME_H

/*
 * The argument of EHLO. The daemon counts no refusal of a session with this name that comes from
 * this machine: nobody tried to hand in a report. ".invalid" is reserved (RFC 6761).
 */
#define JM_PROBE_NAME "doctor.journal-milter.invalid"

#endif
