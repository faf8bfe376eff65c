/* SPDX-License-Identifier: BSD-2-Clause */
/* Settings as text that outlives the process, so that the next start can find what was changed in
 * the meantime. The text contains no secret. */
#ifndef JM_SETTINGS_SNAPSHOT_H
#define JM_SETTINGS_SNAPSHOT_H

#include "common/base/buf.h"
#include "common/settings/settings.h"

/*
 * Append s to b as a file that jm_settings_load() can read, without the defaults. A secret is
 * replaced by a mask: a random salt and 16 bits of a digest. These are enough to see that it
 * changed (in all but one of 65,536 cases), too little to recover it. Returns 0, or -1 with err
 * filled: LIMIT past the cap of b, TEMP.
 */
int jm_settings_text(
    const struct jm_settings *s, struct jm_buf *b, struct jm_err *err) JM_MUST_CHECK;

/* In old, which was loaded from such a text, replace each mask by the secret of now when it is the
 * mask of that secret. This changes old, so no other thread may use it yet. Returns 0, or -1 with
 * err filled (TEMP). */
int jm_settings_unmask(
    struct jm_settings *old, const struct jm_settings *now, struct jm_err *err) JM_MUST_CHECK;

#endif
