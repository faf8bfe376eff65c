/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A session of milter-load, as a state machine: the event of its stage is written, the answer
 * awaited (unless the milter said that it gives none), then the next. The form of the packets is
 * in load_wire.c.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "t/bench/load.h"

#define OUT_HIGH_BYTES (1u << 20) /* nothing more is composed above this much unsent output */
#define REPLY_MAX_BYTES (1u << 20)

struct runner {
	const struct load_options *o;
	const struct load_message *m;
	size_t m_n;
	struct load_stats *stats;
	struct load_session *sessions;
	int epoll, active;
	long remaining;
	unsigned long serial;
	uint32_t id;
	double deadline;
	FILE *log;
};

static void push(struct load_times *t, double seconds)
{
	if (t->n == t->cap) {
		t->cap = t->cap ? t->cap * 2 : 4096;
		t->us = load_grow(t->us, t->cap * sizeof *t->us);
	}
	t->us[t->n++] = seconds > 4000 ? 4000000000u : (uint32_t)(seconds * 1e6);
}

static void begin_message(struct runner *r, struct load_session *s)
{
	unsigned long k = r->serial++;

	s->m = &r->m[k % r->m_n];
	snprintf(s->queue_id, sizeof s->queue_id, "%08X%08lX", (unsigned)r->id, k & 0xffffffffUL);
	s->text = s->m->text;
	if (r->o->unique && s->m->token_n > 0) {
		if (s->copy_cap < s->m->len) {
			s->copy_cap = s->m->len;
			s->copy = load_grow(s->copy, s->copy_cap);
		}
		memcpy(s->copy, s->m->text, s->m->len);
		for (size_t i = 0; i < s->m->token_n; i++)
			memcpy(s->copy + s->m->token[i], s->queue_id, LOAD_TOKEN_BYTES);
		s->text = s->copy;
	}
	s->rcpt_i = s->rcpt_taken = 0;
	s->field_i = 0;
	s->body_at = s->m->body;
	s->in_message = true;
	s->has_queue_id = false; /* Postfix makes the queue id at the first accepted recipient */
	s->stage = LOAD_MAIL;
	s->begun = load_now();
	s->eom_sent = 0;
}

static void end_session(struct load_session *s, bool quit)
{
	if (quit)
		load_wire_command(s, 'Q');
	s->closing = true;
}

/* The message is settled: count it, continue with the next one or end the session. */
static void end_message(
    struct runner *r, struct load_session *s, enum load_end end, bool session_over)
{
	double t = load_now();

	r->stats->end[end][s->stage]++;
	if (s->stage == LOAD_EOM && end != LOAD_LOST) {
		r->stats->bytes += s->m->len;
		push(&r->stats->eom, t - (s->eom_sent > 0 ? s->eom_sent : t));
		push(&r->stats->message, t - s->begun);
	}
	if (r->log && s->in_message)
		fprintf(r->log, "%s %s@%s\n", s->queue_id, load_end_name[end],
		    load_stage_name[s->stage]);
	if (s->in_message && end != LOAD_LOST && !session_over)
		load_wire_command(s, 'A'); /* Postfix sends it after a complete message, too */
	s->in_message = false;
	s->left--;
	if (session_over)
		end_session(s, end != LOAD_SHUTDOWN && end != LOAD_LOST);
	else if (s->left <= 0 || r->remaining <= 0)
		end_session(s, true);
	else {
		r->remaining--;
		begin_message(r, s);
	}
}

static void fail(struct runner *r, struct load_session *s, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
static void fail(struct runner *r, struct load_session *s, const char *fmt, ...)
{
	char why[120];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof why, fmt, ap);
	va_end(ap);
	r->stats->errors++;
	snprintf(r->stats->last_error, sizeof r->stats->last_error, "%s at %s", why,
	    load_stage_name[s->stage]);
	end_message(r, s, LOAD_LOST, true);
	s->out.len = s->out.done = 0; /* nothing more can be written */
}

