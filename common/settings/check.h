/* SPDX-License-Identifier: BSD-2-Clause */
/* What the settings mean together. */
#ifndef JM_SETTINGS_CHECK_H
#define JM_SETTINGS_CHECK_H

#include "common/settings/findings.h"
#include "common/settings/settings.h"

/* Fill in what follows from other settings (description, control_socket, journal_domains). TEMP. */
int jm_check_complete(
    struct jm_settings *s, struct jm_findings *f, struct jm_err *err) JM_MUST_CHECK;

/* Contradictions (errors), and what is allowed but hardly wanted (warnings). Pure. */
void jm_check(const struct jm_settings *s, struct jm_findings *f);

#endif
