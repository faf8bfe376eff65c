/* SPDX-License-Identifier: BSD-2-Clause */
/* The end of a search: items that a criterion could not be compared with. */
#ifndef JM_MILTER_CTL_CLI_LEFT_OUT_H
#define JM_MILTER_CTL_CLI_LEFT_OUT_H

#include <jansson.h>
#include <stdbool.h>

/* Is an object of a search's answer not an item but {"left_out": {...}}, of
 * jm_archive_filter.left_out? */
bool jm_left_out_is(const json_t *object);

/* Print that object on standard error, in sentences. verb: of jmctl. */
void jm_left_out_say(const char *verb, const json_t *object);

/* Print what a program has to know of it, as JSON on standard output; or nothing. */
void jm_left_out_print(const json_t *object);

#endif
