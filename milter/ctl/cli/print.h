/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Output for people and for programs. All text from mail must be printed through here: control
 * characters, C1, line and paragraph separators and characters that change the direction of writing
 * are escaped, so that no Subject can control a terminal or look like another line. Colour is used
 * on a terminal only, and not when NO_COLOR is in the environment. One thread.
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

/*
 * As fprintf(3), but each text (%s) is escaped, and padded to columns as they are seen. The format
 * may have the flags "-" and "0", width, precision, and the letters c, d, f, s, u, x with l, ll and
 * z. All output for people goes through here or the functions below.
 */
void jm_print(FILE *f, const char *format, ...) JM_PRINTF(2, 3);

/*
 * Print text escaped, padded with spaces to columns (0: no padding). With cut, print at most
 * columns, with "..." at the end. Returns the columns used.
 */
size_t jm_print_cell(FILE *f, struct jm_span text, size_t columns, bool cut);

/* The same for a JSON value; null and NULL are printed as "-". */
size_t jm_print_value(FILE *f, const json_t *value, size_t columns, bool cut);

/* The columns that text takes when printed escaped. */
size_t jm_print_width(struct jm_span text);

/* Print text escaped, without padding. */
void jm_print_text(FILE *f, struct jm_span text);

/* True when f is a terminal and colour is allowed. */
bool jm_print_coloured(FILE *f);

/* Begin a style, or end it with PLAIN, whatever f is: for output that is drawn in memory. */
void jm_print_code(FILE *f, enum jm_print_style style);

/* Begin a style, or end it with PLAIN; does nothing unless jm_print_coloured(f). */
void jm_print_style(FILE *f, enum jm_print_style style);

/* Print a JSON value on one line, hidden characters as \u escapes; on a terminal, ASCII only. */
void jm_print_json(FILE *f, const json_t *value);

/* The same without the end of the line: a value within a larger one. */
void jm_print_json_part(FILE *f, const json_t *value);

#define JM_PRINT_BYTES_TEXT 32

/* Write "1.2 MB" (decimal units) into text, which is returned. */
char *jm_print_bytes(uint64_t bytes, char text[JM_PRINT_BYTES_TEXT]);

#define JM_PRINT_COUNT_TEXT 32

/* Write "12,345" into text, which is returned. */
char *jm_print_count(json_int_t n, char text[JM_PRINT_COUNT_TEXT]);

#define JM_PRINT_DURATION_TEXT 32

/*
 * Write a duration into text, which is returned, in the unit that suits it: "45 s", "90 min", "12
 * h", "30 days", "25 years".
 */
char *jm_print_duration(int64_t seconds, char text[JM_PRINT_DURATION_TEXT]);

#define JM_PRINT_TIME_TEXT 40

/*
 * Write the time that an object has under NAME (a text) or NAME_ms (milliseconds), to the second,
 * into text, which is returned; "-" without a time.
 */
char *jm_print_time(const json_t *object, const char *name, char text[JM_PRINT_TIME_TEXT]);

/* The columns of the terminal f; 0 when f is not a terminal. */
size_t jm_print_columns(FILE *f);

/*
 * Print an object as lines of "name  value", with nested objects and lists indented further.
 * Numbers whose name ends in "bytes" get a readable size as well.
 */
void jm_print_tree(FILE *f, const json_t *object, unsigned indent);

/*
 * Print the rest of a line about damage on standard output: "  record SEQ, volume N at OFFSET:
 * PROBLEM".
 */
void jm_print_finding(const json_t *o);

/* Flush standard output. 0, or -1 when not all of it could be written: TEMP. */
int jm_print_flush(struct jm_err *err) JM_MUST_CHECK;

#endif
