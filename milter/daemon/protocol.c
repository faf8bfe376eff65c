/* SPDX-License-Identifier: BSD-2-Clause */
/* See protocol.h. */
#include "milter/daemon/protocol.h"

#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>

#include "common/base/clock.h"
#include "common/base/cidr.h"
#include "common/base/log.h"

#define REPORT_US 60000000

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* guards all of this */
static uint64_t unreported;
static int64_t reported_us; /* 0: never */
static const char *last_step, *last_error;
static char last_peer[JM_CIDR_TEXT_BYTES + 32];
static uint64_t old_unreported;
static int64_t old_reported_us; /* 0: never */

/* The other end of a connection: a process of this machine, or an address. */
static void name_peer(int fd, char *text, size_t text_bytes)
{
	struct sockaddr_storage addr = { .ss_family = AF_UNSPEC };
	socklen_t len = sizeof addr, ucred_len;
	char address[JM_CIDR_TEXT_BYTES];
	struct jm_cidr cidr;
	struct ucred who;

	snprintf(text, text_bytes, "unknown");
	if (fd < 0 || getpeername(fd, (struct sockaddr *)&addr, &len) != 0)
		return;
	ucred_len = sizeof who;
	if (addr.ss_family == AF_UNIX &&
	    getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &ucred_len) == 0)
		snprintf(text, text_bytes, "process %ld of uid %lu", (long)who.pid,
		    (unsigned long)who.uid);
	else if (jm_cidr_from_sockaddr((const struct sockaddr *)&addr, &cidr))
		snprintf(text, text_bytes, "%s", jm_cidr_format(&cidr, address));
}

void jm_protocol_error(int fd, const char *step, const char *error)
{
	pthread_mutex_lock(&lock);
	unreported++;
	last_step = step;
	last_error = error;
	name_peer(fd, last_peer, sizeof last_peer);
	pthread_mutex_unlock(&lock);
}

/* Holding lock. Is a report due, after the last one at that time? */
static bool is_due(int64_t last_us)
{
	return last_us == 0 || jm_clock_mono_us() - last_us >= REPORT_US;
}

void jm_protocol_too_old(unsigned long actions, unsigned long steps)
{
	uint64_t connections = 0;

	pthread_mutex_lock(&lock);
	old_unreported++;
	if (is_due(old_reported_us)) {
		connections = old_unreported;
		old_unreported = 0;
		old_reported_us = jm_clock_mono_us();
	}
	pthread_mutex_unlock(&lock);
	if (connections > 0)
		JM_LOG(JM_LOG_ERROR, "mta-too-old", { "actions", JM_U(actions) },
		    { "steps", JM_U(steps) }, { "needed", JM_S("delrcpt, header leading space") },
		    { "connections", JM_U(connections) });
}

bool jm_protocol_report(char text[JM_PROTOCOL_TEXT_BYTES])
{
	bool due;

	pthread_mutex_lock(&lock);
	due = unreported > 0 && is_due(reported_us);
	if (due) {
		snprintf(text, JM_PROTOCOL_TEXT_BYTES,
		    "%llu packets at the milter socket were against its protocol, so they were not "
		    "carried out; the last: %s, %s, from %s; only the mail server should reach the "
		    "socket (jmctl doctor)",
		    (unsigned long long)unreported, last_step, last_error, last_peer);
		reported_us = jm_clock_mono_us();
		unreported = 0;
	}
	pthread_mutex_unlock(&lock);
	return due;
}
