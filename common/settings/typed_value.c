/* SPDX-License-Identifier: BSD-2-Clause */
/* Values: a parser for each type, which says what is wrong, what is allowed and what was perhaps
 * meant, and the way back to text. Rules about several values are in consistency.c. See
 * typed_value.h. */
#include "common/settings/typed_value.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cidr.h"
#include "common/base/num.h"
#include "common/base/visible.h"
#include "common/mail/domain.h"
#include "common/settings/near.h"
#include "common/settings/settings.h"

#define SHOWN_BYTES 90      /* of a wrong value, in an error */
#define LOCAL_PART_BYTES 64 /* RFC 5321 4.5.3.1.1 */

static bool is_digit(unsigned char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(unsigned char c)
{
	c = jm_lower(c);
	return c >= 'a' && c <= 'z';
}

static bool is_blank(unsigned char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct jm_span value_trim(struct jm_span s)
{
	while (s.len && is_blank(s.p[0]))
		s = jm_span_sub(s, 1, s.len);
	while (s.len && is_blank(s.p[s.len - 1]))
		s.len--;
	return s;
}

/* Fill err for the wrong value text. reason may be NULL; meant is "" when there is nothing to
 * propose. Always returns -1. */
static int value_wrong(const struct jm_setting *t, struct jm_span text, const char *reason,
    const char *meant, struct jm_err *err)
{
	char shown[SHOWN_BYTES + JM_VISIBLE_BYTES + 4], allowed[200];
	size_t n = 0;

	if (t->type == JM_SETTING_SECRET)
		text = jm_span_str("***");
	while (text.len > 0 && n < SHOWN_BYTES) {
		jm_visible_next(&text, shown + n);
		n += strlen(shown + n);
	}
	snprintf(shown + n, sizeof shown - n, "%s", text.len > 0 ? "..." : "");
	jm_setting_allowed(t, allowed, sizeof allowed);
	return jm_err_set(err, JM_E_USAGE, "value \"%s\" is wrong%s%s; allowed: %s%s%s%s", shown,
	    reason ? ": " : "", reason ? reason : "", allowed, meant[0] ? "; did you mean \"" : "",
	    meant, meant[0] ? "\"?" : "");
}

/* Replace *field by a copy of text. */
static int value_keep(struct jm_span text, char **field, struct jm_err *err)
{
	char *copy = malloc(text.len + 1);

	if (!copy)
		return jm_err_set(err, JM_E_TEMP, "out of memory");
	memcpy(copy, text.p, text.len);
	copy[text.len] = '\0';
	free(*field);
	*field = copy;
	return 0;
}

static bool has_control(struct jm_span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.p[i] < ' ' || s.p[i] == 0x7f)
			return true;
	return false;
}

static int parse_word(const struct jm_setting *t, const struct jm_word *words, struct jm_span text,
    int *value_r, struct jm_err *err)
{
	unsigned best = JM_NEAR_NONE;
	const char *meant = "";

	for (const struct jm_word *w = words; w->text; w++) {
		unsigned d;

		if (jm_span_eq(text, jm_span_str(w->text))) {
			*value_r = w->value;
			return 0;
		}
		d = jm_near_distance(text, w->text);
		if (d < best && !w->alias) {
			best = d;
			meant = w->text;
		}
	}
	return value_wrong(t, text, NULL, meant, err);
}

static int parse_size(
    const struct jm_setting *t, struct jm_span text, uint64_t *size_r, struct jm_err *err)
{
	struct jm_span number = text;
	char meant[SHOWN_BYTES] = "", reason[80];
	uint64_t value;
	unsigned shift = 0;

	if (text.len) {
		unsigned char c = jm_lower(text.p[text.len - 1]);

		shift = c == 'k' ? 10 : c == 'm' ? 20 : c == 'g' ? 30 : 0;
		if (shift)
			number.len--;
		if (c == 'b' && text.len < SHOWN_BYTES) { /* 1GB, 1GiB */
			number.len -= text.len > 1 && jm_lower(text.p[text.len - 2]) == 'i' ? 2 : 1;
			snprintf(
			    meant, sizeof meant, "%.*s", (int)number.len, (const char *)text.p);
			return value_wrong(
			    t, text, "a size ends with a digit, K, M or G", meant, err);
		}
	}
	if (jm_num_u64(number, 0, UINT64_MAX >> shift, &value) != 0)
		return value_wrong(t, text, "not a size", "", err);
	value <<= shift;
	if (value < t->min || value > t->max) {
		snprintf(reason, sizeof reason, "too %s", value < t->min ? "small" : "large");
		return value_wrong(t, text, reason, "", err);
	}
	*size_r = value;
	return 0;
}

static int parse_number(
    const struct jm_setting *t, struct jm_span text, int *number_r, struct jm_err *err)
{
	uint64_t value;

	if (jm_num_u64(text, t->min, t->max, &value) != 0)
		return value_wrong(t, text, NULL, "", err);
	*number_r = (int)value;
	return 0;
}

static int parse_mode(
    const struct jm_setting *t, struct jm_span text, unsigned *mode_r, struct jm_err *err)
{
	unsigned mode = 0;

	if (text.len < 3 || text.len > 4 || (text.len == 4 && text.p[0] != '0'))
		return value_wrong(t, text, NULL, "", err);
	for (size_t i = 0; i < text.len; i++) {
		if (text.p[i] < '0' || text.p[i] > '7')
			return value_wrong(t, text, NULL, "", err);
		mode = mode * 8 + (unsigned)(text.p[i] - '0');
	}
	*mode_r = mode;
	return 0;
}

static int parse_name(
    const struct jm_setting *t, struct jm_span text, char **name, struct jm_err *err)
{
	if (text.len == 0 || text.len > t->max || text.p[0] == '-')
		return value_wrong(t, text, NULL, "", err);
	for (size_t i = 0; i < text.len; i++)
		if (!is_letter(text.p[i]) && !is_digit(text.p[i]) && text.p[i] != '_' &&
		    text.p[i] != '-' && text.p[i] != '.')
			return value_wrong(t, text, NULL, "", err);
	return value_keep(text, name, err);
}

/* The cap on the length of a text; max of a setting with many is the number of elements. */
static uint64_t text_cap(const struct jm_setting *t)
{
	return t->many_size ? t->min : t->max;
}

static int parse_path(
    const struct jm_setting *t, struct jm_span text, char **path, struct jm_err *err)
{
	char meant[SHOWN_BYTES + 2] = "";

	if (text.len == 0 || has_control(text))
		return value_wrong(t, text, "not a path", "", err);
	if (text.p[0] != '/') {
		if (text.len < SHOWN_BYTES && jm_span_index(text, ':') == text.len)
			snprintf(meant, sizeof meant, "/%.*s", (int)text.len, (const char *)text.p);
		return value_wrong(t, text, "not absolute", meant, err);
	}
	if (text.len > text_cap(t))
		return value_wrong(t, text, "too long", "", err);
	while (text.len > 1 && text.p[text.len - 1] == '/')
		text.len--;
	return value_keep(text, path, err);
}

static int parse_map(
    const struct jm_setting *t, struct jm_span text, char **map, struct jm_err *err)
{
	static const char *const types[] = { "hash", "btree", "lmdb", "cdb", NULL };
	size_t colon = jm_span_index(text, ':'), i = 0;
	struct jm_span type = jm_span_sub(text, 0, colon),
		       path = jm_span_sub(text, colon + 1, text.len);

	while (types[i] && !jm_span_eq(type, jm_span_str(types[i])))
		i++;
	if (!types[i])
		return value_wrong(t, text, "not a table that can be read natively", "", err);
	if (path.len == 0 || path.p[0] != '/' || has_control(path))
		return value_wrong(t, text, "its path is not absolute", "", err);
	if (text.len > text_cap(t))
		return value_wrong(t, text, "too long", "", err);
	return value_keep(text, map, err);
}

static int parse_text(
    const struct jm_setting *t, struct jm_span text, char **field, struct jm_err *err)
{
	if (text.len == 0)
		return value_wrong(t, text, "empty", "", err);
	if (has_control(text))
		return value_wrong(t, text, "more than one line, or control characters", "", err);
	if (text.len > t->max)
		return value_wrong(t, text, "too long", "", err);
	return value_keep(text, field, err);
}

static int parse_unix_socket(const struct jm_setting *t, struct jm_span text, struct jm_span path,
    char **field, struct jm_err *err)
{
	char socket[SHOWN_BYTES + SHOWN_BYTES] = "";

	if (path.len == 0 || path.p[0] != '/' || has_control(path)) {
		if (path.len && path.len < SHOWN_BYTES && !has_control(path))
			snprintf(socket, sizeof socket, "unix:/%.*s", (int)path.len,
			    (const char *)path.p);
		return value_wrong(t, text, "the path is not absolute", socket, err);
	}
	if (path.len > t->max)
		return value_wrong(t, text,
		    "the path is longer than the 107 bytes that a unix socket can have", "", err);
	snprintf(socket, sizeof socket, "unix:%.*s", (int)path.len, (const char *)path.p);
	return value_keep(jm_span_str(socket), field, err);
}

static bool host_ok(struct jm_span host)
{
	if (host.len > 2 && host.p[0] == '[' && host.p[host.len - 1] == ']')
		host = jm_span_sub(host, 1, host.len - 2);
	if (host.len == 0 || host.len > 253)
		return false;
	for (size_t i = 0; i < host.len; i++)
		if (!is_letter(host.p[i]) && !is_digit(host.p[i]) && host.p[i] != '.' &&
		    host.p[i] != '-' && host.p[i] != ':')
			return false;
	return true;
}

static int parse_inet_socket(const struct jm_setting *t, struct jm_span text, size_t prefix,
    char **field, struct jm_err *err)
{
	struct jm_span rest = jm_span_sub(text, prefix, text.len);
	size_t at = jm_span_index(rest, '@'), colon = jm_span_rindex(rest, ':');
	struct jm_span port = jm_span_sub(rest, 0, at), host = jm_span_sub(rest, at + 1, rest.len);
	char meant[2 * SHOWN_BYTES] = "";
	uint64_t n;

	if (at == rest.len) {
		if (rest.len < SHOWN_BYTES && jm_num_u64(rest, 1, 65535, &n) == 0)
			snprintf(meant, sizeof meant, "inet:%" PRIu64 "@127.0.0.1", n);
		else if (rest.len < SHOWN_BYTES && colon < rest.len &&
		    jm_num_u64(jm_span_sub(rest, colon + 1, rest.len), 1, 65535, &n) == 0)
			snprintf(meant, sizeof meant, "%.*s%" PRIu64 "@%.*s", (int)prefix,
			    (const char *)text.p, n, (int)colon, (const char *)rest.p);
		return value_wrong(t, text, "there is no @HOST", meant, err);
	}
	if (jm_num_u64(port, 1, 65535, &n) != 0)
		return value_wrong(t, text, "the port is not a number from 1 to 65535", "", err);
	if (!host_ok(host))
		return value_wrong(t, text, "the host is neither a name nor an address", "", err);
	if (prefix == strlen("inet:") && jm_span_index(host, ':') < host.len) {
		if (host.len < SHOWN_BYTES)
			snprintf(meant, sizeof meant, "inet6:%" PRIu64 "@%.*s", n, (int)host.len,
			    (const char *)host.p);
		return value_wrong(t, text, "an IPv6 address needs inet6:", meant, err);
	}
	return value_keep(text, field, err);
}

static int parse_socket(
    const struct jm_setting *t, struct jm_span text, char **field, struct jm_err *err)
{
	static const char *const kinds[] = { "unix", "local", "inet", "inet6" };
	size_t colon = jm_span_index(text, ':');
	char meant[SHOWN_BYTES + 8] = "";

	for (size_t i = 0; i < 2; i++) {
		struct jm_span prefix = jm_span_str(i ? "local:" : "unix:");

		if (jm_span_eq(jm_span_sub(text, 0, prefix.len), prefix))
			return parse_unix_socket(
			    t, text, jm_span_sub(text, prefix.len, text.len), field, err);
	}
	for (size_t i = 0; i < 2; i++) {
		struct jm_span prefix = jm_span_str(i ? "inet6:" : "inet:");

		if (jm_span_eq(jm_span_sub(text, 0, prefix.len), prefix))
			return parse_inet_socket(t, text, prefix.len, field, err);
	}
	if (text.len && text.len < SHOWN_BYTES && text.p[0] == '/')
		snprintf(meant, sizeof meant, "unix:%.*s", (int)text.len, (const char *)text.p);
	for (size_t i = 0, best = JM_NEAR_NONE;
	     i < sizeof kinds / sizeof kinds[0] && colon < text.len && text.len < SHOWN_BYTES - 8;
	     i++) {
		unsigned d = jm_near_distance(jm_span_sub(text, 0, colon), kinds[i]);

		if (d >= best)
			continue;
		best = d;
		snprintf(meant, sizeof meant, "%s%.*s", kinds[i], (int)(text.len - colon),
		    (const char *)text.p + colon);
	}
	return value_wrong(t, text, NULL, meant, err);
}

static int parse_domain(
    const struct jm_setting *t, struct jm_span text, char **field, struct jm_err *err)
{
	char domain[JM_DOMAIN_BYTES];
	const char *fault;

	if (text.len > 2 && text.p[0] == '*' && text.p[1] == '.')
		return value_wrong(
		    t, text, "there are no wildcards, sub-domains=\"yes\" does it", "", err);
	if (text.len > 1 && text.p[0] == '.')
		return value_wrong(
		    t, text, "there is no leading dot, sub-domains=\"yes\" does it", "", err);
	if (jm_span_index(text, '@') < text.len)
		return value_wrong(t, text, "that is an address, not a domain", "", err);
	if (has_control(text) || jm_domain_normalise(text, domain) != 0)
		return value_wrong(t, text, text.len ? "no domain name" : "empty", "", err);
	fault = jm_domain_fault(domain);
	if (fault)
		return value_wrong(t, text, fault, "", err);
	return value_keep(jm_span_str(domain), field, err);
}

/* True for the local part of an address (RFC 5321 4.1.2, RFC 6531): dot-atom or quoted string. */
static bool local_part_ok(struct jm_span s)
{
	static const char atext[] = "!#$%&'*+-/=?^_`{|}~";

	if (s.len == 0 || s.len > LOCAL_PART_BYTES)
		return false;
	if (s.p[0] == '"') {
		if (s.len < 3 || s.p[s.len - 1] != '"')
			return false;
		for (size_t i = 1; i < s.len - 1; i++) {
			if (s.p[i] == '"' || (s.p[i] == '\\' && ++i == s.len - 1) || s.p[i] < ' ' ||
			    s.p[i] == 0x7f)
				return false;
		}
		return true;
	}
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = s.p[i];

		if (c == '.' && (i == 0 || i + 1 == s.len || s.p[i - 1] == '.'))
			return false;
		if (c != '.' && c < 0x80 && !is_letter(c) && !is_digit(c) &&
		    (c == '\0' || !strchr(atext, c)))
			return false;
	}
	return true;
}

