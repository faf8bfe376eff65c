/* SPDX-License-Identifier: BSD-2-Clause */
/* Single lines of mail files: From_ lines of mbox files, and lines of a header. Pure functions, any
 * thread. */
#ifndef JM_MILTER_CTL_FILES_MAIL_LINE_H
#define JM_MILTER_CTL_FILES_MAIL_LINE_H

#include "common/base/span.h"

#define JM_MAIL_LINE_BYTES 1000 /* a longer line is no From_ line */

/* How much a line is like the From_ line of an mbox file, "From SENDER DATE". */
enum jm_from_line {
	JM_FROM_NOT,     /* it does not begin with "From " */
	JM_FROM_UNDATED, /* it has no date: prose, or a From_ line of an unusual program */
	JM_FROM_LOOSE,   /* a date, but several words before it or text after it */
	JM_FROM_DATED,   /* at most one sender and a date */
};

/*
 * Grade a line, given with or without its line end. As a sender count: nothing, a word, a quoted
 * string, "ann at example.com". As a date count the order of asctime(3) and that of RFC 5322, ISO
 * 8601, with and without seconds, zones at any place, "remote from HOST" after it.
 */
enum jm_from_line jm_mail_line_from(struct jm_span line);

/* How much a line is like the first one of a header field. */
enum jm_header_line {
	JM_HEADER_NOT,
	JM_HEADER_FIELD, /* it has the form of one */
	JM_HEADER_USUAL, /* its name is one that most messages have; also ">From " */
};

enum jm_header_line jm_mail_line_header(struct jm_span line);

/* The first line of text, with its line end when it has one. */
struct jm_span jm_mail_line_first(struct jm_span text);

/* True for a line that has a line end only. */
bool jm_mail_line_is_empty(struct jm_span line);

#endif