/* The answer to the event of this stage was "continue", or the event needs no answer. */
static void forward(struct runner *r, struct load_session *s)
{
	switch (s->stage) {
	case LOAD_NEGOTIATE:
	case LOAD_CONNECT:
	case LOAD_MAIL:
		s->stage++;
		break;
	case LOAD_HELO:
		push(&r->stats->open, load_now() - s->opened);
		begin_message(r, s);
		break;
	case LOAD_RCPT:
		s->has_queue_id = true;
		s->rcpt_taken++;
		if (++s->rcpt_i == r->o->rcpt_n)
			s->stage = LOAD_DATA;
		break;
	case LOAD_DATA:
		s->stage = s->m->field_n ? LOAD_HEADER : LOAD_EOH;
		break;
	case LOAD_HEADER:
		if (++s->field_i >= s->m->field_n)
			s->stage = LOAD_EOH;
		break;
	case LOAD_EOH:
		s->stage = s->body_at < s->m->len ? LOAD_BODY : LOAD_EOM;
		break;
	case LOAD_BODY:
		s->body_at += load_wire_chunk(s);
		if (s->body_at >= s->m->len)
			s->stage = LOAD_EOM;
		break;
	case LOAD_EOM:
	case LOAD_STAGES:
		end_message(r, s, LOAD_CONTINUE, false);
		break;
	}
}

static void compose(struct runner *r, struct load_session *s)
{
	while (!s->pending && !s->closing && s->out.len - s->out.done < OUT_HIGH_BYTES) {
		bool answered = (s->flags & load_wire_nr(s->stage)) == 0;

		if (s->stage != LOAD_NEGOTIATE)
			load_wire_macros(r->o, s); /* sent even when the event is not wanted */
		if (s->flags & load_wire_no(s->stage)) {
			forward(r, s);
			continue;
		}
		load_wire_event(r->o, s);
		if (answered) {
			s->pending = true;
			s->last_io = load_now();
		} else
			forward(r, s);
	}
}

static void negotiated(struct runner *r, struct load_session *s, const char *p, size_t n)
{
	/* the protocol's numbers of the macro lists: connect, helo, mail, rcpt, data, eom, eoh */
	static const enum load_stage order[] = { LOAD_CONNECT, LOAD_HELO, LOAD_MAIL, LOAD_RCPT,
		LOAD_DATA, LOAD_EOM, LOAD_EOH };
	uint32_t v[3], where;

	if (n < sizeof v) {
		fail(r, s, "short negotiation (%zu)", n);
		return;
	}
	memcpy(v, p, sizeof v);
	s->flags = ntohl(v[2]);
	for (p += sizeof v, n -= sizeof v; n > 4;) {
		size_t len = strnlen(p + 4, n - 4);

		memcpy(&where, p, 4);
		where = ntohl(where);
		if (len == n - 4 || where >= sizeof order / sizeof *order)
			break;
		free(s->symbols[order[where]]);
		s->symbols[order[where]] = strdup(p + 4);
		p += 4 + len + 1;
		n -= 4 + len + 1;
	}
	forward(r, s);
}

static void refused(struct runner *r, struct load_session *s, enum load_end end)
{
	if (s->stage != LOAD_RCPT) {
		end_message(r, s, end, s->stage == LOAD_CONNECT || s->stage == LOAD_HELO);
		return;
	}
	r->stats->rcpt_refused++;
	if (++s->rcpt_i < r->o->rcpt_n)
		return;
	if (s->rcpt_taken > 0)
		s->stage = LOAD_DATA;
	else
		end_message(r, s, end, false);
}

static void decided(struct runner *r, struct load_session *s, char kind, const char *p, size_t n)
{
	switch (kind) {
	case 'c':
		forward(r, s);
		break;
	case 's': /* the rest of the body is not wanted */
		s->body_at = s->m->len;
		s->stage = LOAD_EOM;
		break;
	case 'a':
		end_message(r, s, LOAD_ACCEPT, s->stage == LOAD_CONNECT || s->stage == LOAD_HELO);
		break;
	case 'd':
		end_message(r, s, LOAD_DISCARD, false);
		break;
	case 'r':
		refused(r, s, LOAD_REJECT);
		break;
	case 't':
		refused(r, s, LOAD_TEMPFAIL);
		break;
	case 'y':
		snprintf(r->stats->last_reply, sizeof r->stats->last_reply, "%.*s",
		    (int)strnlen(p, n), p);
		refused(r, s, n > 0 && p[0] == '4' ? LOAD_TEMPFAIL : LOAD_REJECT);
		break;
	case '4':
	case 'f':
		end_message(r, s, LOAD_SHUTDOWN, true);
		break;
	default:
		fail(r, s, "unknown answer 0x%02x", (unsigned)kind & 0xff);
	}
}

