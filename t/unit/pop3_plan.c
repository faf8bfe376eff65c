/* SPDX-License-Identifier: BSD-2-Clause */
/* Plans as text: "NUMBER:ID:SIZE" listed, "ID:SIZE" marked, and what follows from them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/num.h"
#include "common/pop3/plan.h"
#include "t/lib/tap.h"

static const struct {
	const char *name;
	const char *listed;  /* blank-separated NUMBER:ID:SIZE; "-" as the id: none */
	const char *marks;   /* ID:SIZE */
	const char *failing; /* IDs */
	/* "retr N.. forget ID.."; N! : retrieved without a mark; N= : compared with its mark; then
	 * "staying N.." and "apart N.." if there are any */
	const char *plan;
	size_t max_messages;
	bool no_ids, partial, leave;
	const char *staying; /* IDs */
	const char *apart;   /* keys */
	int turn;            /* of a trial, from 1 on; 0: none */
} cases[] = {
	{ "an empty mailbox", "", "", "", "retr forget" },
	{ "all new", "1:A:5 2:B:6", "", "", "retr 1 2 forget" },
	{ "what is done is compared before it is deleted", "1:A:5 2:B:6", "A:5", "",
	    "retr 2 1= forget" },
	{ "a mark that is not listed is forgotten", "1:A:5", "A:5 Z:9", "", "retr 1= forget Z" },
	{ "an emptied mailbox forgets all", "", "A:5 Z:9", "", "retr forget A Z" },
	{ "without UIDL nothing is forgotten", "1:-:5", "A:5", "", "retr 1! forget", 0, true },
	{ "after half a listing nothing is forgotten", "1:A:5", "A:5 Z:9", "", "retr 1= forget", 0,
	    false, true },
	{ "an id listed twice is no identity", "1:A:5 2:A:5 3:B:5", "A:5", "",
	    "retr 1! 2! 3 forget" },
	{ "a missing id", "1:A:5 2:-:5", "A:5", "", "retr 2! 1= forget" },
	{ "the same id, another size: compared, too", "1:A:7", "A:5", "", "retr 1= forget" },
	{ "the same id, size not told", "1:A:0", "A:0", "", "retr 1= forget" },
	{ "changed ids are retrieved again", "1:X1:5 2:X2:6", "A:5 B:6", "",
	    "retr 1 2 forget A B" },
	{ "left on the server: done ones are left alone", "1:A:5 2:B:6", "A:5", "", "retr 2 forget",
	    0, false, false, true },
	{ "left on the server, another size", "1:A:7 2:B:6", "A:5", "", "retr 1= 2 forget", 0,
	    false, false, true },
	{ "what failed comes last", "1:A:5 2:B:6 3:C:7", "", "A", "retr 2 3 1 forget" },
	{ "and takes no one's place", "1:A:5 2:B:6 3:C:7", "", "A", "retr 2 3 forget", 2 },
	{ "no more than so many", "1:A:5 2:B:6 3:C:7 4:D:8", "A:5", "", "retr 2 3 forget", 2 },
	{ "ids differ by letter case", "1:a:5 2:A:5", "a:5", "", "retr 2 1= forget" },
	{ "one id is the beginning of another", "1:AB:5 2:A:5", "A:5", "", "retr 1 2= forget" },
	{ "what stays though it was deleted is left alone", "1:A:5 2:B:6", "A:5", "",
	    "retr 2 forget staying 1", 0, false, false, false, "A" },
	{ "but another size is another message", "1:A:7 2:B:6", "A:5", "", "retr 1= 2 forget", 0,
	    false, false, false, "A" },
	{ "and so is one without a mark", "1:A:5", "", "", "retr 1 forget", 0, false, false, false,
	    "A" },
	{ "what ended a session is left out", "1:A:5 2:B:6 3:C:7", "", "B",
	    "retr 1 3 forget apart 2", 0, false, false, false, "", "B" },
	{ "and its mark stays", "1:A:5 2:B:6", "B:6", "", "retr 1 forget apart 2", 0, false, false,
	    false, "", "B" },
	{ "without an id: all of that size", "1:-:5 2:-:6 3:-:5 4:-:0", "", "",
	    "retr 2! 4! forget apart 1 3", 0, false, false, false, "", "_5" },
	{ "without id and size: that number", "1:-:0 2:-:0", "", "", "retr 1! forget apart 2", 0,
	    false, false, false, "", "_#2" },
	{ "tried one by one: the first", "1:A:5 2:B:6 3:C:7", "Z:9", "", "retr 1 forget apart 1 3",
	    0, false, false, false, "", "A C", 1 },
	{ "the second", "1:A:5 2:B:6 3:C:7", "C:7", "", "retr 3= forget apart 1 3", 0, false, false,
	    false, "", "A C", 2 },
	{ "and the first again", "1:A:5 2:B:6 3:C:7", "", "", "retr 1 forget apart 1 3", 0, false,
	    false, false, "", "A C Y", 3 },
	{ "none is listed any more", "1:A:5", "", "", "retr forget", 0, false, false, false, "",
	    "Y", 1 },
};

/* The next blank-separated word, cut at ':' into fields. False at the end. */
static bool next(struct jm_span *rest, struct jm_span field[3])
{
	struct jm_span s = jm_span_trim(*rest), w = jm_span_sub(s, 0, jm_span_index(s, ' '));

	*rest = jm_span_sub(s, w.len, s.len);
	for (int i = 0; i < 3; i++) {
		size_t n = jm_span_index(w, ':');

		field[i] = jm_span_sub(w, 0, n);
		w = jm_span_sub(w, n + 1, w.len);
	}
	return s.len > 0;
}

