/* SPDX-License-Identifier: BSD-2-Clause */
/* The differences between two loaded settings, one line of text for each setting, for the event
 * log. Secrets are named but never shown. */
#ifndef JM_SETTINGS_DIFFERENCE_H
#define JM_SETTINGS_DIFFERENCE_H

#include "common/settings/settings.h"

#define JM_DIFFERENCE_BYTES 400 /* longest text, with its NUL */

/* Of one list, this many changed entries are visited one by one, then the number of the others. */
#define JM_DIFFERENCE_ENTRIES 20

/*
 * Called with one difference. service: the email address of the service that it belongs to; NULL:
 * the settings outside of services. text: "encrypted: no -> yes (line 12)", "authorized-outbounds:
 * range 192.0.2.0/24 removed". Both are borrowed for the call.
 */
typedef void jm_difference_visit(void *ctx, const char *service, const char *text);

/*
 * Visit each difference that one of the two files states. Not visited: services that exist only in
 * one of them, and settings that neither file has, whose default may differ between versions of
 * this program. Without memory, a list is visited once, with its name as the text. Any thread.
 */
void jm_settings_differences(const struct jm_settings *old, const struct jm_settings *now,
    jm_difference_visit *visit, void *ctx);

#endif
