/* SPDX-License-Identifier: BSD-2-Clause */
/* What two settings files say differently: a line of words for each setting, for the event log.
 * Secrets are named, never shown. */
#ifndef JM_SETTINGS_DIFFERENCE_H
#define JM_SETTINGS_DIFFERENCE_H

#include "common/settings/settings.h"

#define JM_DIFFERENCE_BYTES 400
/* So many entries of a list are told one by one, then how many more there are. */
#define JM_DIFFERENCE_ENTRIES 20

/*
 * service: the email address of the service concerned, NULL: the whole. text: "encrypted: no -> yes
 * (line 12)", "authorized-outbounds: range 192.0.2.0/24 removed". Borrowed during the call.
 */
typedef void jm_difference_visit(void *ctx, const char *service, const char *text);

/*
 * Tell every difference that a file states, each once. Services that came or went are none of its
 * business, and neither are defaults of new programs. Any thread. Without memory a list is told as
 * "changed".
 */
void jm_settings_differences(const struct jm_settings *old, const struct jm_settings *now,
    jm_difference_visit *visit, void *ctx);

#endif
