/* SPDX-License-Identifier: BSD-2-Clause */
/* Settings as text that outlives the process, so that the next start can tell what was changed
 * meanwhile. No secret is in it. */
#ifndef JM_SETTINGS_KEEP_H
#define JM_SETTINGS_KEEP_H

#include "common/settings/settings.h"

/*
 * Append to b what s says, as a file that jm_settings_load() reads; defaults are left out. A secret
 * becomes a random salt and 16 bits of a digest: enough to see that it changed (all but one in
 * 65,536 times), too little to find it out. LIMIT past the cap of b, TEMP.
 */
int jm_settings_text(
    const struct jm_settings *s, struct jm_buf *b, struct jm_err *err) JM_MUST_CHECK;

/* In old, which was loaded from such a text and nobody else has: put the secrets of now in the
 * place of those that are the same. TEMP. */
int jm_settings_unmask(
    struct jm_settings *old, const struct jm_settings *now, struct jm_err *err) JM_MUST_CHECK;

#endif