static void answered(struct runner *r, struct load_session *s, char kind, const char *p, size_t n)
{
	if (!s->pending) {
		fail(r, s, "answer '%c' that nothing asked for", kind);
		return;
	}
	s->last_io = load_now();
	if (kind == 'p') /* progress */
		return;
	if (s->stage == LOAD_EOM && kind && strchr("+-2behimq", kind)) {
		r->stats->changes++;
		return;
	}
	s->pending = false;
	if (s->stage == LOAD_NEGOTIATE) {
		if (kind == 'O')
			negotiated(r, s, p, n);
		else
			fail(r, s, "answer '%c' to the negotiation", kind);
		return;
	}
	decided(r, s, kind, p, n);
}

static void drop(struct load_session *s)
{
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
	for (int i = 0; i < LOAD_STAGES; i++) {
		free(s->symbols[i]);
		s->symbols[i] = NULL;
	}
}

/* unix:PATH or inet:PORT@HOST; returns a descriptor, -1 with errno. */
static int dial(const struct load_options *o)
{
	struct timeval wait = { .tv_sec = (time_t)o->wait_s + 1 };
	struct sockaddr_in in = { .sin_family = AF_INET };
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	struct sockaddr *peer = (struct sockaddr *)&un;
	socklen_t peer_n = sizeof un;
	const char *rest = strchr(o->socket, ':') + 1;
	int fd;

	if (strncmp(o->socket, "inet:", 5) == 0) {
		char *at;

		in.sin_port = htons((uint16_t)strtoul(rest, &at, 10));
		if (*at != '@' || inet_pton(AF_INET, at + 1, &in.sin_addr) != 1)
			load_die("bad socket %s", o->socket);
		peer = (struct sockaddr *)&in;
		peer_n = sizeof in;
	} else
		snprintf(un.sun_path, sizeof un.sun_path, "%s", rest);
	fd = socket(peer->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	/* a blocking connect with a limit: it waits while the listen queue is full */
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
	if (connect(fd, peer, peer_n) != 0 || fcntl(fd, F_SETFL, O_NONBLOCK) != 0) {
		close(fd);
		return -1;
	}
	return fd;
}

/* Takes a message from the common count, or idles for good. */
static void open_session(struct runner *r, struct load_session *s)
{
	struct epoll_event e = { .events = EPOLLIN, .data.ptr = s };

	for (;;) {
		s->fd = -1;
		if (load_now() > r->deadline || r->remaining <= 0) {
			r->active--;
			return;
		}
		r->remaining--;
		s->pending = s->closing = s->in_message = s->want_out = false;
		s->out.len = s->out.done = s->head_n = 0;
		s->flags = 0;
		s->stage = LOAD_NEGOTIATE;
		s->left = r->o->per_session > 0 ? r->o->per_session : r->o->messages;
		s->opened = s->last_io = load_now();
		s->fd = dial(r->o);
		if (s->fd >= 0)
			break;
		snprintf(r->stats->last_error, sizeof r->stats->last_error, "connect: %m");
		r->stats->errors++;
		r->stats->end[LOAD_LOST][LOAD_NEGOTIATE]++;
	}
	r->stats->sessions++;
	if (epoll_ctl(r->epoll, EPOLL_CTL_ADD, s->fd, &e) != 0)
		load_die("epoll_ctl: %m");
}

static void want_out(struct runner *r, struct load_session *s, bool out)
{
	struct epoll_event e = { .events = EPOLLIN | (out ? (uint32_t)EPOLLOUT : 0u),
		.data.ptr = s };

	if (out != s->want_out && epoll_ctl(r->epoll, EPOLL_CTL_MOD, s->fd, &e) != 0)
		load_die("epoll_ctl: %m");
	s->want_out = out;
}

/* Compose and write as far as possible. */
static void pump(struct runner *r, struct load_session *s)
{
	while (s->fd >= 0) {
		ssize_t n;

		compose(r, s);
		if (s->out.done == s->out.len) {
			s->out.len = s->out.done = 0;
			if (s->closing) {
				drop(s);
				open_session(r, s);
				continue;
			}
			if (!s->pending)
				continue;
			if (s->stage == LOAD_EOM && s->eom_sent <= 0)
				s->eom_sent = load_now();
			want_out(r, s, false);
			return;
		}
		n = send(s->fd, s->out.p + s->out.done, s->out.len - s->out.done, MSG_NOSIGNAL);
		if (n >= 0) {
			s->out.done += (size_t)n;
			s->last_io = load_now();
		} else if (errno == EAGAIN) {
			want_out(r, s, true);
			return;
		} else if (s->closing)
			s->out.len = s->out.done = 0;
		else if (errno != EINTR)
			fail(r, s, "write: %m");
	}
}

/* Take bytes of a packet; returns how many, with a whole packet answered. */
static size_t take(struct runner *r, struct load_session *s, const char *p, size_t n)
{
	uint32_t len;
	size_t k;

	if (s->head_n < sizeof s->head) {
		s->head[s->head_n++] = (unsigned char)*p;
		if (s->head_n < sizeof s->head)
			return 1;
		memcpy(&len, s->head, 4);
		s->in_want = ntohl(len) - 1;
		s->in_n = 0;
		if (s->in_want > REPLY_MAX_BYTES) {
			fail(r, s, "packet of %u bytes", (unsigned)ntohl(len));
			return 1;
		}
		if (s->in_cap < s->in_want + 1) {
			s->in_cap = s->in_want + 1;
			s->in = load_grow(s->in, s->in_cap);
		}
		k = 1;
	} else {
		k = s->in_want - s->in_n < n ? s->in_want - s->in_n : n;
		memcpy(s->in + s->in_n, p, k);
		s->in_n += k;
	}
	if (s->in_n == s->in_want) {
		s->head_n = 0;
		s->in[s->in_n] = 0;
		answered(r, s, (char)s->head[4], s->in, s->in_n);
	}
	return k;
}

static void feed(struct runner *r, struct load_session *s)
{
	char buf[16384];
	ssize_t n = recv(s->fd, buf, sizeof buf, 0);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		if (!s->closing)
			fail(r, s, "%s", n == 0 ? "closed by the milter" : "read error");
		s->out.len = s->out.done = 0;
		return;
	}
	for (size_t i = 0; i < (size_t)n && !s->closing;)
		i += take(r, s, buf + i, (size_t)n - i);
}

