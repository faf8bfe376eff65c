/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How a journal service stands: Awaiting Initial Run, OK, Error (since when, why, what to do),
 * Disabled. A pure state machine: the caller brings facts and the time, keeps the state, and tells
 * of changes. A service that was disabled forgets its errors; one that is inactive for too long is
 * "down" until its next message, or until it may be inactive for longer.
 */
#ifndef JM_SERVICE_STATUS_H
#define JM_SERVICE_STATUS_H

#include <stdbool.h>
#include <stdint.h>

enum jm_status { JM_STATUS_AWAITING, JM_STATUS_OK, JM_STATUS_ERROR, JM_STATUS_DISABLED };
enum jm_fault { JM_FAULT_NONE, JM_FAULT_ARCHIVE, JM_FAULT_MAILBOX, JM_FAULT_DOWN };

#define JM_STATUS_WHY_BYTES 300

struct jm_service_status {
	bool known; /* false: nothing is known yet, the first tick is a change */
	enum jm_status status;
	int64_t since_ms;
	enum jm_fault fault;           /* with ERROR */
	char why[JM_STATUS_WHY_BYTES]; /* printable; "" unless ERROR */
};

struct jm_status_facts {
	bool disabled;
	int64_t last_ms;           /* the last message that came in; 0: none ever did */
	int64_t inactivity_ms;     /* how long it may be without one; 0: for ever */
	const char *archive_fault; /* why the archive cannot write; NULL: it can */
	const char *mailbox_fault; /* why the journal mailbox cannot be fetched from; NULL: it can,
				      or there is none */
	bool mailbox_untried; /* nobody has looked since the start: what was known of it still holds
			       */
};

/* Bring *s up to now. True when it changed: status, or the kind of error. */
bool jm_status_tick(struct jm_service_status *s, const struct jm_status_facts *f, int64_t now_ms);

/* Set *s from what was kept: a name as below, since when, why. Unknown names leave it unknown. */
void jm_status_restore(
    struct jm_service_status *s, const char *name, int64_t since_ms, const char *why);

/* "Awaiting Initial Run", "OK", "Error", "Disabled". Static. */
const char *jm_status_name(enum jm_status status);

/* What an administrator can do about an error; NULL when there is none. Static. */
const char *jm_status_cure(const struct jm_service_status *s);

#endif
