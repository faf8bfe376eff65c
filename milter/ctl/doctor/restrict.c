/* SPDX-License-Identifier: BSD-2-Clause */
/* Doctor: lists of access restrictions. See restrict.h. */
#include "milter/ctl/doctor/restrict.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "milter/ctl/doctor/lookup.h"
#include "milter/ctl/doctor/tls.h"

#define CLIENTS_MAX 6
#define DEPTH_MAX 8

/* The harm that a restriction does to reports. */
struct harm {
	const char *word;
	enum jm_doctor_level level;
	const char *text;
};

static const struct harm harms[] = {
	{ "reject", JM_DOCTOR_FAIL, "refuses every report" },
	{ "defer", JM_DOCTOR_FAIL, "delays every report until its sender gives up" },
	{ "defer_if_permit", JM_DOCTOR_FAIL, "delays every report until its sender gives up" },
	{ "reject_rbl_client", JM_DOCTOR_FAIL,
	    "refuses reports while the client is in this list; addresses of Microsoft 365 are at "
	    "times" },
	{ "reject_rhsbl_client", JM_DOCTOR_FAIL, "refuses reports while the client is listed" },
	{ "reject_rhsbl_reverse_client", JM_DOCTOR_FAIL,
	    "refuses reports while the client is listed" },
	{ "reject_rhsbl_helo", JM_DOCTOR_FAIL, "refuses reports while the client is listed" },
	{ "reject_rhsbl_sender", JM_DOCTOR_FAIL, "refuses reports while the domain is listed" },
	{ "reject_rhsbl_recipient", JM_DOCTOR_FAIL, "refuses reports while the domain is listed" },
	{ "reject_unknown_client_hostname", JM_DOCTOR_FAIL,
	    "refuses reports from a client whose name is not in the DNS, both ways" },
	{ "reject_unknown_client", JM_DOCTOR_FAIL,
	    "refuses reports from a client whose name is not in the DNS, both ways" },
	{ "reject_unknown_reverse_client_hostname", JM_DOCTOR_FAIL,
	    "refuses reports from a client without a name in the DNS" },
	{ "reject_unknown_helo_hostname", JM_DOCTOR_FAIL,
	    "refuses reports from an Exchange that gives its internal name" },
	{ "reject_unknown_hostname", JM_DOCTOR_FAIL,
	    "refuses reports from an Exchange that gives its internal name" },
	{ "reject_unknown_sender_domain", JM_DOCTOR_WARN,
	    "delays or refuses reports whose sender's domain is not found in the DNS" },
	{ "reject_unknown_recipient_domain", JM_DOCTOR_FAIL,
	    "delays or refuses reports: the journal domain needs no record in the DNS" },
	{ "reject_unknown_address", JM_DOCTOR_FAIL,
	    "delays or refuses reports whose domain is not found in the DNS" },
	{ "reject_unverified_sender", JM_DOCTOR_FAIL,
	    "refuses reports: nobody answers for their sender, MicrosoftExchange..." },
	{ "reject_unverified_recipient", JM_DOCTOR_FAIL,
	    "delays reports: the journal address leads to no mail server that could confirm it" },
	{ "reject_unlisted_sender", JM_DOCTOR_FAIL,
	    "refuses reports: their sender, MicrosoftExchange..., is in no table" },
	{ "reject_plaintext_session", JM_DOCTOR_WARN, "refuses reports that come without TLS" },
	{ "check_policy_service", JM_DOCTOR_FAIL,
	    "may delay each report (greylisting) or refuse it, and delays all while the service is "
	    "down" },
	{ "sleep", JM_DOCTOR_WARN, "makes each report wait" },
};

/* A list, its parameter, and the words of Postfix' replies for it. before: evaluated before the
 * recipient is known, unless smtpd_delay_reject. */
static const struct list {
	const char *name, *setting, *reply;
	bool before;
} lists[] = {
	{ "client-restrictions", "smtpd_client_restrictions", "Client host rejected", true },
	{ "helo-restrictions", "smtpd_helo_restrictions", "Helo command rejected", true },
	{ "sender-restrictions", "smtpd_sender_restrictions", "Sender address rejected", true },
	{ "relay-restrictions", "smtpd_relay_restrictions", "Relay access denied", false },
	{ "recipient-restrictions", "smtpd_recipient_restrictions", "Recipient address rejected",
	    false },
	{ "data-restrictions", "smtpd_data_restrictions", "Data command rejected", false },
	{ "end-restrictions", "smtpd_end_of_data_restrictions", "End-of-data rejected", false },
};

struct walk {
	struct jm_doctor *d;
	const struct jm_postfix *p;
	const char *listener;
	const struct list *list;
	bool recipient_known;
	struct jm_cidr clients[CLIENTS_MAX];
	size_t clients_n;
};

