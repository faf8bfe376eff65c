/* SPDX-License-Identifier: BSD-2-Clause */
/* Parsing the output of postconf, and values of its settings. See postfix_conf.h. */
#include "milter/ctl/doctor/postfix_conf.h"

#include <stdio.h>
#include <string.h>

#include "common/base/num.h"
#include "common/json/value.h"

#define KEY_BYTES 256

static bool is_blank(unsigned char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static struct jm_span postfix_trim(struct jm_span s)
{
	while (s.len && is_blank(s.p[0]))
		s = jm_span_sub(s, 1, s.len);
	while (s.len && is_blank(s.p[s.len - 1]))
		s.len--;
	return s;
}

static bool next_line(struct jm_span *text, struct jm_span *line)
{
	size_t n = jm_span_index(*text, '\n');

	if (text->len == 0)
		return false;
	*line = jm_span_sub(*text, 0, n);
	*text = jm_span_sub(*text, n + 1, text->len);
	return true;
}

/* Set a member; bytes that are not UTF-8 do not count as an error. */
static int postfix_set(json_t *object, struct jm_span name, struct jm_span value)
{
	json_t *key;
	int rc = 0;

	if (name.len == 0 || name.len >= KEY_BYTES)
		return 0;
	key = jm_json_text(name);
	if (!key || json_object_set_new(object, json_string_value(key), jm_json_text(value)) != 0)
		rc = -1;
	json_decref(key);
	return rc;
}

/* Split "name = value". */
static bool postfix_split(struct jm_span line, struct jm_span *name, struct jm_span *value)
{
	size_t at = jm_span_index(line, '=');

	if (at == line.len)
		return false;
	*name = postfix_trim(jm_span_sub(line, 0, at));
	*value = postfix_trim(jm_span_sub(line, at + 1, line.len));
	return name->len > 0;
}

static json_t *service_of(const struct jm_postfix *p, struct jm_span key)
{
	json_t *text = jm_json_text(key),
	       *service = text ? json_object_get(p->services, json_string_value(text)) : NULL;

	json_decref(text);
	return service;
}

/* Add a line of master.cf: "name type private unpriv chroot wakeup maxproc command ...". */
static int add_service(struct jm_postfix *p, struct jm_span line)
{
	struct jm_span column[8], rest = line;
	char text[KEY_BYTES];
	size_t n = 0;
	json_t *key;
	int rc = 0;

	while (n < 8 && jm_postfix_word(&rest, &column[n]))
		n++;
	if (n < 8)
		return 0;
	snprintf(text, sizeof text, "%.*s/%.*s", (int)column[0].len, (const char *)column[0].p,
	    (int)column[1].len, (const char *)column[1].p);
	key = jm_json_text(jm_span_str(text));
	if (!key ||
	    json_object_set_new(p->services, json_string_value(key),
		json_pack("{s:o, s:o, s:o, s:{}, s:{}}", "chroot", jm_json_text(column[4]), "limit",
		    jm_json_text(column[6]), "command", jm_json_text(column[7]), "set", "raw")) !=
		0)
		rc = -1;
	json_decref(key);
	return rc;
}

static int parse_main(struct jm_span text, json_t *object)
{
	struct jm_span line, name, value;

	while (next_line(&text, &line))
		if (postfix_split(line, &name, &value) && postfix_set(object, name, value) != 0)
			return -1;
	return 0;
}

/* Read "service/type/name = value" lines into the member kind of each service. */
static int parse_overrides(struct jm_postfix *p, struct jm_span text, const char *kind)
{
	struct jm_span line, name, value;

	while (next_line(&text, &line)) {
		size_t slash;
		json_t *service;

		if (!postfix_split(line, &name, &value))
			continue;
		slash = jm_span_rindex(name, '/');
		service = slash < name.len ? service_of(p, jm_span_sub(name, 0, slash)) : NULL;
		if (service &&
		    postfix_set(json_object_get(service, kind),
			jm_span_sub(name, slash + 1, name.len), value) != 0)
			return -1;
	}
	return 0;
}

int jm_postfix_parse(const struct jm_postfix_text *t, struct jm_postfix *p)
{
	struct jm_span master = t->master, line;

	p->main = json_object();
	p->raw = json_object();
	p->services = json_object();
	if (!p->main || !p->raw || !p->services || parse_main(t->main, p->main) != 0 ||
	    parse_main(t->raw, p->raw) != 0)
		return -1;
	while (next_line(&master, &line))
		if (add_service(p, line) != 0)
			return -1;
	return parse_overrides(p, t->set, "set") != 0 || parse_overrides(p, t->set_raw, "raw") != 0
	    ? -1
	    : 0;
}

void jm_postfix_release(struct jm_postfix *p)
{
	json_decref(p->main);
	json_decref(p->raw);
	json_decref(p->services);
	p->main = p->raw = p->services = NULL;
}

static const char *own_value(
    const struct jm_postfix *p, const char *service, const char *kind, const char *name)
{
	return service ? json_string_value(json_object_get(
			     json_object_get(json_object_get(p->services, service), kind), name))
		       : NULL;
}

const char *jm_postfix_value(const struct jm_postfix *p, const char *service, const char *name)
{
	const char *v = own_value(p, service, "set", name);

	if (!v)
		v = json_string_value(json_object_get(p->main, name));
	return v ? v : "";
}

const char *jm_postfix_raw(const struct jm_postfix *p, const char *service, const char *name)
{
	const char *v = own_value(p, service, "raw", name);

	if (!v)
		v = json_string_value(json_object_get(p->raw, name));
	return v ? v : "";
}

bool jm_postfix_overrides(const struct jm_postfix *p, const char *service, const char *name)
{
	return own_value(p, service, "set", name) != NULL;
}

bool jm_postfix_word(struct jm_span *list, struct jm_span *word)
{
	struct jm_span s = *list;
	size_t n = 0, depth = 0;

	while (s.len && (is_blank(s.p[0]) || s.p[0] == ','))
		s = jm_span_sub(s, 1, s.len);
	while (n < s.len && (depth > 0 || !(is_blank(s.p[n]) || s.p[n] == ','))) {
		if (s.p[n] == '{')
			depth++;
		else if (s.p[n] == '}' && depth > 0)
			depth--;
		n++;
	}
	*word = jm_span_sub(s, 0, n);
	*list = jm_span_sub(s, n, s.len);
	return n > 0;
}

/* The text in the braces, or the word itself. */
struct jm_span jm_postfix_inside(struct jm_span word)
{
	if (word.len >= 2 && word.p[0] == '{' && word.p[word.len - 1] == '}')
		return postfix_trim(jm_span_sub(word, 1, word.len - 2));
	return word;
}

struct jm_span jm_postfix_milter_address(struct jm_span word)
{
	struct jm_span rest = jm_postfix_inside(word), first = { NULL, 0 };

	(void)jm_postfix_word(&rest, &first);
	return first;
}

struct jm_span jm_postfix_milter_option(struct jm_span word, const char *name)
{
	struct jm_span rest = jm_postfix_inside(word), option, key, value, found = { NULL, 0 };

	(void)jm_postfix_word(&rest, &option); /* the address */
	/* Options are "name=value", or "{ name = value }" where there are blanks. */
	while (jm_postfix_word(&rest, &option))
		if (postfix_split(jm_postfix_inside(option), &key, &value) &&
		    jm_span_eq(key, jm_span_str(name)))
			found = value;
	return found;
}

int64_t jm_postfix_seconds(struct jm_span text)
{
	static const struct {
		unsigned char unit;
		int64_t seconds;
	} units[] = {
		{ 's', 1 },
		{ 'm', 60 },
		{ 'h', 3600 },
		{ 'd', 86400 },
		{ 'w', 604800 },
	};
	uint64_t n;
	int64_t factor = 1;

	for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
		if (text.len > 1 && text.p[text.len - 1] == units[i].unit) {
			factor = units[i].seconds;
			text.len--;
			break;
		}
	return jm_num_u64(text, 0, INT32_MAX, &n) == 0 ? (int64_t)n * factor : -1;
}
