/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * milter-load: drives a milter without an MTA, speaking the MTA's side of the milter protocol
 * (version 6) as Postfix does. One thread, one epoll loop, any number of connections; each sends
 * messages one after the other.
 */
#ifndef JM_T_BENCH_LOAD_H
#define JM_T_BENCH_LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* With -u each of these tokens in a message is overwritten by 16 hex digits that no other message
 * has. */
#define LOAD_TOKEN "LOADUNIQUE000000"
#define LOAD_TOKEN_BYTES (sizeof LOAD_TOKEN - 1)
#define LOAD_RCPT_MAX 64
#define LOAD_MACRO_MAX 32

enum load_stage {
	LOAD_NEGOTIATE,
	LOAD_CONNECT,
	LOAD_HELO,
	LOAD_MAIL,
	LOAD_RCPT,
	LOAD_DATA,
	LOAD_HEADER,
	LOAD_EOH,
	LOAD_BODY,
	LOAD_EOM,
	LOAD_STAGES
};
enum load_end {
	LOAD_ACCEPT,
	LOAD_CONTINUE,
	LOAD_DISCARD,
	LOAD_REJECT,
	LOAD_TEMPFAIL,
	LOAD_SHUTDOWN,
	LOAD_LOST,
	LOAD_ENDS
};
extern const char *const load_stage_name[LOAD_STAGES];
extern const char *const load_end_name[LOAD_ENDS];

struct load_options {
	const char *socket, *folder, *from, *client, *log;
	const char *rcpt[LOAD_RCPT_MAX];
	int rcpt_n, connections;
	long messages, per_session;
	double limit_s, wait_s;
	bool unique, json;
	int expect; /* enum load_end, -1: any */
	struct {
		const char *name, *value;
	} macro[LOAD_MACRO_MAX];
	int macro_n;
};

struct load_field {
	size_t name, colon, end; /* offsets; end is before the line end */
};

struct load_message {
	char *text;
	size_t len, body;
	struct load_field *field;
	size_t field_n;
	size_t *token, token_n; /* offsets of LOAD_TOKEN */
};

struct load_times {
	uint32_t *us;
	size_t n, cap;
};

struct load_stats {
	uint64_t end[LOAD_ENDS][LOAD_STAGES], bytes, sessions, changes, rcpt_refused, errors;
	struct load_times eom, message, open; /* open: connect until the first MAIL may be sent */
	char last_reply[160], last_error[200];
};

struct load_out {
	char *p;
	size_t len, done, cap;
};

struct load_session {
	int fd; /* -1: idle for good */
	bool pending, closing, in_message, has_queue_id, want_out;
	int rcpt_i, rcpt_taken;
	enum load_stage stage;
	uint32_t flags;
	char *symbols[LOAD_STAGES]; /* macros that the milter asked for */
	long left;
	const struct load_message *m;
	const char *text; /* m->text or copy */
	char *copy;
	size_t copy_cap, field_i, body_at;
	char queue_id[17];
	double opened, begun, eom_sent, last_io;
	struct load_out out;
	unsigned char head[5];
	size_t head_n, in_want, in_n, in_cap;
	char *in;
};

/* load_message.c: the messages to send; ends the program when there are no messages. */
struct load_message *load_messages_read(const char *folder, size_t *n_r);
void load_messages_free(struct load_message *m, size_t n);

/* load_wire.c: write the macros and the event of the session's stage to its output; the protocol's
 * NO and NR bits of a stage. */
void load_wire_event(const struct load_options *o, struct load_session *s);
void load_wire_macros(const struct load_options *o, struct load_session *s);
void load_wire_command(struct load_session *s, char command);
uint32_t load_wire_no(enum load_stage stage);
uint32_t load_wire_nr(enum load_stage stage);
size_t load_wire_chunk(const struct load_session *s);

/* load_session.c: run until all messages are settled or the time is over. */
void load_run(
    const struct load_options *o, struct load_message *m, size_t n, struct load_stats *stats);

/* load_main.c */
void load_die(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));
void *load_grow(void *p, size_t n);
double load_now(void);

#endif
