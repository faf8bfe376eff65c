/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One POP3 session as the collector has it, with files for an archive: pop3_pull KEY=VALUE...
 *
 * host port user password bearer security=pop3s|stls|clear allow-clear=1 relaxed=1 ca pin depth
 * timeout (ms): the account. out=DIR: each message goes into DIR/N (kept only when its end is
 * proved, and unless its mark's file has the same bytes). marks=FILE: "ID SIZE N" lines of what is
 * done, kept up to date. group=N max=N delete=0 leave=1 quit=0 max-bytes=N. Prints what happened, a
 * fact a line; exit 0 when the session ended with QUIT answered.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/io.h"
#include "common/base/num.h"
#include "common/pop3/connect.h"
#include "common/pop3/plan.h"
#include "common/pop3/transfer.h"

struct pull {
	char **args;
	struct jm_pop3_session session;
	struct jm_pop3_listing listing;
	struct jm_pop3_plan plan;
	struct jm_pop3_mark *marks;
	size_t marks_n;
	unsigned char *marks_text;
	const char *out;
	uint64_t max_bytes, bytes, total_bytes;
	unsigned file; /* number of the next file */
	int fd;
	/* by place in plan.retr */
	bool *done;
	unsigned *kept; /* number of its file, and 1; 0: none */
	bool quiet;
};

static const char *arg(char **args, const char *key, const char *otherwise)
{
	size_t n = strlen(key);

	for (; *args; args++)
		if (strncmp(*args, key, n) == 0 && (*args)[n] == '=')
			return *args + n + 1;
	return otherwise;
}

static uint64_t arg_number(char **args, const char *key, uint64_t otherwise)
{
	const char *text = arg(args, key, NULL);
	uint64_t v = otherwise;

	if (text && jm_num_u64(jm_span_str(text), 0, UINT64_MAX, &v) != 0) {
		fprintf(stderr, "%s is no number\n", key);
		exit(2);
	}
	return v;
}

static void die(const char *what, const struct jm_err *err)
{
	printf("error %s %s %s\n", what, jm_err_kind_name(err->kind), err->text);
	exit(1);
}

static void print_peer(const struct jm_pop3_peer *p)
{
	char until[JM_CLOCK_TEXT_BYTES];

	printf(
	    "step %s\naddress %s\ngreeting %s\nsasl %s\ntls %s\nuntrusted %d\nwhy %s\nanswer %s\n",
	    jm_pop3_step_name(p->step), p->address, p->greeting, p->sasl, p->tls, p->untrusted,
	    p->why, p->answer);
	printf("capa%s%s%s%s%s\n", p->has_uidl ? " UIDL" : "", p->has_top ? " TOP" : "",
	    p->has_pipelining ? " PIPELINING" : "", p->has_user ? " USER" : "",
	    p->has_stls ? " STLS" : "");
	if (p->has_certificate)
		printf("subject %s\nissuer %s\nnames %s\nuntil %s\nfingerprint %s\npin %s\n",
		    p->certificate.subject, p->certificate.issuer, p->certificate.names,
		    jm_clock_format(p->certificate.until_ms, until), p->certificate.fingerprint,
		    p->certificate.pin);
}

static struct jm_pop3_connection *connect_to(char **args, struct jm_pop3_peer *peer)
{
	const char *security = arg(args, "security", "pop3s");
	struct jm_pop3_account a = {
		.host = arg(args, "host", "127.0.0.1"),
		.port = (unsigned)arg_number(args, "port", 0),
		.user = arg(args, "user", "journal"),
		.password = arg(args, "password", NULL),
		.bearer = arg(args, "bearer", NULL),
		.ca_file = arg(args, "ca", NULL),
		.pin = arg(args, "pin", NULL),
		.relaxed = arg_number(args, "relaxed", 0) != 0,
		.allow_clear_login = arg_number(args, "allow-clear", 0) != 0,
		.security = strcmp(security, "stls") == 0 ? JM_POP3_STLS
		    : strcmp(security, "clear") == 0      ? JM_POP3_CLEAR
							  : JM_POP3_POP3S,
		.connect_timeout_ms = (int64_t)arg_number(args, "timeout", 10000),
	};
	struct jm_pop3_connection *c;
	struct jm_err err;
	int rc;

	if (jm_pop3_setup(&err) != 0)
		die("setup", &err);
	rc = jm_pop3_connect(&a, &c, peer, &err);
	print_peer(peer);
	if (rc != 0)
		die("connect", &err);
	return c;
}

static void read_marks(struct pull *p, const char *path)
{
	struct jm_err err;
	struct jm_span rest;
	size_t n;

	if (!path || access(path, F_OK) != 0)
		return;
	if (jm_io_read_file(path, 1u << 28, &p->marks_text, &n, &err) != 0)
		die("marks", &err);
	p->marks = calloc(n / 2 + 1, sizeof *p->marks);
	for (rest = jm_span_of(p->marks_text, n); p->marks && rest.len;) {
		struct jm_span line = jm_span_sub(rest, 0, jm_span_index(rest, '\n'));
		size_t blank = jm_span_rindex(line, ' ');
		struct jm_pop3_mark *m = &p->marks[p->marks_n++];

		rest = jm_span_sub(rest, line.len + 1, rest.len);
		if (jm_num_u64(jm_span_sub(line, blank + 1, line.len), 0, UINT64_MAX, &m->seq) != 0)
			exit(2);
		line.len = blank;
		blank = jm_span_rindex(line, ' ');
		m->id = jm_span_sub(line, 0, blank);
		if (jm_num_u64(
			jm_span_sub(line, blank + 1, line.len), 0, UINT64_MAX, &m->size_bytes) != 0)
			m->size_bytes = 0;
	}
}

static bool forgotten(const struct pull *p, struct jm_span id)
{
	for (size_t i = 0; i < p->plan.forget_n; i++)
		if (jm_span_eq(p->plan.forget[i], id))
			return true;
	for (size_t i = 0; i < p->plan.retr_n; i++)
		if (p->done[i] && p->plan.retr[i].marks &&
		    jm_span_eq(p->plan.retr[i].entry->id, id))
			return true; /* it has a new one */
	return false;
}

/* Old marks that were not forgotten, new ones of what is whole on disk. */
static void write_marks(struct pull *p, const char *path)
{
	FILE *f = path ? fopen(path, "w") : NULL;

	if (!f)
		return;
	for (size_t i = 0; i < p->marks_n; i++)
		if (!forgotten(p, p->marks[i].id))
			fprintf(f, "%.*s %llu %llu\n", (int)p->marks[i].id.len,
			    (const char *)p->marks[i].id.p,
			    (unsigned long long)p->marks[i].size_bytes,
			    (unsigned long long)p->marks[i].seq);
	for (size_t i = 0; i < p->plan.retr_n; i++)
		if (p->done[i] && p->plan.retr[i].marks)
			fprintf(f, "%.*s %llu %u\n", (int)p->plan.retr[i].entry->id.len,
			    (const char *)p->plan.retr[i].entry->id.p,
			    (unsigned long long)p->plan.retr[i].entry->size_bytes, p->kept[i]);
	if (fclose(f) != 0)
		exit(1);
}

static void file_name(const struct pull *p, unsigned file, char name[512])
{
	snprintf(name, 512, "%s/%06u", p->out, file);
}

static void remove_file(const struct pull *p, unsigned file)
{
	char name[512];

	file_name(p, file, name);
	if (unlink(name) != 0)
		exit(1);
}

/* Has the file of the mark the same bytes? Then that of the message is removed. */
static bool is_known(struct pull *p, size_t at)
{
	const struct jm_pop3_mark *mark = p->plan.retr[at].mark;
	unsigned char *a = NULL, *b = NULL;
	size_t a_n = 0, b_n = 0;
	char name[512], other[512];
	bool same;

	if (!mark || !mark->seq || !p->kept[at])
		return false;
	file_name(p, p->kept[at] - 1, name);
	file_name(p, (unsigned)mark->seq - 1, other);
	same = jm_io_read_file(name, 1u << 28, &a, &a_n, NULL) == 0 &&
	    jm_io_read_file(other, 1u << 28, &b, &b_n, NULL) == 0 && a_n == b_n &&
	    memcmp(a, b, a_n) == 0;
	free(a);
	free(b);
	if (same)
		remove_file(p, p->kept[at] - 1);
	if (same)
		p->kept[at] = (unsigned)mark->seq;
	return same;
}

static void open_file(struct pull *p)
{
	char name[512];

	for (;; p->file++) {
		file_name(p, p->file, name);
		p->fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
		if (p->fd >= 0)
			return;
	}
}

static int take_bytes(void *ctx, const void *bytes, size_t n, struct jm_err *err)
{
	struct pull *p = ctx;

	p->bytes += n;
	p->total_bytes += n;
	if (p->max_bytes && p->bytes > p->max_bytes)
		return jm_err_set(
		    err, JM_E_LIMIT, "more than %llu bytes", (unsigned long long)p->max_bytes);
	if (!p->out)
		return 0;
	if (p->fd < 0)
		open_file(p);
	return jm_io_write(p->fd, bytes, n, err);
}

static int take_end(void *ctx, size_t at, bool whole, struct jm_err *err)
{
	struct pull *p = ctx;

	(void)err;
	if (whole && p->out && p->fd < 0)
		open_file(p); /* an empty message is one too */
	printf("end %u %s %llu\n", (unsigned)p->plan.retr[at].entry->number,
	    whole ? "whole" : "dropped", (unsigned long long)p->bytes);
	p->bytes = 0;
	if (p->fd < 0)
		return 0;
	if (close(p->fd) != 0)
		exit(1);
	p->fd = -1;
	p->kept[at] = ++p->file;
	return 0;
}

static bool take_outcome(void *ctx, size_t at, enum jm_pop3_fault fault, const struct jm_err *err)
{
	struct pull *p = ctx;
	bool known;

	p->done[at] = fault == JM_POP3_FINE;
	if (fault != JM_POP3_FINE && p->kept[at]) {
		remove_file(p, p->kept[at] - 1);
		p->kept[at] = 0;
	}
	known = p->done[at] && is_known(p, at);
	if (!p->quiet || fault != JM_POP3_FINE)
		printf("retr %u %s %s\n", (unsigned)p->plan.retr[at].entry->number,
		    jm_pop3_fault_name(fault),
		    known                       ? "known"
			: fault == JM_POP3_FINE ? ""
						: err->text);
	return true;
}

static bool dele_outcome(void *ctx, size_t at, enum jm_pop3_fault fault, const struct jm_err *err)
{
	struct pull *p = ctx;

	if (!p->quiet || fault != JM_POP3_FINE)
		printf("dele %zu %s %s\n", at, jm_pop3_fault_name(fault),
		    fault == JM_POP3_FINE ? "" : err->text);
	return true;
}

static struct jm_span id_of(void *ctx, size_t at)
{
	const struct jm_pop3_todo *todo = &((struct pull *)ctx)->plan.retr[at];

	return todo->marks ? todo->entry->id : jm_span_of(NULL, 0);
}

/* RETR what the plan says, mark it, DELE it and what was done before. */
static int transact(struct pull *p, struct jm_err *err)
{
	const struct jm_pop3_receiver receiver = { take_bytes, take_end, take_outcome, p, id_of };
	size_t n = 0;
	uint32_t *numbers = calloc(p->plan.retr_n + 1, sizeof *numbers);
	int rc;

	if (!numbers)
		exit(1);
	for (size_t i = 0; i < p->plan.retr_n; i++)
		numbers[i] = p->plan.retr[i].entry->number;
	rc = jm_pop3_retr(&p->session, numbers, p->plan.retr_n, &receiver, err);
	if (p->fd >= 0) { /* the session broke inside a message: it is not whole */
		if (close(p->fd) != 0)
			exit(1);
		remove_file(p, p->file);
	}
	for (size_t i = 0; i < p->plan.retr_n; i++) /* or before its end was proved */
		if (p->kept[i] && !p->done[i])
			remove_file(p, p->kept[i] - 1);
	write_marks(p, arg(p->args, "marks", NULL));
	for (size_t i = 0; i < p->plan.retr_n; i++)
		if (p->done[i])
			numbers[n++] = p->plan.retr[i].entry->number;
	if (rc == 0 && arg_number(p->args, "delete", 1))
		rc = jm_pop3_dele(&p->session, numbers, n, dele_outcome, p, err);
	free(numbers);
	return rc;
}

static void run_session(struct pull *p)
{
	struct jm_err err = { JM_E_NONE, 0, "" };
	enum jm_pop3_fault fault = JM_POP3_FINE;
	struct jm_pop3_plan_input in;

	if (jm_pop3_survey(&p->session, &p->listing, &err) != 0) {
		printf("broken %s\n", jm_pop3_fault_name(p->session.broken));
		die("survey", &err);
	}
	printf("stat %llu %llu\nlisted %zu ids %d\n", (unsigned long long)p->listing.stat_count,
	    (unsigned long long)p->listing.stat_bytes, p->listing.n, p->listing.has_ids);
	in = (struct jm_pop3_plan_input){ .listing = &p->listing,
		.marks = p->marks,
		.marks_n = p->marks_n,
		.max_messages = arg_number(p->args, "max", 0),
		.leave_on_server = arg_number(p->args, "leave", 0) != 0 };
	if (jm_pop3_plan(&in, &p->plan, &err) != 0)
		die("plan", &err);
	printf("plan retr %zu compare %llu forget %zu without-id %llu same-id %llu changed %llu\n",
	    p->plan.retr_n, (unsigned long long)p->plan.compare_n, p->plan.forget_n,
	    (unsigned long long)p->plan.without_id_n, (unsigned long long)p->plan.same_id_n,
	    (unsigned long long)p->plan.changed_n);
	p->done = calloc(p->plan.retr_n + 1, sizeof *p->done);
	p->kept = calloc(p->plan.retr_n + 1, sizeof *p->kept);
	if (!p->done || !p->kept)
		exit(1);
	if (transact(p, &err) != 0) {
		printf("broken %s\n", jm_pop3_fault_name(p->session.broken));
		die("transaction", &err);
	}
	if (!arg_number(p->args, "quit", 1))
		return;
	if (jm_pop3_quit(&p->session, &fault, &err) != 0) {
		printf("quit %s\n", jm_pop3_fault_name(fault));
		die("quit", &err);
	}
	printf("quit fine\n");
}

/* Peak resident memory; getrusage() would count what the parent had before exec. */
static unsigned long peak_kb(void)
{
	static const char key[] = "VmHWM:";
	FILE *f = fopen("/proc/self/status", "r");
	unsigned long kb = 0;
	char line[256];

	while (f && fgets(line, sizeof line, f))
		if (strncmp(line, key, sizeof key - 1) == 0)
			kb = strtoul(line + sizeof key - 1, NULL, 10);
	if (f)
		fclose(f);
	return kb;
}

int main(int argc, char **argv)
{
	struct pull p = { .args = argv + 1, .fd = -1 };
	struct jm_pop3_connection *c;
	struct jm_pop3_wire wire;
	struct jm_pop3_peer peer;
	struct jm_err err;
	int64_t from_us = jm_clock_mono_us();

	(void)argc;
	setvbuf(stdout, NULL, _IOLBF, 0);
	p.out = arg(p.args, "out", NULL);
	p.max_bytes = arg_number(p.args, "max-bytes", 0);
	p.quiet = arg_number(p.args, "quiet", 0) != 0;
	c = connect_to(p.args, &peer);
	wire = jm_pop3_connection_wire(c);
	if (jm_pop3_session_init(&p.session, &wire, &err) != 0)
		die("session", &err);
	p.session.depth = (unsigned)arg_number(p.args, "depth", peer.has_pipelining ? 32 : 1);
	p.session.group = (unsigned)arg_number(p.args, "group", peer.has_pipelining ? 8 : 1);
	p.session.answer_timeout_ms = p.session.quit_timeout_ms = (int64_t)arg_number(
	    p.args, "timeout", 10000);
	read_marks(&p, arg(p.args, "marks", NULL));
	run_session(&p);
	printf("used-ms %lld bytes %llu resident-kb %lu\n",
	    (long long)(jm_clock_mono_us() - from_us) / 1000, (unsigned long long)p.total_bytes,
	    peak_kb());
	jm_pop3_plan_release(&p.plan);
	jm_pop3_listing_release(&p.listing);
	jm_pop3_session_release(&p.session);
	jm_pop3_disconnect(&c);
	free(p.marks);
	free(p.marks_text);
	free(p.done);
	free(p.kept);
	return 0;
}
