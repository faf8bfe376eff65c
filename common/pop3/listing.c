/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * STAT, LIST and UIDL: parsing the answers and joining them. Every line is hostile until parsed.
 * plan.c decides what is done with the messages.
 */
#include "common/pop3/listing.h"

#include <stdlib.h>

#include "common/base/num.h"

#define ARENA_BYTES \
	(512u * 1024 * 1024) /* a million entries, doubled as they grow, and their ids */
#define MAX_LIST_BYTES (512ull * 1024 * 1024) /* a longer answer counts as endless */

/* Cut the first word off *rest. */
static struct jm_span take_word(struct jm_span *rest)
{
	struct jm_span s = jm_span_trim(*rest), w = jm_span_sub(s, 0, jm_span_index(s, ' '));

	*rest = jm_span_sub(s, w.len, s.len);
	return w;
}

/* Add one listed number. The size may be 0 and the id none. At the cap the entry is left out and
 * partial is set. */
static int add_entry(struct jm_pop3_listing *l, uint32_t number, uint64_t size_bytes,
    struct jm_span id, struct jm_err *err)
{
	struct jm_pop3_entry *e;

	if (l->n >= JM_POP3_MAX_ENTRIES) {
		l->partial = true;
		return 0;
	}
	e = jm_arena_grow(&l->arena, (void **)&l->v, &l->n, &l->cap, sizeof *e, err);
	if (!e)
		return -1;
	e->number = number;
	e->size_bytes = size_bytes;
	if (!jm_span_none(id))
		return jm_arena_copy(&l->arena, id, &e->id, err);
	return 0;
}

/* RFC 1939 section 7: characters 0x21 to 0x7E, at most 70; longer ones are accepted here. */
static bool is_id(struct jm_span id)
{
	if (id.len == 0 || id.len > JM_POP3_MAX_ID_BYTES)
		return false;
	for (size_t i = 0; i < id.len; i++)
		if (id.p[i] < 0x21 || id.p[i] > 0x7e)
			return false;
	return true;
}

/* Read a multi-line answer whose status line was +OK: lines of "NUMBER SIZE", or with ids of
 * "NUMBER ID". Lines that do not begin with a number are skipped; their message may still be in the
 * other list. */
static int read_list(
    struct jm_pop3_session *s, struct jm_pop3_listing *l, bool ids, struct jm_err *err)
{
	uint64_t from = s->received_bytes;

	for (;;) {
		unsigned char line[JM_POP3_LINE_BYTES];
		struct jm_span rest, word, id = { NULL, 0 };
		uint64_t number, size_bytes = 0;
		bool is_long;
		size_t len;

		if (jm_pop3_line(s, s->answer_timeout_ms, line, &len, &is_long, err) != 0)
			return -1;
		if (len == 1 && line[0] == '.')
			return 0;
		if (s->received_bytes - from > MAX_LIST_BYTES) {
			jm_err_set(err, JM_E_LIMIT, "the list of messages does not end");
			return jm_pop3_break(s, JM_POP3_GARBAGE);
		}
		rest = jm_span_of(line, len);
		if (jm_num_u64(take_word(&rest), 1, UINT32_MAX, &number) != 0)
			continue;
		word = take_word(&rest);
		if (ids && !is_long && is_id(word) && !jm_secret_is_in(s->wire.secret, word))
			id = word;
		else if (!ids && jm_num_u64(word, 0, UINT64_MAX, &size_bytes) != 0)
			size_bytes = 0;
		/* without memory the session ends: the rest of the answer would follow */
		if (add_entry(l, (uint32_t)number, size_bytes, id, err) != 0)
			return jm_pop3_break(s, JM_POP3_GARBAGE);
	}
}

static int by_number(const void *a, const void *b)
{
	const struct jm_pop3_entry *x = a, *y = b;

	return (x->number > y->number) - (x->number < y->number);
}

/* Sort the entries, and join those of one number: the last size that is known, and the id unless
 * there are different ones. */
