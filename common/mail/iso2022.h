/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ISO 2022 as mail uses it, cut into runs of one character set each: ISO-2022-JP with the kana, the
 * NEC and IBM characters and the further sets of its extensions (CP50220 to CP50222, -JP-1 to
 * -JP-3), ISO-2022-KR and ISO-2022-CN; and HZ (RFC 1843). The C library knows only parts of these.
 *
 * Each run is given as octets of a set that iconv knows. The end of a line returns to ASCII, so
 * that a lost escape sequence spoils no other line. Pure functions, any thread.
 */
#ifndef JM_MAIL_ISO2022_H
#define JM_MAIL_ISO2022_H

#include <stdbool.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/span.h"

struct jm_iso2022 {
	struct jm_span text; /* borrowed */
	size_t pos;
	bool hz;
	unsigned g0, g1, g2; /* designated sets */
	bool shifted;        /* g1 is in use */
};

/* Begin with text, which is borrowed until the walk is over. hz: text is HZ. */
void jm_iso2022_start(struct jm_iso2022 *w, struct jm_span text, bool hz);

/*
 * Put the next run into octets, whose content is replaced, and the name of its set for iconv into
 * *set_r; NULL: ASCII, with any octets above 127 as they are. Returns 1, 0 at the end, or -1 with
 * err filled: LIMIT past the cap of octets, TEMP.
 */
int jm_iso2022_next(
    struct jm_iso2022 *w, struct jm_buf *octets, const char **set_r, struct jm_err *err);

/* True when text has an escape sequence of ISO 2022. */
bool jm_iso2022_is(struct jm_span text);

#endif
