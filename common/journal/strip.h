/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The removal of journal headers (rule R14) as a list of cuts; the bytes never change. The archived
 * message is raw without the cuts, and jm_strip_walk() is the only place that takes it apart.
 */
#ifndef JM_JOURNAL_STRIP_H
#define JM_JOURNAL_STRIP_H

#include "common/base/digest.h"
#include "common/journal/unwrap.h"

#define JM_STRIP_CUTS 262144u /* cap on the cuts; further fields stay in the message */

/* Is it the name of a journal header? */
bool jm_strip_is_journal_header(struct jm_span name);

/* Set cuts (in arena), cuts_n and size_bytes of *content from its raw bytes; without remove there
 * are no cuts. *limited_r is true when there are more fields than JM_STRIP_CUTS or than arena has
 * room for. Returns 0, or -1 with err filled (TEMP). */
int jm_strip(struct jm_content *content, bool remove, struct jm_arena *arena, bool *limited_r,
    struct jm_err *err) JM_MUST_CHECK;

/* Gets pieces of a message in order, each borrowed for the call. 0; anything else ends the walk. */
typedef int jm_strip_sink(void *ctx, const void *p, size_t n, struct jm_err *err);

/* Hand the bytes of raw without its n cuts (ascending, apart, within raw) to sink. Returns 0, or
 * what sink returned. */
int jm_strip_walk(struct jm_span raw, const struct jm_cut *cuts, size_t n, jm_strip_sink *sink,
    void *ctx, struct jm_err *err) JM_MUST_CHECK;

/* The SHA-256 of these bytes. Returns 0, or -1 with err filled (TEMP). */
int jm_strip_digest(struct jm_span raw, const struct jm_cut *cuts, size_t n,
    unsigned char digest_r[JM_SHA256_BYTES], struct jm_err *err) JM_MUST_CHECK;

#endif
