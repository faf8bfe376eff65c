/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Parameters of Content-Type and Content-Disposition (RFC 2045 5.1, RFC 2231), also as careless
 * mail writes them: without semicolons between them, with quotes that are never closed, with names
 * of files that have blanks or quotes in them. Pure functions, any thread.
 */
#ifndef JM_MAIL_PARAM_H
#define JM_MAIL_PARAM_H

#include <stdbool.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/span.h"

enum jm_param_form {
	/* The value ends at white space unless it is quoted; every backslash pair is one octet. */
	JM_PARAM_TOKEN,
	/* The name of a file: it may have blanks, and quotes in its quotes; backslashes of a path
	 * stay. */
	JM_PARAM_NAME,
};

/* Where a parameter goes, and how it is read. */
struct jm_param {
	enum jm_param_form form;
	struct jm_buf *octets;
	struct jm_buf *charset; /* as RFC 2231 gives it; may be NULL */
};

/*
 * Put the parameter with this name (ASCII case ignored) of value into *p, whose content is
 * replaced: octets, without quotes. In this order: name*=, the pieces name*0=, name*1*= and so on
 * (in the order of their numbers, even if some are missing), name=; of several that are the same,
 * the first. A quoted string that is never closed extends to the next semicolon. *found_r is false
 * when the parameter is missing. Returns 0, or -1 with err filled: LIMIT past a cap, TEMP.
 */
int jm_param_read(struct jm_span value, const char *name, const struct jm_param *p, bool *found_r,
    struct jm_err *err) JM_MUST_CHECK;

#endif
