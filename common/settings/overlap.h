/* SPDX-License-Identifier: BSD-2-Clause */
/* Address ranges that are listed twice, or that are part of another one. */
#ifndef JM_SETTINGS_OVERLAP_H
#define JM_SETTINGS_OVERLAP_H

#include "common/settings/findings.h"
#include "common/settings/settings.h"

/*
 * Warn of each range of <authorized-outbounds> that another range there makes needless, and of each
 * range of an enabled SMTP service that another range of it or of <authorized-outbounds> makes
 * needless. Ranges of different services may overlap: the recipient decides which service it is.
 */
void jm_overlap_check(const struct jm_settings *s, struct jm_findings *f);

#endif
