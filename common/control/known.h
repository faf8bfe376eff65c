/* SPDX-License-Identifier: BSD-2-Clause */
/* The names by which users select: services and kinds of events. A name that nothing has is an
 * error with the nearest one, not an empty answer. */
#ifndef JM_CONTROL_KNOWN_H
#define JM_CONTROL_KNOWN_H

#include "common/archive/archive.h"

/* The kinds of events and of what happens to messages, with blanks between. An archive may have
 * more, of other versions. */
#define JM_KNOWN_KINDS \
	"archived merged queued set-aside released expired refused deferred not-archived status " \
	"service-added service-removed service-enabled service-disabled reloaded reload-failed " \
	"setting-changed settings-changed settings-not-compared restart-needed started stopped " \
	"recovered damaged lost records-lost rebuilt imported verified verify-failed " \
	"disk-low disk-ok events-dropped " \
	"publish-failed connections-turned-away milter-protocol header-perhaps-cut " \
	"directory-loaded directory-failed domain-added domain-verified domain-not-verified " \
	"domain-removed " \
	"pop3-error pop3-recovered pop3-unretrievable"

/* Check that the archive, or the settings in force (in daemon_state, NULL: not known), have the
 * service; any_form: in any form of its address (common/mail/address_form.h), else as it is
 * written. NULL is known. USAGE: they do not. TEMP, CORRUPT. */
int jm_known_service(struct jm_archive *a, const json_t *daemon_state, const char *service,
    bool any_form, struct jm_err *err) JM_MUST_CHECK;

/* Check kinds of events, names separated by commas. NULL is known. USAGE, TEMP, CORRUPT. */
int jm_known_kinds(struct jm_archive *a, const char *kinds, struct jm_err *err) JM_MUST_CHECK;

/* Is kind one of kinds, names separated by commas? kinds NULL: yes. */
bool jm_known_is_kind(const char *kinds, const char *kind);

#endif
