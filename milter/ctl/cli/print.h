/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Output for people and for programs. Whatever comes out of mail is printed through here: control
 * characters, C1, line and paragraph separators and the characters that change the direction of
 * writing are escaped, so that no Subject can drive a terminal or pass for another line. Colour
 * only on a terminal, and not with NO_COLOR in the environment.
 */
#ifndef JM_MILTER_CTL_CLI_PRINT_H
#define JM_MILTER_CTL_CLI_PRINT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "common/base/err.h"
#include "common/base/span.h"

enum jm_print_style {
	JM_PRINT_PLAIN,
	JM_PRINT_BOLD,
	JM_PRINT_DIM,
	JM_PRINT_GOOD,
	JM_PRINT_BAD,
	JM_PRINT_WAIT
};

/* Print text escaped, padded with spaces to columns; with cut, no more than columns ("..." at the
 * end). Returns the columns used. columns 0: as it comes. */
size_t jm_print_cell(FILE *f, struct jm_span text, size_t columns, bool cut);

/* The same for a JSON value: strings escaped, numbers, true and false; null and NULL as "-". */
size_t jm_print_value(FILE *f, const json_t *value, size_t columns, bool cut);

/* The columns that text takes when it is printed escaped. */
size_t jm_print_width(struct jm_span text);

/* Escaped text without padding. */
void jm_print_text(FILE *f, struct jm_span text);

/* Is f a terminal that may have colour? */
bool jm_print_coloured(FILE *f);

/* Begin (or with PLAIN end) a style, whatever f is: for a picture that is drawn in memory. */
void jm_print_code(FILE *f, enum jm_print_style style);

/* Begin (or with PLAIN end) a style; nothing unless f is a terminal that may have colour. */
void jm_print_style(FILE *f, enum jm_print_style style);

/* One JSON value on one line; escaped to ASCII when f is a terminal. */
void jm_print_json(FILE *f, const json_t *value);

#define JM_PRINT_BYTES_TEXT 32

/* "1.2 MB" (decimal units), into text, which is returned. */
char *jm_print_bytes(uint64_t bytes, char text[JM_PRINT_BYTES_TEXT]);

#define JM_PRINT_COUNT_TEXT 32

/* "12,345", into text, which is returned. */
char *jm_print_count(json_int_t n, char text[JM_PRINT_COUNT_TEXT]);

#define JM_PRINT_DURATION_TEXT 32

/* How long seconds are, to the nearest unit that tells: "45 s", "90 min", "12 h", "30 days", "25
 * years"; into text, which is returned. */
char *jm_print_duration(int64_t seconds, char text[JM_PRINT_DURATION_TEXT]);

#define JM_PRINT_TIME_TEXT 40

/* The time under name ("...Z" text) or name_ms (milliseconds) of an object, to the second, into
 * text, which is returned; "-" when there is none. */
char *jm_print_time(const json_t *object, const char *name, char text[JM_PRINT_TIME_TEXT]);

/* Columns of the terminal f; 0 when f is none. */
size_t jm_print_columns(FILE *f);

/* An object as an indented list of "name  value", objects and lists within it further in. Names
 * ending in "bytes" get a readable size too. */
void jm_print_tree(FILE *f, const json_t *object, unsigned indent);

/* The rest of a line about damage, to standard output: "  record SEQ, volume N at OFFSET: PROBLEM",
 * escaped as everything. */
void jm_print_finding(const json_t *o);

/* Flush standard output: 0, or -1 when not all of it could be written (TEMP). */
int jm_print_flush(struct jm_err *err) JM_MUST_CHECK;

#endif
