/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The log: one line an event, the event's name first, then key=value pairs. Goes to syslog
 *(facility mail) or to stderr. Values are quoted and escaped here, so no caller can break a line.
 *Never a password, never message text.
 *
 *	JM_LOG(JM_LOG_INFO, "archived", { "qid", JM_S(qid) }, { "seq", JM_U(seq) });
 */
#ifndef JM_BASE_LOG_H
#define JM_BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/span.h"

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

#define JM_S(x) \
	{ \
		's', \
		{ \
			.s = (x) \
		} \
	}
#define JM_U(x) \
	{ \
		'u', \
		{ \
			.u = (uint64_t)(x) \
		} \
	}
#define JM_I(x) \
	{ \
		'i', \
		{ \
			.i = (int64_t)(x) \
		} \
	}
#define JM_P(x) \
	{ \
		'p', \
		{ \
			.p = (x) \
		} \
	}

/* Write one line: JM_LOG(level, "event-name", { "key", JM_S(s) }, { "n", JM_U(5) }); any thread. */
#define JM_LOG(level, event, ...) \
	jm_log_write((level), (event), \
	    (const struct jm_log_pair[]){ __VA_ARGS__, { NULL, { 0, { .s = NULL } } } })

/* Where lines go: to syslog under this program name, or (to_stderr) to stderr with a "<N>" priority
 * in front when journald reads it. Call once, before threads start. */
void jm_log_open(const char *program, bool to_stderr);

/* The least important level that is written; JM_LOG_INFO at the start. Any thread. */
void jm_log_set_level(enum jm_log_level level);

/* See JM_LOG. pairs ends with a NULL key. */
void jm_log_write(enum jm_log_level level, const char *event, const struct jm_log_pair *pairs);

#endif