/* Give up on answers that do not come, and on everything when the time is over. */
static void look_round(struct runner *r)
{
	double t = load_now();

	for (int i = 0; i < r->o->connections; i++) {
		struct load_session *s = &r->sessions[i];

		if (s->fd < 0)
			continue;
		if (t > r->deadline) { /* what is unsettled is not counted */
			drop(s);
			r->active--;
		} else if (!s->closing && t - s->last_io > r->o->wait_s) {
			fail(r, s, "no answer for %.0f s", r->o->wait_s);
			pump(r, s);
		}
	}
}

static void loop(struct runner *r)
{
	struct epoll_event events[256];
	double look = load_now() + 0.5;

	while (r->active > 0) {
		int n = epoll_wait(r->epoll, events, 256, 200);

		if (n < 0 && errno != EINTR)
			load_die("epoll_wait: %m");
		for (int i = 0; i < n; i++) {
			struct load_session *s = events[i].data.ptr;

			if (s->fd >= 0 &&
			    (events[i].events & (uint32_t)(EPOLLIN | EPOLLHUP | EPOLLERR)))
				feed(r, s);
			pump(r, s);
		}
		if (load_now() > look) {
			look_round(r);
			look = load_now() + 0.5;
		}
	}
}

void load_run(
    const struct load_options *o, struct load_message *m, size_t n, struct load_stats *stats)
{
	double t = load_now();
	struct runner r = { .o = o,
		.m = m,
		.m_n = n,
		.stats = stats,
		.active = o->connections,
		.remaining = o->messages,
		.id = (uint32_t)getpid() << 12 ^ (uint32_t)(t * 1e6),
		.deadline = t + o->limit_s };

	r.epoll = epoll_create1(EPOLL_CLOEXEC);
	r.sessions = load_grow(NULL, (size_t)o->connections * sizeof *r.sessions);
	memset(r.sessions, 0, (size_t)o->connections * sizeof *r.sessions);
	if (r.epoll < 0 || (o->log && !(r.log = fopen(o->log, "w"))))
		load_die("%s: %m", o->log ? o->log : "epoll");
	for (int i = 0; i < o->connections; i++) {
		open_session(&r, &r.sessions[i]);
		pump(&r, &r.sessions[i]);
	}
	loop(&r);
	for (int i = 0; i < o->connections; i++) {
		drop(&r.sessions[i]);
		free(r.sessions[i].out.p);
		free(r.sessions[i].in);
		free(r.sessions[i].copy);
	}
	free(r.sessions);
	close(r.epoll);
	if (r.log && fclose(r.log) != 0)
		load_die("%s: %m", o->log);
}
