/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The match key: the same for all copies of one message, whatever transport headers they gained on
 * the way.
 *
 * SHA-256 over a version byte, then Message-ID, Date, From and Subject (each with its length,
 * unfolded, white space at the ends dropped), then the body with its length. A message without
 * Message-ID gets the digest of all its bytes: nothing is ever taken for a copy on weaker grounds.
 */
#ifndef JM_JOURNAL_KEY_H
#define JM_JOURNAL_KEY_H

#include "common/base/digest.h"

/* message: raw bytes of the journaled message. TEMP only. Any thread. */
int jm_key_of(
    struct jm_span message, unsigned char key_r[JM_SHA256_BYTES], struct jm_err *err) JM_MUST_CHECK;

#endif
