/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The log: one line for one event, the name of the event first, then key=value pairs. Lines go to
 * syslog (facility mail) or to stderr. Values are quoted and escaped here, so no value can break a
 * line. Neither passwords nor the text of messages may be logged.
 *
 *	JM_LOG(JM_LOG_INFO, "archived", { "qid", JM_S(qid) }, { "seq", JM_U(seq) });
 */
#ifndef JM_BASE_LOG_H
#define JM_BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/span.h"

/* The numbers are those of syslog(3). */
enum jm_log_level {
	JM_LOG_ERROR = 3,
	JM_LOG_WARNING = 4,
	JM_LOG_NOTICE = 5,
	JM_LOG_INFO = 6,
	JM_LOG_DEBUG = 7
};

struct jm_log_value {
	char type; /* 's' string, 'u' unsigned, 'i' signed, 'p' span, 0 end */
	union {
		const char *s; /* NULL is printed as "-" */
		uint64_t u;
		int64_t i;
		struct jm_span p;
	} v;
};

struct jm_log_pair {
	const char *key;
	struct jm_log_value value;
};

/* The value of a pair: a string (or NULL), an unsigned number, a signed number, a span. Strings and
 * spans are borrowed for the call. */
/* clang-format off */
#define JM_S(x) { 's', { .s = (x) } }
#define JM_U(x) { 'u', { .u = (uint64_t)(x) } }
#define JM_I(x) { 'i', { .i = (int64_t)(x) } }
#define JM_P(x) { 'p', { .p = (x) } }
/* clang-format on */

/* Write one line: JM_LOG(level, "event-name", { "key", JM_S(s) }, { "n", JM_U(5) }). Any thread. */
#define JM_LOG(level, event, ...) \
	jm_log_write((level), (event), \
	    (const struct jm_log_pair[]){ __VA_ARGS__, { NULL, { 0, { .s = NULL } } } })

/*
 * Choose where lines go. to_stderr false: syslog, under the name program (borrowed until the
 * process ends). to_stderr true: stderr, each line after a time, or after a "<LEVEL>" priority when
 * stderr is read by journald. Call it at most once, before threads start; until then lines go to
 * stderr.
 */
void jm_log_open(const char *program, bool to_stderr);

/* Set the least important level that is still written; JM_LOG_INFO at the start. Any thread. */
void jm_log_set_level(enum jm_log_level level);

/* Write one line; use JM_LOG instead. pairs ends with a NULL key. A value of more than 400 bytes
 * and a line of more than 2000 are cut. Any thread. */
void jm_log_write(enum jm_log_level level, const char *event, const struct jm_log_pair *pairs);

#endif
