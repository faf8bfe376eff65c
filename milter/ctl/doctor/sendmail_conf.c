/* SPDX-License-Identifier: BSD-2-Clause */
/* Parsing sendmail.cf. See sendmail_conf.h. */
#include "milter/ctl/doctor/sendmail_conf.h"

#include <stdio.h>
#include <string.h>

#include "common/json/value.h"
#include "milter/ctl/doctor/postfix_conf.h"

struct jm_span jm_sendmail_line(struct jm_span *text)
{
	size_t n = jm_span_index(*text, '\n');
	struct jm_span line = jm_span_sub(*text, 0, n);

	*text = jm_span_sub(*text, n + 1, text->len);
	return line;
}

static void sendmail_put(json_t *object, struct jm_span name, struct jm_span value)
{
	json_t *key = jm_json_text(jm_span_sub(jm_span_trim(name), 0, 255));

	if (key)
		(void)json_object_set_new(
		    object, json_string_value(key), jm_json_text(jm_span_trim(value)));
	json_decref(key);
}

static void split_at(json_t *object, struct jm_span rest, unsigned char c)
{
	size_t n = jm_span_index(rest, c);

	sendmail_put(object, jm_span_sub(rest, 0, n), jm_span_sub(rest, n + 1, rest.len));
}

static void take_option(struct jm_sendmail *cf, struct jm_span rest)
{
	size_t n = jm_span_index(rest, '=');
	struct jm_span value = jm_span_trim(jm_span_sub(rest, n + 1, rest.len));

	/* The only option that may be given many times. */
	if (jm_span_eq(jm_span_trim(jm_span_sub(rest, 0, n)), jm_span_str("DaemonPortOptions")))
		(void)json_array_append_new(cf->listeners, jm_json_text(value));
	else
		split_at(cf->options, rest, '=');
}

/* The rest of a line "F{x}...", "Fx...", "C{x}...", "Cx..."; none: another class. */
static struct jm_span class_rest(struct jm_span line, char letter)
{
	if (line.len > 4 && line.p[1] == '{' && line.p[2] == (unsigned char)letter &&
	    line.p[3] == '}')
		return jm_span_sub(line, 4, line.len);
	if (line.len > 2 && line.p[1] == (unsigned char)letter)
		return jm_span_sub(line, 2, line.len);
	return jm_span_of(NULL, 0);
}

/* A line that adds names, or a file of names, to a class. */
static void take_class(struct jm_sendmail *cf, struct jm_span line)
{
	struct jm_span relay = class_rest(line, 'R'), word,
		       rest = relay.len ? relay : class_rest(line, 'w');
	char *file = relay.len ? cf->relay_file : cf->local_file;

	while (jm_postfix_word(&rest, &word)) {
		if (line.p[0] == 'C')
			sendmail_put(relay.len ? cf->relay : cf->local, word, jm_span_str(""));
		else if (word.p[0] == '/')
			snprintf(file, sizeof cf->relay_file, "%.*s", (int)word.len,
			    (const char *)word.p);
	}
}

static bool has_text(struct jm_span line, const char *text)
{
	size_t n = strlen(text);

	for (size_t i = 0; i + n <= line.len; i++)
		if (memcmp(line.p + i, text, n) == 0)
			return true;
	return false;
}

/* A rule of ParseLocal that names a domain and its mailer:
 * "$* < @ DOMAIN . > $* $#MAILER $@ HOST $: ...". */
static void take_route(struct jm_sendmail *cf, struct jm_span rest)
{
	struct jm_span word, domain = { NULL, 0 }, mailer = { NULL, 0 };
	char entry[512];
	int before = '\0';

	while (jm_postfix_word(&rest, &word)) {
		if (before == '@' && !domain.len)
			domain = word;
		else if (word.len > 2 && word.p[0] == '$' && word.p[1] == '#')
			mailer = jm_span_sub(word, 2, word.len);
		else if (before == '$' && domain.len && mailer.len) {
			snprintf(entry, sizeof entry, "%.*s:%.*s", (int)mailer.len,
			    (const char *)mailer.p, (int)word.len, (const char *)word.p);
			sendmail_put(cf->routes, domain, jm_span_str(entry));
			return;
		}
		before = jm_span_eq(word, jm_span_str("@")) ? '@'
		    : jm_span_eq(word, jm_span_str("$@"))   ? '$'
							    : '\0';
	}
}