static int parse_address(
    const struct jm_setting *t, struct jm_span text, char **field, struct jm_err *err)
{
	size_t at = jm_span_rindex(text, '@');
	struct jm_span local = jm_span_sub(text, 0, at),
		       written = jm_span_sub(text, at + 1, text.len);
	char domain[JM_DOMAIN_BYTES], address[LOCAL_PART_BYTES + 1 + JM_DOMAIN_BYTES],
	    meant[SHOWN_BYTES] = "";
	const char *fault;

	if (text.len > 2 && text.len < SHOWN_BYTES && text.p[0] == '<' &&
	    text.p[text.len - 1] == '>')
		snprintf(meant, sizeof meant, "%.*s", (int)text.len - 2, (const char *)text.p + 1);
	if (at == text.len)
		return value_wrong(t, text, "there is no '@'", "", err);
	if (!local_part_ok(local))
		return value_wrong(
		    t, text, "the part before '@' is no local part of an address", meant, err);
	if (has_control(written) || written.len == 0 || jm_domain_normalise(written, domain) != 0)
		return value_wrong(t, text, "the part after '@' is no domain", meant, err);
	fault = jm_domain_fault(domain);
	if (fault) {
		char reason[120];

		snprintf(reason, sizeof reason, "the part after '@' is no domain, %s", fault);
		return value_wrong(t, text, reason, meant, err);
	}
	snprintf(address, sizeof address, "%.*s@%s", (int)local.len, (const char *)local.p, domain);
	return value_keep(jm_span_str(address), field, err);
}

