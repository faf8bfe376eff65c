/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The status of a journal service: Awaiting Initial Run, OK, Error (with its beginning, reason and
 * cure), Disabled. A pure state machine: the caller gives facts and the time, keeps the state, and
 * reports changes. All times are in milliseconds since 1970, UTC.
 *
 * A disabled service has no errors. A service without a successful extract for longer than it may
 * be is "down" until its next one, or until the settings allow a longer time. An extract is a
 * message that was archived; with POP3 also a session with the mailbox that succeeded, though it
 * was empty. A service that is OK and whose server does not deliver some messages of the mailbox
 * says so: "OK, 1 not retrievable".
 */
#ifndef JM_SERVICE_SERVICE_STATUS_H
#define JM_SERVICE_SERVICE_STATUS_H

#include <stdbool.h>
#include <stdint.h>

enum jm_status { JM_STATUS_AWAITING, JM_STATUS_OK, JM_STATUS_ERROR, JM_STATUS_DISABLED };
enum jm_fault { JM_FAULT_NONE, JM_FAULT_ARCHIVE, JM_FAULT_MAILBOX, JM_FAULT_DOWN };

#define JM_STATUS_WHY_BYTES 300
#define JM_STATUS_CURE_BYTES 240

struct jm_service_status {
	bool known; /* false: there was no tick yet; the first one is a change */
	enum jm_status status;
	/* of the status; in ERROR with this cause; in OK with or without unretrievable messages */
	int64_t since_ms;
	enum jm_fault fault;           /* NONE unless ERROR */
	uint64_t unretrievable;        /* messages that the server does not deliver; 0 unless OK */
	char why[JM_STATUS_WHY_BYTES]; /* printable; "" unless ERROR or unretrievable */
	char cure[JM_STATUS_CURE_BYTES]; /* likewise */
};

/* Borrowed for the call. */
struct jm_status_facts {
	bool disabled, pop3;
	int64_t last_ms;           /* the last successful extract; 0: none yet */
	int64_t inactivity_ms;     /* how long the service may be without one; 0: for ever */
	const char *archive_fault; /* why the archive cannot be written; NULL: it can */
	const char *archive_cure;  /* NULL: the usual one */
	/* why the journal mailbox cannot be fetched from; NULL: it can, or no mailbox is set */
	const char *mailbox_fault;
	const char *mailbox_cure; /* another one for each cause; NULL: the usual one */
	/* no poll of the mailbox since the start: an earlier error of it remains */
	bool mailbox_untried;
	uint64_t unretrievable; /* messages in the mailbox that the server does not deliver */
};

/* Bring *s up to now. Returns true when the status, the kind of error or its cure changed. The
 * words of the reason are brought up to date in any case. */
bool jm_status_tick(struct jm_service_status *s, const struct jm_status_facts *f, int64_t now_ms);

/* Set *s from its saved form: a name of jm_status_name(), since when, why, cure (the strings may be
 * NULL). An unknown name leaves *s unknown. */
void jm_status_restore(struct jm_service_status *s, const char *name, int64_t since_ms,
    const char *why, const char *cure);

#define JM_STATUS_TEXT_BYTES 80

/* Write the status as people read it: jm_status_words() of its name, or "OK, 1 not retrievable".
 * Returns text. */
const char *jm_status_text(
    const char *name, uint64_t unretrievable, char text[JM_STATUS_TEXT_BYTES]);

/* "Awaiting Initial Run", "OK", "Error", "Disabled". Static. */
const char *jm_status_name(enum jm_status status);

/* The same as people read it: "Service Awaiting Initial Run", "Service OK", "Service Error",
 * "Service Disabled"; another name as it is. Static, or name. */
const char *jm_status_words(const char *name);

/* The text of the event of a change: the reason of an error, else the change itself. Static, or in
 * now. */
const char *jm_status_change(
    const struct jm_service_status *before, const struct jm_service_status *now, bool pop3);

/* The way in which an administrator can correct an error or get unretrievable messages; NULL when
 * there is nothing to do. In s. */
const char *jm_status_cure(const struct jm_service_status *s);

#endif