enum outcome { NEXT, PERMIT, STOP };

static enum outcome walk_list(struct walk *w, const char *list, unsigned depth);

/* The table by which mail for the journal domains passes a list of restrictions. */
static const char *pass_table(const struct jm_doctor *d, char *text, size_t n)
{
	size_t at = (size_t)snprintf(text, n, "check_recipient_access inline:{");

	for (size_t i = 0; d->settings->journal_domains[i] && at < n; i++)
		at += (size_t)snprintf(text + at, n - at, "%s {%.255s = OK}", i ? "," : "",
		    d->settings->journal_domains[i]);
	if (at < n)
		snprintf(text + at, n - at, " }");
	return text;
}

static const char *list_cure(char *text, const struct jm_doctor *d, const struct jm_postfix *p,
    const char *listener, const struct list *l)
{
	char table[4096], more[JM_CURE_BYTES];

	jm_cure_service_first(text, d, p, listener, l->setting, pass_table(d, table, sizeof table));
	if (l->before && strcmp(jm_postfix_value(p, listener, "smtpd_delay_reject"), "yes") != 0)
		jm_cure_more(text, " && %s",
		    jm_cure_service(more, d, listener, "smtpd_delay_reject", "yes"));
	return text;
}

const char *jm_doctor_restriction_cure(char *text, const struct jm_doctor *d,
    const struct jm_postfix *p, const char *listener, const char *answer)
{
	for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
		if (strstr(answer, lists[i].reply) &&
		    *jm_postfix_value(p, listener, lists[i].setting))
			return list_cure(text, d, p, listener, &lists[i]);
	return NULL;
}

bool jm_doctor_in_networks(const char *list, const struct jm_cidr *address)
{
	struct jm_span rest = jm_span_str(list), word;
	char text[128];
	struct jm_cidr net;
	size_t n;

	while (jm_postfix_word(&rest, &word)) {
		for (size_t i = n = 0; i < word.len && n < sizeof text - 1; i++)
			if (word.p[i] != '[' && word.p[i] != ']')
				text[n++] = (char)word.p[i];
		text[n] = '\0';
		if (jm_cidr_parse(jm_span_str(text), &net, NULL) == 0 &&
		    jm_cidr_contains(&net, address))
			return true;
	}
	return false;
}

/* Are all clients in mynetworks? */
static bool all_in_networks(const struct walk *w)
{
	const char *list = jm_postfix_value(w->p, w->listener, "mynetworks");

	for (size_t i = 0; i < w->clients_n; i++)
		if (!jm_doctor_in_networks(list, &w->clients[i]))
			return false;
	return w->clients_n > 0;
}

static void add_harm(struct walk *w, enum jm_doctor_level level, const char *what, const char *text)
{
	char cure[JM_CURE_BYTES];

	jm_doctor_add(w->d, level, w->list->name, list_cure(cure, w->d, w->p, w->listener, w->list),
	    "%s: %s = ... %.200s: %s", w->listener, w->list->setting, what, text);
}

/* Judge an answer of an access table. */
static enum outcome judge_answer(
    struct walk *w, const char *table, const char *key, const char *answer, unsigned depth)
{
	static const char *const refusals[] = { "REJECT", "DEFER", "DEFER_IF_PERMIT", "DISCARD",
		"HOLD", "REDIRECT", "FILTER" };
	static const char *const neutral[] = { "DUNNO", "WARN", "INFO", "PREPEND", "BCC",
		"DEFER_IF_REJECT" };
	size_t n = strcspn(answer, " \t");
	struct jm_span word = jm_span_of(answer, n);
	char what[600];

	if (jm_span_eq_nocase(word, jm_span_str("OK")) ||
	    (answer[0] >= '0' && answer[0] <= '9' && n != 3))
		return PERMIT;
	for (size_t i = 0; i < sizeof neutral / sizeof neutral[0]; i++)
		if (jm_span_eq_nocase(word, jm_span_str(neutral[i])))
			return NEXT;
	snprintf(what, sizeof what, "%.200s has \"%.100s %.100s\"", table, key, answer);
	for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++)
		if (jm_span_eq_nocase(word, jm_span_str(refusals[i]))) {
			add_harm(w, JM_DOCTOR_FAIL, what,
			    "reports are refused, or taken away before they are archived");
			return STOP;
		}
	if (n == 3 && (answer[0] == '4' || answer[0] == '5')) {
		add_harm(w, JM_DOCTOR_FAIL, what, "reports are refused");
		return STOP;
	}
	return walk_list(w, answer, depth + 1);
}

