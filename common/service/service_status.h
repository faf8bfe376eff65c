/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The status of a journal service: Awaiting Initial Run, OK, Error (with its beginning, reason and
 * cure), Disabled. A pure state machine: the caller gives facts and the time, keeps the state, and
 * reports changes. All times are in milliseconds since 1970, UTC.
 *
 * A disabled service has no errors. A service without a message for longer than it may be is "down"
 * until its next message, or until the settings allow a longer time.
 */
#ifndef JM_SERVICE_SERVICE_STATUS_H
#define JM_SERVICE_SERVICE_STATUS_H

#include <stdbool.h>
#include <stdint.h>

enum jm_status { JM_STATUS_AWAITING, JM_STATUS_OK, JM_STATUS_ERROR, JM_STATUS_DISABLED };
enum jm_fault { JM_FAULT_NONE, JM_FAULT_ARCHIVE, JM_FAULT_MAILBOX, JM_FAULT_DOWN };

#define JM_STATUS_WHY_BYTES 300

struct jm_service_status {
	bool known; /* false: there was no tick yet; the first one is a change */
	enum jm_status status;
	int64_t since_ms;
	enum jm_fault fault;           /* NONE unless ERROR */
	char why[JM_STATUS_WHY_BYTES]; /* printable; "" unless ERROR */
};

/* Borrowed for the call. */
struct jm_status_facts {
	bool disabled;
	int64_t last_ms;           /* the last message that came in; 0: there was none */
	int64_t inactivity_ms;     /* how long the service may be without one; 0: for ever */
	const char *archive_fault; /* why the archive cannot be written; NULL: it can */
	/* why the journal mailbox cannot be fetched from; NULL: it can, or there is none */
	const char *mailbox_fault;
	/* no poll of the mailbox since the start: an earlier mailbox error remains */
	bool mailbox_untried;
};

/* Bring *s up to now. Returns true when the status or the kind of error changed. */
bool jm_status_tick(struct jm_service_status *s, const struct jm_status_facts *f, int64_t now_ms);

/* Set *s from its saved form: a name of jm_status_name(), since when, why (both strings may be
 * NULL). An unknown name leaves *s unknown. */
void jm_status_restore(
    struct jm_service_status *s, const char *name, int64_t since_ms, const char *why);

/* "Awaiting Initial Run", "OK", "Error", "Disabled". Static. */
const char *jm_status_name(enum jm_status status);

/* What an administrator can do about an error; NULL when the status is not ERROR. Static. */
const char *jm_status_cure(const struct jm_service_status *s);

#endif