static int parse_range(
    const struct jm_setting *t, struct jm_span text, struct jm_cidr *range, struct jm_err *err)
{
	struct jm_err cause = { JM_E_NONE, 0, "" };
	struct jm_cidr c;
	char shown[200];

	if (jm_cidr_parse(text, &c, &cause) != 0) {
		snprintf(shown, sizeof shown, "%.190s", cause.text);
		return value_wrong(t, text, shown, "", err);
	}
	*range = c;
	return 0;
}

int jm_value_parse(const struct jm_setting *t, struct jm_span text, void *where, struct jm_err *err)
{
	int value = 0;

	text = value_trim(text);
	switch (t->type) {
	case JM_SETTING_TEXT:
	case JM_SETTING_SECRET:
		return parse_text(t, text, where, err);
	case JM_SETTING_YES_NO:
		if (parse_word(t, jm_setting_yes_no(), text, &value, err) != 0)
			return -1;
		*(bool *)where = value != 0;
		return 0;
	case JM_SETTING_SIZE:
		return parse_size(t, text, where, err);
	case JM_SETTING_NUMBER:
		return parse_number(t, text, where, err);
	case JM_SETTING_MODE:
		return parse_mode(t, text, where, err);
	case JM_SETTING_NAME:
		return parse_name(t, text, where, err);
	case JM_SETTING_PATH:
		return parse_path(t, text, where, err);
	case JM_SETTING_SOCKET:
		return parse_socket(t, text, where, err);
	case JM_SETTING_WORD:
		return parse_word(t, t->words, text, where, err);
	case JM_SETTING_ADDRESS:
		return parse_address(t, text, where, err);
	case JM_SETTING_DOMAIN:
		return parse_domain(t, text, where, err);
	case JM_SETTING_MAP:
		return parse_map(t, text, where, err);
	case JM_SETTING_RANGE:
		return parse_range(t, text, where, err);
	case JM_SETTING_GROUP:
		break;
	}
	return jm_err_set(err, JM_E_BUG, "a group has no value");
}

