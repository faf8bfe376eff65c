/* SPDX-License-Identifier: BSD-2-Clause */
/* Rules about several settings together: completing values that follow from others, and finding
 * contradictions. */
#ifndef JM_SETTINGS_CONSISTENCY_H
#define JM_SETTINGS_CONSISTENCY_H

#include "common/settings/findings.h"
#include "common/settings/settings.h"

/* Fill in what follows from other settings: description and maximum_age_days of services,
 * control_socket, journal_domains. A control socket whose path would be too long is an error in f.
 * Returns 0, or -1 with err filled (TEMP). */
int jm_consistency_complete(
    struct jm_settings *s, struct jm_findings *f, struct jm_err *err) JM_MUST_CHECK;

/* Add contradictions to f as errors, and what is allowed but hardly intended as warnings (these
 * only while f has no error). s is complete. Nothing outside of s is looked up. */
void jm_consistency_check(const struct jm_settings *s, struct jm_findings *f);

#endif
