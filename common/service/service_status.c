/* SPDX-License-Identifier: BSD-2-Clause */
/* The state machine of a service's status. Keeping it, and writing events of its changes:
 * milter/daemon/watch.c. */
#include "common/service/service_status.h"

#include <stdio.h>
#include <string.h>

static const char *const names[] = {
	[JM_STATUS_AWAITING] = "Awaiting Initial Run",
	[JM_STATUS_OK] = "OK",
	[JM_STATUS_ERROR] = "Error",
	[JM_STATUS_DISABLED] = "Disabled",
};

static const char *const words[] = {
	[JM_STATUS_AWAITING] = "Service Awaiting Initial Run",
	[JM_STATUS_OK] = "Service OK",
	[JM_STATUS_ERROR] = "Service Error",
	[JM_STATUS_DISABLED] = "Service Disabled",
};

/* After a restart, the prefix of the saved reason gives the kind of fault. The cures are for a
 * service of transport type SMTP and for one of type POP3. */
static const struct {
	const char *prefix, *cure[2];
} faults[] = {
	[JM_FAULT_NONE] = { "", { NULL, NULL } },
	[JM_FAULT_ARCHIVE] = { "archive: ",
	    { "make room on the archive's disk or mend it; senders get 4xx and try again "
	      "meanwhile",
		"make room on the archive's disk or mend it; the messages stay in the mailbox "
		"meanwhile" } },
	[JM_FAULT_MAILBOX] = { "mailbox: ",
	    { "set transport-type POP3 for a journal mailbox",
		"check host, name and password of the journal mailbox, and that its server is "
		"up" } },
	[JM_FAULT_DOWN] = { "down: ",
	    { "check in Exchange the journal rule, the connector and the queue to this server, "
	      "and here that the MTA runs",
		"the journal mailbox was not read in this time: check that poll-interval is "
		"shorter than period-of-inactivity-allowed, and the daemon's log" } },
};

const char *jm_status_name(enum jm_status status)
{
	return names[status];
}

const char *jm_status_words(const char *name)
{
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (strcmp(names[i], name) == 0)
			return words[i];
	return name;
}

const char *jm_status_text(
    const char *name, uint64_t unretrievable, char text[JM_STATUS_TEXT_BYTES])
{
	if (unretrievable && strcmp(name, names[JM_STATUS_OK]) == 0)
		snprintf(text, JM_STATUS_TEXT_BYTES, "%s, %llu not retrievable", name,
		    (unsigned long long)unretrievable);
	else
		snprintf(text, JM_STATUS_TEXT_BYTES, "%s", jm_status_words(name));
	return text;
}

const char *jm_status_change(
    const struct jm_service_status *before, const struct jm_service_status *now, bool pop3)
{
	bool was_off = before->known && before->status == JM_STATUS_DISABLED;

	switch (now->status) {
	case JM_STATUS_ERROR:
		return now->why;
	case JM_STATUS_DISABLED:
		return "the settings disable it";
	case JM_STATUS_AWAITING:
		return was_off ? "enabled; nothing was extracted yet"
		    : before->known && before->status == JM_STATUS_ERROR
		    ? "the error is over; nothing was extracted yet"
		    : "nothing was extracted yet";
	case JM_STATUS_OK:
		break;
	}
	if (now->unretrievable)
		return now->why;
	if (!before->known)
		return "in order";
	return was_off                          ? "enabled again"
	    : before->status == JM_STATUS_ERROR ? "in order again"
	    : before->unretrievable             ? "in order again"
	    : before->status == JM_STATUS_OK    ? "in order"
	    : pop3                              ? "the mailbox was read"
						: "the first message came in";
}

const char *jm_status_cure(const struct jm_service_status *s)
{
	return s->status == JM_STATUS_ERROR || s->unretrievable ? s->cure : NULL;
}

/* Since when the service is idle: since its last extract, or since its status became OK when that
 * is later. A service that is down is idle since its last extract. */
static int64_t idle_since(
    const struct jm_service_status *s, const struct jm_status_facts *f, int64_t now_ms)
{
	int64_t from = s->status == JM_STATUS_OK ? s->since_ms : now_ms;
	bool down = s->status == JM_STATUS_ERROR && s->fault == JM_FAULT_DOWN;

	return !s->known || down || f->last_ms > from ? f->last_ms : from;
}

/* Decided anew from the last extract each time, not from when the service was found to be down: the
 * clock or the allowed period may have been changed since. */
static bool is_down(
    const struct jm_service_status *s, const struct jm_status_facts *f, int64_t now_ms)
{
	return f->last_ms != 0 && f->inactivity_ms != 0 && !f->mailbox_untried &&
	    now_ms - idle_since(s, f, now_ms) > f->inactivity_ms;
}