/* Keys that do not fit, or without memory, are not asked for. */
JM_PRINTF(2, 3) static void add_key(struct jm_buf *keys, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	if (jm_buf_add_span(keys, jm_span_str(text), NULL) != 0)
		jm_buf_reset(keys);
}

/* The keys under which an access table is asked, a line each, the more exact ones first. */
static void add_client_keys(struct jm_buf *keys, const struct jm_cidr *c)
{
	char text[JM_CIDR_TEXT_BYTES], *end;

	jm_cidr_format(c, text);
	do {
		add_key(keys, "%s\n", text);
		end = strrchr(text, strchr(text, ':') ? ':' : '.');
		if (end)
			*end = '\0';
	} while (end);
}

static void add_address_keys(struct jm_buf *keys, const char *address)
{
	const char *at = strrchr(address, '@');

	add_key(keys, "%s\n", address);
	for (const char *dot = at ? at : NULL; dot; dot = strchr(dot + 1, '.'))
		add_key(keys, "%s\n", dot + 1);
	if (at)
		add_key(keys, "%.*s@\n", (int)(at - address), address);
}

/* Judge the answers of a table to the keys of one client or address; the first one counts. */
static enum outcome judge_keys(
    struct walk *w, const char *table, struct jm_buf *keys, unsigned depth)
{
	enum outcome o = NEXT;
	struct jm_buf out;
	char *line, *tab;

	jm_buf_init(&out, 65536);
	jm_doctor_look_up_all(w->d, jm_span_str(table), jm_buf_span(keys), &out);
	if (out.len && (tab = strchr((char *)out.p, '\t'))) {
		line = (char *)out.p;
		line[strcspn(line, "\n")] = '\0';
		*tab = '\0';
		o = judge_answer(w, table, line, tab + 1, depth);
	}
	jm_buf_release(&out);
	return o;
}

/* PERMIT when the table permits all: of the clients, or of the recipients. */
static enum outcome ask_table(
    struct walk *w, const char *restriction, const char *table, unsigned depth)
{
	const struct jm_settings *s = w->d->settings;
	bool client = strcmp(restriction, "check_client_access") == 0,
	     sender = strcmp(restriction, "check_sender_access") == 0,
	     recipient = strcmp(restriction, "check_recipient_access") == 0;
	size_t n = client ? w->clients_n : sender ? 1 : s->services_n, permitted = 0, asked = 0;
	enum outcome o = NEXT;
	struct jm_buf keys;

	if ((!client && !sender && !recipient) || (recipient && !w->recipient_known))
		return NEXT; /* depends on facts that are not known here */
	jm_buf_init(&keys, 65536);
	for (size_t i = 0; i < n && o != STOP; i++) {
		jm_buf_reset(&keys);
		if (recipient && s->services[i].transport != JM_TRANSPORT_SMTP)
			continue;
		if (client)
			add_client_keys(&keys, &w->clients[i]);
		else if (sender)
			add_key(&keys, "%s\n",
			    jm_postfix_value(w->p, w->listener, "smtpd_null_access_lookup_key"));
		else
			add_address_keys(&keys, s->services[i].email_address);
		asked++;
		o = judge_keys(w, table, &keys, depth);
		permitted += o == PERMIT;
	}
	jm_buf_release(&keys);
	return o == STOP ? STOP : asked > 0 && permitted == asked && !sender ? PERMIT : NEXT;
}

/* Does a restriction take an argument, the next word of the list? */
static bool has_argument(const char *word)
{
	return strncmp(word, "check_", 6) == 0 || strstr(word, "rbl_") || strstr(word, "rhsbl_") ||
	    strstr(word, "dnswl_") || strstr(word, "rhswl_") || strcmp(word, "sleep") == 0;
}

static bool is_permitted(const struct walk *w, const char *word)
{
	if (strcmp(word, "permit") == 0)
		return true;
	if (strcmp(word, "permit_mynetworks") == 0)
		return all_in_networks(w);
	if (strcmp(word, "permit_auth_destination") == 0 || strcmp(word, "permit_mx_backup") == 0)
		return w->recipient_known;
	return strcmp(word, "permit_sasl_authenticated") == 0 && jm_doctor_wants(w->d).login;
}

static enum outcome judge_word(
    struct walk *w, const char *word, const char *argument, unsigned depth)
{
	const char *class = json_string_value(json_object_get(w->p->main, word));
	char what[600];