/* ---- back to text ---- */

static const char *word_of(const struct jm_word *words, int value)
{
	for (; words->text; words++)
		if (words->value == value && !words->alias)
			return words->text;
	return "?";
}

const char *jm_value_text(const struct jm_setting *t, const void *base, char text[JM_VALUE_BYTES])
{
	const void *at = (const char *)base + t->offset;

	switch (t->type) {
	case JM_SETTING_YES_NO:
		return *(const bool *)at ? "yes" : "no";
	case JM_SETTING_WORD:
		return word_of(t->words, *(const int *)at);
	case JM_SETTING_NUMBER:
		snprintf(text, JM_VALUE_BYTES, "%d", *(const int *)at);
		return text;
	case JM_SETTING_SIZE:
		snprintf(text, JM_VALUE_BYTES, "%" PRIu64, *(const uint64_t *)at);
		return text;
	case JM_SETTING_MODE:
		snprintf(text, JM_VALUE_BYTES, "%04o", *(const unsigned *)at);
		return text;
	case JM_SETTING_TEXT:
	case JM_SETTING_NAME:
	case JM_SETTING_PATH:
	case JM_SETTING_SOCKET:
	case JM_SETTING_ADDRESS:
	case JM_SETTING_DOMAIN:
	case JM_SETTING_MAP:
	case JM_SETTING_SECRET:
		return *(char *const *)at;
	case JM_SETTING_GROUP:
	case JM_SETTING_RANGE:
		break;
	}
	return NULL;
}

bool jm_setting_is_secret(const struct jm_setting *t)
{
	return t->type == JM_SETTING_SECRET || strcmp(t->name, "oauth2-token-command") == 0;
}
