/* SPDX-License-Identifier: BSD-2-Clause */
/* The output of milter-load: packets of the milter protocol, macros and events, as Postfix 3.7
 * sends them. No state machine here. */
#include <arpa/inet.h>
#include <string.h>

#include "t/bench/load.h"

#define ACTIONS_ALL 0x1ffu
#define PROTOCOL_ALL 0x1fffffu
#define HDR_LEADSPC 0x100000u
#define CHUNK_BYTES 65535u /* body bytes a packet, both Postfix and Sendmail */

static const struct {
	char command;
	uint32_t no, nr;    /* SMFIP_NO..., SMFIP_NR_... */
	const char *macros; /* what Postfix sends unless the milter asks for others */
} stages[LOAD_STAGES] = {
	[LOAD_NEGOTIATE] = { 'O', 0, 0, NULL },
	[LOAD_CONNECT] = { 'C', 0x1, 0x1000, "j {daemon_name} {daemon_addr} v _" },
	[LOAD_HELO] = { 'H', 0x2, 0x2000,
	    "{tls_version} {cipher} {cipher_bits} {cert_subject} {cert_issuer}" },
	[LOAD_MAIL] = { 'M', 0x4, 0x4000,
	    "i {auth_type} {auth_authen} {auth_author} {mail_addr} {mail_host} {mail_mailer}" },
	[LOAD_RCPT] = { 'R', 0x8, 0x8000, "i {rcpt_addr} {rcpt_host} {rcpt_mailer}" },
	[LOAD_DATA] = { 'T', 0x200, 0x10000, "i" },
	[LOAD_HEADER] = { 'L', 0x20, 0x80, NULL },
	[LOAD_EOH] = { 'N', 0x40, 0x40000, "i" },
	[LOAD_BODY] = { 'B', 0x10, 0x80000, NULL },
	[LOAD_EOM] = { 'E', 0, 0, "i" },
};

uint32_t load_wire_no(enum load_stage stage)
{
	return stages[stage].no;
}

uint32_t load_wire_nr(enum load_stage stage)
{
	return stages[stage].nr;
}

static void put(struct load_session *s, const void *p, size_t n)
{
	struct load_out *o = &s->out;

	if (o->len + n > o->cap && o->done > 0) {
		memmove(o->p, o->p + o->done, o->len - o->done);
		o->len -= o->done;
		o->done = 0;
	}
	if (o->len + n > o->cap) {
		o->cap = (o->len + n) * 2;
		o->p = load_grow(o->p, o->cap);
	}
	memcpy(o->p + o->len, p, n);
	o->len += n;
}

static void put_head(struct load_session *s, char command, size_t payload)
{
	uint32_t n = htonl((uint32_t)payload + 1);

	put(s, &n, 4);
	put(s, &command, 1);
}

static void put_string(struct load_session *s, char command, const char *text)
{
	put_head(s, command, strlen(text) + 1);
	put(s, text, strlen(text) + 1);
}

void load_wire_command(struct load_session *s, char command)
{
	put_head(s, command, 0);
}

static bool is(const char *name, size_t n, const char *want)
{
	return strlen(want) == n && memcmp(name, want, n) == 0;
}

static const char *macro_value(
    const struct load_options *o, const struct load_session *s, const char *name, size_t n)
{
	for (int i = 0; i < o->macro_n; i++)
		if (is(name, n, o->macro[i].name))
			return o->macro[i].value;
	if (is(name, n, "i"))
		return s->has_queue_id ? s->queue_id : NULL;
	if (is(name, n, "j") || is(name, n, "{daemon_name}"))
		return "mx.example.com";
	if (is(name, n, "v"))
		return "Postfix 3.7.11";
	if (is(name, n, "{daemon_addr}"))
		return "198.51.100.1";
	if (is(name, n, "{client_addr}"))
		return o->client;
	return NULL;
}