	if (is_permitted(w, word))
		return PERMIT;
	if (strncmp(word, "check_", 6) == 0 && jm_doctor_is_table(jm_span_str(argument)) &&
	    strcmp(word, "check_policy_service") != 0)
		return ask_table(w, word, argument, depth);
	for (size_t i = 0; i < sizeof harms / sizeof harms[0]; i++)
		if (strcmp(word, harms[i].word) == 0) {
			snprintf(
			    what, sizeof what, "%s%s%.300s", word, *argument ? " " : "", argument);
			add_harm(w, harms[i].level, what, harms[i].text);
			/* After a certain refusal nothing follows. */
			return i < 2 ? STOP : NEXT;
		}
	/* A class of restrictions is a parameter of its name. */
	return class && depth < DEPTH_MAX ? walk_list(w, class, depth + 1) : NEXT;
}

static enum outcome walk_list(struct walk *w, const char *list, unsigned depth)
{
	struct jm_span rest = jm_span_str(list), one;
	enum outcome o = NEXT;
	char word[512], argument[4096];
	bool quiet = false;

	while (o == NEXT && jm_postfix_word(&rest, &one)) {
		snprintf(word, sizeof word, "%.*s", (int)one.len, (const char *)one.p);
		argument[0] = '\0';
		if (has_argument(word) && jm_postfix_word(&rest, &one))
			snprintf(
			    argument, sizeof argument, "%.*s", (int)one.len, (const char *)one.p);
		if (strcmp(word, "warn_if_reject") == 0) {
			quiet = true;
			continue;
		}
		if (!quiet)
			o = judge_word(w, word, argument, depth);
		quiet = false;
	}
	return o;
}

static void take_clients(struct walk *w, const struct jm_ranges *r, size_t most)
{
	for (size_t i = 0; i < r->n && i < most && w->clients_n < CLIENTS_MAX; i++) {
		struct jm_cidr first = r->v[i];

		first.bits = 128;
		w->clients[w->clients_n++] = first;
	}
}

/* Does a list refuse to relay for a stranger, before a word that lets everybody pass? */
static bool protects(struct jm_doctor *d, const char *list)
{
	static const char *const words[] = { "reject_unauth_destination",
		"defer_unauth_destination", "reject", "defer", "defer_if_permit" };
	struct jm_span rest = jm_span_str(list), word;
	bool open = false;
	struct jm_buf out;

	jm_buf_init(&out, JM_TABLE_ANSWER_BYTES);
	while (!open && jm_postfix_word(&rest, &word)) {
		for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
			if (jm_span_eq(word, jm_span_str(words[i]))) {
				jm_buf_release(&out);
				return true;
			}
		open = jm_span_eq(word, jm_span_str("permit"));
		if (jm_span_eq(word, jm_span_str("check_recipient_access")) ||
		    jm_span_eq(word, jm_span_str("check_client_access")))
			open = jm_postfix_word(&rest, &word) && jm_doctor_is_table(word) &&
			    jm_doctor_look_up(d, word, "nobody@no-such-domain.invalid", &out) &&
			    jm_span_eq_nocase(jm_buf_span(&out), jm_span_str("OK"));
	}
	jm_buf_release(&out);
	return false;
}

static void check_open_relay(struct jm_doctor *d, const struct jm_postfix *p, const char *listener)
{
	char cure[JM_CURE_BYTES];

	jm_doctor_check(d, "open-relay", "%s: relays for no stranger", listener);
	if (protects(d, jm_postfix_value(p, listener, "smtpd_relay_restrictions")) ||
	    protects(d, jm_postfix_value(p, listener, "smtpd_recipient_restrictions")))
		return;
	jm_doctor_add(d, JM_DOCTOR_FAIL, "open-relay",
	    jm_cure_service_first(cure, d, p, listener, "smtpd_relay_restrictions",
		"permit_mynetworks, permit_sasl_authenticated, reject_unauth_destination"),
	    "%s: neither smtpd_relay_restrictions nor smtpd_recipient_restrictions keeps strangers "
	    "from relaying: Postfix takes no mail at all, or spam goes through this machine",
	    listener);
}

void jm_doctor_restrictions(struct jm_doctor *d, const struct jm_postfix *p, const char *listener)
{
	struct walk w = { .d = d, .p = p, .listener = listener };
	bool late = strcmp(jm_postfix_value(p, listener, "smtpd_delay_reject"), "yes") == 0;

	take_clients(&w, &d->settings->authorized_outbounds, 3);
	for (size_t i = 0; i < d->settings->services_n; i++)
		if (d->settings->services[i].transport == JM_TRANSPORT_SMTP)
			take_clients(&w, &d->settings->services[i].source_ranges, 2);
	for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
		w.list = &lists[i];
		w.recipient_known = late || !lists[i].before;
		jm_doctor_check(d, lists[i].name, "%s: %s", listener, lists[i].setting);
		(void)walk_list(&w, jm_postfix_value(p, listener, lists[i].setting), 0);
	}
	check_open_relay(d, p, listener);
}