/* A rule, or a comment that the features of sendmail.mc write above their rules. */
static void take_rule(struct jm_sendmail *cf, struct jm_span line)
{
	static const char list[] = "# DNS based IP address spam list ";
	size_t n = strlen(cf->lists);

	if (line.p[0] == 'R' && cf->in_parse_local)
		take_route(cf, jm_span_sub(line, 1, line.len));
	cf->denies_relaying = cf->denies_relaying ||
	    (line.p[0] == 'R' && has_text(line, "Relaying denied"));
	cf->needs_reverse_name = cf->needs_reverse_name ||
	    (line.p[0] == 'R' && has_text(line, "Fix reverse DNS"));
	cf->judges_helo = cf->judges_helo ||
	    (line.p[0] == 'R' && has_text(line, "bogus HELO name"));
	if (jm_span_starts_nocase(line, jm_span_str(list)))
		snprintf(cf->lists + n, sizeof cf->lists - n, "%s%.*s", n ? ", " : "",
		    (int)(line.len - sizeof list + 1), (const char *)line.p + sizeof list - 1);
}

static void take_line(struct jm_sendmail *cf, struct jm_span line)
{
	struct jm_span rest = jm_span_sub(line, 1, line.len);

	if (line.p[0] == 'O' && rest.len && rest.p[0] == ' ') {
		take_option(cf, rest);
	} else if (line.p[0] == 'X') {
		split_at(cf->milters, rest, ',');
	} else if (line.p[0] == 'M') {
		split_at(cf->mailers, rest, ',');
	} else if (line.p[0] == 'K') {
		split_at(cf->tables, rest, ' ');
	} else if (line.p[0] == 'S') {
		rest = jm_span_sub(rest, 0, jm_span_index(rest, '='));
		cf->in_parse_local = jm_span_eq(rest, jm_span_str("ParseLocal"));
		sendmail_put(cf->rulesets, rest, jm_span_str(""));
	} else if (line.p[0] == 'D' && rest.len > 1 && rest.p[0] == 'j') {
		snprintf(cf->host, sizeof cf->host, "%.*s", (int)(rest.len - 1),
		    (const char *)rest.p + 1);
	} else if (line.p[0] == 'F' || line.p[0] == 'C') {
		take_class(cf, line);
	} else if (line.p[0] == 'R' || line.p[0] == '#') {
		take_rule(cf, line);
	}
}

/* A line that begins with a blank continues the one before. */
void jm_sendmail_parse(unsigned char *p, size_t n, struct jm_sendmail *cf)
{
	struct jm_span text;

	*cf = (struct jm_sendmail){ .options = json_object(),
		.listeners = json_array(),
		.milters = json_object(),
		.mailers = json_object(),
		.tables = json_object(),
		.relay = json_object(),
		.local = json_object(),
		.rulesets = json_object(),
		.routes = json_object() };
	for (size_t i = 0; i + 1 < n; i++)
		if (p[i] == '\n' && (p[i + 1] == ' ' || p[i + 1] == '\t'))
			p[i] = ' ';
	text = jm_span_of(p, n);
	while (text.len) {
		struct jm_span line = jm_sendmail_line(&text);

		if (line.len > 1)
			take_line(cf, line);
	}
}

const char *jm_sendmail_option(const struct jm_sendmail *cf, const char *name)
{
	const char *v = json_string_value(json_object_get(cf->options, name));

	return v ? v : "";
}

struct jm_span jm_sendmail_equate(const char *equates, char letter)
{
	struct jm_span rest = jm_span_str(equates), word;

	while (jm_postfix_word(&rest, &word))
		if (word.len >= 2 && word.p[0] == (unsigned char)letter && word.p[1] == '=')
			return jm_span_sub(word, 2, word.len);
	return (struct jm_span){ NULL, 0 };
}

struct jm_span jm_sendmail_listener(const char *listener, char letter)
{
	struct jm_span rest = jm_span_str(listener), word;

	while (jm_postfix_word(&rest, &word)) {
		size_t n = jm_span_index(word, '=');

		if (n < word.len && n > 0 && jm_lower(word.p[0]) == (unsigned char)letter)
			return jm_span_sub(word, n + 1, word.len);
	}
	return (struct jm_span){ NULL, 0 };
}

void jm_sendmail_release(struct jm_sendmail *cf)
{
	json_decref(cf->options);
	json_decref(cf->listeners);
	json_decref(cf->milters);
	json_decref(cf->mailers);
	json_decref(cf->tables);
	json_decref(cf->relay);
	json_decref(cf->local);
	json_decref(cf->rulesets);
	json_decref(cf->routes);
}
