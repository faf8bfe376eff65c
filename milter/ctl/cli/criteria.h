/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which items a command line selects: the criteria of common/control/criterion.h as options of
 * list, search and export, and the values given as a request. A name that is not in that table is a
 * bug of the caller's.
 */
#ifndef JM_MILTER_CTL_CLI_CRITERIA_H
#define JM_MILTER_CTL_CLI_CRITERIA_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/control/criterion.h"
#include "milter/ctl/cli/option.h"

/* The values given for the rows of the table. All zero: none was given. */
struct jm_criteria {
	const char *text[JM_CRITERIA_MAX]; /* borrowed from the command line */
	bool flag[JM_CRITERIA_MAX];
};

/*
 * Append the options of all criteria to a table of options (with list: only of those that "list"
 * takes); their values go into *c. o is the place of the first one; there is room for
 * JM_CRITERIA_MAX. Returns the place after the last one.
 */
struct jm_ctl_option *jm_criteria_options(
    struct jm_ctl_option *o, struct jm_criteria *c, bool list);

/* Is a criterion given that selects items by itself, such as --sender, but not --bcc? */
bool jm_criteria_given(const struct jm_criteria *c);

/* Is this flag given? name: "bcc", ... */
bool jm_criteria_flag(const struct jm_criteria *c, const char *name);

/*
 * {"verb": verb, and each criterion that was given}, for jm_target_ask(). The caller owns it. NULL:
 * USAGE for a size or a text that is malformed, and for --subdomains without --domain; TEMP without
 * memory. Dates are checked by the verb itself.
 */
json_t *jm_criteria_request(const struct jm_criteria *c, const char *verb, struct jm_err *err);

/* Read a size: decimal digits, then k, M, G or T for thousands, millions, ... or nothing. 0 with
 * *bytes_r, or -1 when it is malformed or too large. */
int jm_criteria_size(const char *text, uint64_t *bytes_r);

#endif