void load_wire_macros(const struct load_options *o, struct load_session *s)
{
	/* Postfix repeats its end-of-header list before each header and its end-of-message list
	 * before each body chunk. */
	enum load_stage from = s->stage == LOAD_HEADER ? LOAD_EOH
	    : s->stage == LOAD_BODY                    ? LOAD_EOM
						       : s->stage;
	const char *list = s->symbols[from] ? s->symbols[from] : stages[from].macros;
	char buf[8192];
	size_t n = 0, len;

	for (const char *p = list ? list : ""; *p; p += len) {
		const char *value;

		p += strspn(p, " ,\t");
		len = strcspn(p, " ,\t");
		value = len ? macro_value(o, s, p, len) : NULL;
		if (!value || n + len + strlen(value) + 2 > sizeof buf)
			continue;
		memcpy(buf + n, p, len);
		buf[n + len] = 0;
		memcpy(buf + n + len + 1, value, strlen(value) + 1);
		n += len + strlen(value) + 2;
	}
	if (n == 0 && s->stage != LOAD_HELO) /* at HELO an empty list is sent, too */
		return;
	put_head(s, 'D', n + 1);
	put(s, &stages[s->stage].command, 1);
	put(s, buf, n);
}

static void put_connect(const struct load_options *o, struct load_session *s)
{
	static const char host[] = "mail.sender.example";
	const uint16_t port = htons(25000);
	bool v6 = strchr(o->client, ':') != NULL;
	char address[80];

	snprintf(address, sizeof address, "%s%s", v6 ? "IPv6:" : "", o->client);
	put_head(s, 'C', sizeof host + 3 + strlen(address) + 1);
	put(s, host, sizeof host);
	put(s, v6 ? "6" : "4", 1);
	put(s, &port, 2);
	put(s, address, strlen(address) + 1);
}

static void put_field(struct load_session *s)
{
	const struct load_field *f = &s->m->field[s->field_i];
	const char *name = s->text + f->name, *value = s->text + f->colon + 1,
		   *end = s->text + f->end;
	size_t name_n = f->colon - f->name, value_n = 0;

	if (!(s->flags & HDR_LEADSPC) && value < end && *value == ' ')
		value++;
	for (const char *p = value; p < end; p++) /* a fold is sent as LF */
		value_n += !(*p == '\r' && p + 1 < end && p[1] == '\n');
	put_head(s, 'L', name_n + 1 + value_n + 1);
	put(s, name, name_n);
	put(s, "", 1);
	while (value < end) {
		const char *cr = memmem(value, (size_t)(end - value), "\r\n", 2);

		put(s, value, (size_t)((cr ? cr : end) - value));
		value = cr ? cr + 1 : end;
	}
	put(s, "", 1);
}

size_t load_wire_chunk(const struct load_session *s)
{
	size_t n = s->m->len - s->body_at;

	return n < CHUNK_BYTES ? n : CHUNK_BYTES;
}

void load_wire_event(const struct load_options *o, struct load_session *s)
{
	uint32_t offer[3] = { htonl(6), htonl(ACTIONS_ALL), htonl(PROTOCOL_ALL) };

	switch (s->stage) {
	case LOAD_NEGOTIATE:
		put_head(s, 'O', sizeof offer);
		put(s, offer, sizeof offer);
		break;
	case LOAD_CONNECT:
		put_connect(o, s);
		break;
	case LOAD_HELO:
		put_string(s, 'H', "mail.sender.example");
		break;
	case LOAD_MAIL:
		put_string(s, 'M', o->from);
		break;
	case LOAD_RCPT:
		put_string(s, 'R', o->rcpt[s->rcpt_i]);
		break;
	case LOAD_HEADER:
		put_field(s);
		break;
	case LOAD_BODY:
		put_head(s, 'B', load_wire_chunk(s));
		put(s, s->text + s->body_at, load_wire_chunk(s));
		break;
	case LOAD_DATA:
	case LOAD_EOH:
	case LOAD_EOM:
	case LOAD_STAGES:
		load_wire_command(s, stages[s->stage].command);
		break;
	}
}