static void join_entries(struct jm_pop3_listing *l)
{
	size_t out = 0;

	if (l->n)
		qsort(l->v, l->n, sizeof *l->v, by_number);
	for (size_t i = 0; i < l->n;) {
		struct jm_pop3_entry e = l->v[i];
		bool differs = false;

		for (i++; i < l->n && l->v[i].number == e.number; i++) {
			if (l->v[i].size_bytes)
				e.size_bytes = l->v[i].size_bytes;
			if (jm_span_none(l->v[i].id))
				continue;
			if (!jm_span_none(e.id) && !jm_span_eq(e.id, l->v[i].id))
				differs = true;
			e.id = l->v[i].id;
		}
		if (differs)
			e.id = jm_span_of(NULL, 0);
		l->v[out++] = e;
	}
	l->n = out;
}

/* Put the ids of a UIDL answer into the entries of LIST; a number that only UIDL has is added. Both
 * listings use one arena. */
static int join_ids(struct jm_pop3_listing *l, struct jm_pop3_listing *ids, struct jm_err *err)
{
	size_t known = l->n, at = 0;

	join_entries(ids);
	l->has_ids = true;
	l->partial = l->partial || ids->partial;
	l->arena = ids->arena;
	for (size_t i = 0; i < ids->n; i++) {
		const struct jm_pop3_entry *e = &ids->v[i];
		size_t before = l->n;

		while (at < known && l->v[at].number < e->number)
			at++;
		if (at < known && l->v[at].number == e->number) {
			l->v[at].id = e->id;
			continue;
		}
		if (add_entry(l, e->number, 0, jm_span_of(NULL, 0), err) != 0) {
			ids->arena = l->arena;
			return -1;
		}
		if (l->n > before)
			l->v[before].id = e->id;
	}
	join_entries(l);
	ids->arena = l->arena;
	return 0;
}

/* Send a command and read its status line. 0: +OK, and a multi-line answer may follow; 1: refused;
 * -1: the session broke. */
static int command_ask(struct jm_pop3_session *s, const char *command, struct jm_err *err)
{
	enum jm_pop3_fault fault;

	if (jm_pop3_say(s, command, strlen(command), err) == 0 &&
	    jm_pop3_status(s, s->answer_timeout_ms, &fault, err) == 0)
		return 0;
	if (s->broken == JM_POP3_FINE)
		return 1;
	return jm_err_wrap(err, "%.4s", command);
}

static void parse_stat(struct jm_pop3_session *s, struct jm_pop3_listing *l)
{
	struct jm_span rest = jm_span_sub(jm_span_str(s->reply), 3, JM_POP3_REPLY_BYTES);

	if (jm_num_u64(take_word(&rest), 0, UINT32_MAX, &l->stat_count) != 0 ||
	    jm_num_u64(take_word(&rest), 0, UINT64_MAX, &l->stat_bytes) != 0)
		l->stat_bytes = 0;
	memcpy(s->stat, s->reply, sizeof s->stat);
}

int jm_pop3_survey(struct jm_pop3_session *s, struct jm_pop3_listing *l_r, struct jm_err *err)
{
	struct jm_pop3_listing *l = l_r;
	int stat, list, uidl;

	*l = (struct jm_pop3_listing){ 0 };
	jm_arena_init(&l->arena, ARENA_BYTES);
	stat = command_ask(s, "STAT\r\n", err);
	if (stat < 0)
		return -1;
	if (stat == 0)
		parse_stat(s, l);
	list = command_ask(s, "LIST\r\n", err);
	if (list < 0 || (list == 0 && read_list(s, l, false, err) != 0))
		return list < 0 ? -1 : jm_err_wrap(err, "LIST");
	join_entries(l);
	if (list == 1 && stat == 1)
		return jm_err_set(err, JM_E_TEMP, "the server refuses STAT and LIST: %s", s->said);
	for (uint64_t i = 1; list == 1 && i <= l->stat_count && !l->partial; i++)
		if (add_entry(l, (uint32_t)i, 0, jm_span_of(NULL, 0), err) != 0)
			return -1;
	uidl = command_ask(s, "UIDL\r\n", err);
	if (uidl < 0)
		return -1;
	if (uidl == 0) {
		struct jm_pop3_listing ids = { .arena = l->arena };
		int rc = read_list(s, &ids, true, err);

		if (rc != 0)
			jm_err_wrap(err, "UIDL");
		else
			rc = join_ids(l, &ids, err);
		l->arena = ids.arena;
		return rc;
	}
	return 0;
}

void jm_pop3_listing_release(struct jm_pop3_listing *l)
{
	jm_arena_release(&l->arena);
	*l = (struct jm_pop3_listing){ 0 };
}
