/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The match key: the same for all copies of one message, whatever transport headers were added to
 * them on the way.
 *
 * It is SHA-256 over a version byte, then Message-ID, Date, From and Subject (each preceded by its
 * length, unfolded, without white space at its ends), then the body, preceded by its length. The
 * key of a message without a Message-ID is the digest of all its bytes: no weaker resemblance makes
 * two messages copies of each other.
 */
#ifndef JM_JOURNAL_MATCH_KEY_H
#define JM_JOURNAL_MATCH_KEY_H

#include "common/base/digest.h"

/* Compute the key of message, the raw bytes of a journaled message. Returns 0, or -1 with err
 * filled (TEMP). Any thread. */
int jm_match_key_of(
    struct jm_span message, unsigned char key_r[JM_SHA256_BYTES], struct jm_err *err) JM_MUST_CHECK;

#endif