static uint64_t number(struct jm_span s)
{
	uint64_t v = 0;

	if (jm_num_u64(s, 0, UINT64_MAX, &v) != 0)
		abort();
	return v;
}

static int print_entries(const char *name, const struct jm_pop3_entries *e, struct jm_buf *out)
{
	int rc = e->n ? jm_buf_printf(out, NULL, " %s", name) : 0;

	for (size_t k = 0; k < e->n; k++)
		rc |= jm_buf_printf(out, NULL, " %u", (unsigned)e->v[k]->number);
	return rc;
}

static void print_plan(const struct jm_pop3_plan *p, struct jm_buf *out)
{
	int rc = jm_buf_printf(out, NULL, "retr");

	for (size_t k = 0; k < p->retr_n; k++)
		rc |= jm_buf_printf(out, NULL, " %u%s", (unsigned)p->retr[k].entry->number,
		    p->retr[k].mark        ? "="
			: p->retr[k].marks ? ""
					   : "!");
	rc |= jm_buf_printf(out, NULL, " forget");
	for (size_t k = 0; k < p->forget_n; k++)
		rc |= jm_buf_printf(
		    out, NULL, " %.*s", (int)p->forget[k].len, (const char *)p->forget[k].p);
	rc |= print_entries("staying", &p->staying, out) | print_entries("apart", &p->apart, out);
	if (rc != 0)
		abort();
}

/* Split text into keys, "_" for a blank. */
static struct jm_pop3_keys split_keys(const char *text, struct jm_span v[8], char copy[64])
{
	struct jm_pop3_keys keys = { v, 0 };
	struct jm_span field[3], rest;

	snprintf(copy, 64, "%s", text ? text : "");
	for (rest = jm_span_str(copy); next(&rest, field);)
		v[keys.n++] = field[0];
	for (char *p = copy; *p; p++)
		*p = *p == '_' ? ' ' : *p;
	return keys;
}

static void check(size_t i)
{
	struct jm_pop3_entry entries[8];
	struct jm_pop3_mark marks[8];
	struct jm_span failing[8], staying[8], apart[8], field[3], rest;
	char text[3][64];
	struct jm_pop3_listing l = {
		.v = entries, .has_ids = !cases[i].no_ids, .partial = cases[i].partial
	};
	struct jm_pop3_plan_input in = { .listing = &l,
		.marks = marks,
		.failing = split_keys(cases[i].failing, failing, text[0]),
		.staying = split_keys(cases[i].staying, staying, text[1]),
		.apart = split_keys(cases[i].apart, apart, text[2]),
		.trial = cases[i].turn > 0,
		.turn = cases[i].turn > 0 ? (size_t)cases[i].turn - 1 : 0,
		.max_messages = cases[i].max_messages,
		.leave_on_server = cases[i].leave };
	struct jm_pop3_plan p;
	struct jm_buf out;

	for (rest = jm_span_str(cases[i].listed); next(&rest, field); l.n++)
		entries[l.n] = (struct jm_pop3_entry){ (uint32_t)number(field[0]), number(field[2]),
			jm_span_eq(field[1], jm_span_str("-")) ? jm_span_of(NULL, 0) : field[1] };
	for (rest = jm_span_str(cases[i].marks); next(&rest, field); in.marks_n++)
		marks[in.marks_n] = (struct jm_pop3_mark){ field[0], number(field[1]), 1 };
	jm_buf_init(&out, 4096);
	if (jm_pop3_plan(&in, &p, NULL) == 0)
		print_plan(&p, &out);
	tap_is_str(jm_buf_str(&out), cases[i].plan, "%s", cases[i].name);
	jm_pop3_plan_release(&p);
	jm_buf_release(&out);
}

/* 100,000 messages, all but ten done: a plan is quick and right. */
static void check_large(void)
{
	enum { N = 100000 };
	struct jm_pop3_entry *entries = calloc(N, sizeof *entries);
	struct jm_pop3_mark *marks = calloc(N, sizeof *marks);
	char(*ids)[16] = calloc(N, sizeof *ids);
	struct jm_pop3_listing l = { .v = entries, .n = N, .has_ids = true };
	struct jm_pop3_plan_input in = { .listing = &l, .marks = marks, .marks_n = N - 10 };
	struct jm_pop3_plan p;

	if (!entries || !marks || !ids)
		abort();
	for (unsigned i = 0; i < N; i++) {
		snprintf(ids[i], sizeof ids[i], "id-%u", i * 7919u % N);
		entries[i] = (struct jm_pop3_entry){ i + 1, 20000, jm_span_str(ids[i]) };
		marks[i] = (struct jm_pop3_mark){ jm_span_str(ids[i]), 20000, 1 };
	}
	tap_is_int(jm_pop3_plan(&in, &p, NULL), 0, "100,000 messages: planned");
	tap_ok(p.retr_n == N && p.compare_n == N - 10 && p.forget_n == 0,
	    "all to retrieve, all but ten to compare");
	jm_pop3_plan_release(&p);
	free(entries);
	free(marks);
	free(ids);
}

int main(void)
{
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		check(i);
	check_large();
	return tap_done();
}