#define UNRETRIEVABLE_CURE \
	"the event pop3-unretrievable names the message and what the server says: repair it " \
	"there, or move it out of the mailbox and archive it by jmctl import"

/* The cure of this kind of fault now. */
static const char *cure_of(enum jm_fault fault, const struct jm_status_facts *f)
{
	const char *of_cause = fault == JM_FAULT_ARCHIVE ? f->archive_cure
	    : fault == JM_FAULT_MAILBOX                  ? f->mailbox_cure
							 : NULL,
		   *usual = faults[fault].cure[f->pop3];

	return of_cause ? of_cause : usual ? usual : "";
}

static void status_explain(struct jm_service_status *s, const struct jm_status_facts *f)
{
	long long minutes = (long long)(f->inactivity_ms / 60000);
	char period[60];

	if (minutes > 0)
		snprintf(period, sizeof period, "%lld minute%s", minutes, minutes == 1 ? "" : "s");
	else
		snprintf(period, sizeof period, "%lld ms", (long long)f->inactivity_ms);
	s->why[0] = '\0';
	if (s->unretrievable)
		snprintf(s->why, sizeof s->why,
		    "the server does not deliver %llu message%s of the mailbox",
		    (unsigned long long)s->unretrievable, s->unretrievable == 1 ? "" : "s");
	if (s->fault == JM_FAULT_DOWN)
		snprintf(s->why, sizeof s->why, "%sno %s for more than %s", faults[s->fault].prefix,
		    f->pop3 ? "successful extract" : "message", period);
	else if (s->fault != JM_FAULT_NONE)
		snprintf(s->why, sizeof s->why, "%s%.250s", faults[s->fault].prefix,
		    s->fault == JM_FAULT_ARCHIVE ? f->archive_fault : f->mailbox_fault);
	for (char *p = s->why; *p != '\0'; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = '?';
}

bool jm_status_tick(struct jm_service_status *s, const struct jm_status_facts *f, int64_t now_ms)
{
	uint64_t unretrievable = f->mailbox_untried ? s->unretrievable : f->unretrievable;
	enum jm_fault fault = JM_FAULT_NONE;
	enum jm_status status;
	const char *cure;
	bool same;

	if (!f->disabled && !f->archive_fault && f->mailbox_untried && s->known &&
	    s->status == JM_STATUS_ERROR && s->fault != JM_FAULT_ARCHIVE)
		return false;
	if (!f->disabled)
		fault = f->archive_fault    ? JM_FAULT_ARCHIVE
		    : f->mailbox_fault      ? JM_FAULT_MAILBOX
		    : is_down(s, f, now_ms) ? JM_FAULT_DOWN
					    : JM_FAULT_NONE;
	status = f->disabled         ? JM_STATUS_DISABLED
	    : fault != JM_FAULT_NONE ? JM_STATUS_ERROR
	    : f->last_ms == 0        ? JM_STATUS_AWAITING
				     : JM_STATUS_OK;
	if (status != JM_STATUS_OK)
		unretrievable = 0;
	cure = unretrievable ? UNRETRIEVABLE_CURE : cure_of(fault, f);
	same = s->known && s->status == status && s->fault == fault && strcmp(s->cure, cure) == 0;
	if (!same)
		s->since_ms = now_ms;
	s->known = true;
	s->status = status;
	s->fault = fault;
	s->unretrievable = unretrievable;
	snprintf(s->cure, sizeof s->cure, "%s", cure);
	status_explain(s, f);
	return !same;
}

void jm_status_restore(struct jm_service_status *s, const char *name, int64_t since_ms,
    const char *why, const char *cure)
{
	*s = (struct jm_service_status){ .known = false };
	for (int i = 0; name && i < 4; i++)
		if (strcmp(names[i], name) == 0)
			*s = (struct jm_service_status){
				.known = true, .status = (enum jm_status)i, .since_ms = since_ms
			};
	if (s->known && s->status == JM_STATUS_OK && cure)
		snprintf(s->cure, sizeof s->cure, "%s", cure);
	if (!s->known || s->status != JM_STATUS_ERROR)
		return;
	s->fault = JM_FAULT_DOWN;
	for (int i = JM_FAULT_ARCHIVE; i <= JM_FAULT_DOWN; i++)
		if (why && strncmp(why, faults[i].prefix, strlen(faults[i].prefix)) == 0)
			s->fault = (enum jm_fault)i;
	if (why)
		snprintf(s->why, sizeof s->why, "%s", why);
	if (cure)
		snprintf(s->cure, sizeof s->cure, "%s", cure);
}
