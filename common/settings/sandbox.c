/* SPDX-License-Identifier: BSD-2-Clause */
/* Rules of systemd.exec(5) for folders: the longest path decides. See sandbox.h. */
#include "common/settings/sandbox.h"

#include <stdio.h>
#include <string.h>

#define N(array) (sizeof(array) / sizeof *(array))
#define PATH_BYTES 320

/* The rule found so far. */
struct verdict {
	struct jm_span dir;
	enum jm_sandbox state;
	size_t path_len; /* of the rule's path; a longer one overrides */
	bool buried;     /* an inaccessible folder: no rule for a folder in it has an effect */
};

static const char *const homes[] = { "/home", "/root", "/run/user" };

static bool is_in(struct jm_span dir, struct jm_span path)
{
	while (path.len > 1 && path.p[path.len - 1] == '/')
		path.len--;
	return path.len > 0 && dir.len >= path.len && memcmp(dir.p, path.p, path.len) == 0 &&
	    (dir.len == path.len || path.len == 1 || dir.p[path.len] == '/');
}

static void put_rule(struct verdict *v, struct jm_span path, enum jm_sandbox state)
{
	if (!is_in(v->dir, path) || path.len < v->path_len || v->buried)
		return;
	v->state = state;
	v->path_len = path.len;
}

static void put_rules(struct verdict *v, const char *const *paths, size_t n, enum jm_sandbox state)
{
	for (size_t i = 0; i < n; i++)
		put_rule(v, jm_span_str(paths[i]), state);
}

/* Take the next word of a list, without the marks before it ("-", "+") and after it (":"). */
static bool next_word(struct jm_span *list, struct jm_span *word_r)
{
	struct jm_span rest = jm_span_trim(*list);
	size_t n = jm_span_index(rest, ' ');

	if (rest.len == 0)
		return false;
	*word_r = jm_span_sub(rest, 0, n);
	*list = jm_span_sub(rest, n, rest.len);
	while (word_r->len && (word_r->p[0] == '-' || word_r->p[0] == '+' || word_r->p[0] == '"'))
		*word_r = jm_span_sub(*word_r, 1, word_r->len);
	word_r->len = jm_span_index(*word_r, ':');
	if (word_r->len && word_r->p[word_r->len - 1] == '"')
		word_r->len--;
	return true;
}

/* Take the next line with that key; *value_r: its value. False at the end. */
static bool next_value(struct jm_span *unit, const char *key, struct jm_span *value_r)
{
	size_t key_len = strlen(key);

	while (unit->len) {
		size_t n = jm_span_index(*unit, '\n');
		struct jm_span line = jm_span_trim(jm_span_sub(*unit, 0, n));

		*unit = jm_span_sub(*unit, n + 1, unit->len);
		if (line.len <= key_len || memcmp(line.p, key, key_len) != 0 ||
		    line.p[key_len] != '=')
			continue;
		*value_r = jm_span_trim(jm_span_sub(line, key_len + 1, line.len));
		return true;
	}
	return false;
}

/* The last value of a key. */
static struct jm_span last_value(struct jm_span unit, const char *key)
{
	struct jm_span found = { NULL, 0 };

	while (next_value(&unit, key, &found))
		;
	return found;
}

/* Add a rule for each word of the lists with that key, after before. */
static void put_list(struct verdict *v, struct jm_span unit, const char *key, const char *before,
    enum jm_sandbox state)
{
	struct jm_span rest = unit, value, word;
	char path[PATH_BYTES];

	while (next_value(&rest, key, &value))
		if (value.len == 0)
			unit = rest; /* an empty value clears the list */
	while (next_value(&unit, key, &value))
		while (next_word(&value, &word)) {
			snprintf(path, sizeof path, "%s%.*s", before, (int)word.len,
			    (const char *)word.p);
			put_rule(v, jm_span_str(path), state);
		}
}

static bool is_word(struct jm_span value, const char *word)
{
	return jm_span_eq(value, jm_span_str(word));
}

static bool is_yes(struct jm_span value)
{
	return is_word(value, "yes") || is_word(value, "true") || is_word(value, "on") ||
	    is_word(value, "1");
}

static void put_system(struct verdict *v, struct jm_span unit)
{
	static const char *const all[] = { "/" },
				 *const some[] = { "/usr", "/boot", "/efi", "/etc" };
	static const char *const own[] = { "/dev", "/proc", "/sys" };
	struct jm_span protect = last_value(unit, "ProtectSystem");

	if (is_word(protect, "strict")) {
		put_rules(v, all, N(all), JM_SANDBOX_READ_ONLY);
		put_rules(v, own, N(own), JM_SANDBOX_OPEN);
		put_rules(v, homes, N(homes), JM_SANDBOX_OPEN); /* ProtectHome decides */
	} else if (is_word(protect, "full") || is_yes(protect)) {
		put_rules(v, some, N(some) - !is_word(protect, "full"), JM_SANDBOX_READ_ONLY);
	}
}

static void put_home(struct verdict *v, struct jm_span unit)
{
	struct jm_span protect = last_value(unit, "ProtectHome");

	if (is_word(protect, "read-only"))
		put_rules(v, homes, N(homes), JM_SANDBOX_READ_ONLY);
	else if (is_yes(protect) || is_word(protect, "tmpfs"))
		put_rules(v, homes, N(homes), JM_SANDBOX_HIDDEN);
	v->buried = is_yes(protect) && v->state == JM_SANDBOX_HIDDEN;
}

enum jm_sandbox jm_sandbox_judge(struct jm_span unit, const char *dir)
{
	static const char *const tmp[] = { "/tmp", "/var/tmp" };
	static const struct {
		const char *key, *before;
		enum jm_sandbox state;
	} lists[] = { { "TemporaryFileSystem", "", JM_SANDBOX_HIDDEN },
		{ "ReadOnlyPaths", "", JM_SANDBOX_READ_ONLY },
		{ "ReadWritePaths", "", JM_SANDBOX_OPEN }, { "BindPaths", "", JM_SANDBOX_OPEN },
		{ "BindReadOnlyPaths", "", JM_SANDBOX_READ_ONLY },
		{ "StateDirectory", "/var/lib/", JM_SANDBOX_OPEN },
		{ "CacheDirectory", "/var/cache/", JM_SANDBOX_OPEN },
		{ "LogsDirectory", "/var/log/", JM_SANDBOX_OPEN },
		{ "RuntimeDirectory", "/run/", JM_SANDBOX_OPEN },
		{ "InaccessiblePaths", "", JM_SANDBOX_HIDDEN } };
	struct verdict v = { .dir = jm_span_str(dir), .state = JM_SANDBOX_OPEN };
	struct jm_span private_tmp = last_value(unit, "PrivateTmp");

	put_system(&v, unit);
	put_home(&v, unit);
	if (is_yes(private_tmp) || is_word(private_tmp, "disconnected"))
		put_rules(&v, tmp, N(tmp), JM_SANDBOX_PRIVATE);
	for (size_t i = 0; i < N(lists); i++)
		put_list(&v, unit, lists[i].key, lists[i].before, lists[i].state);
	return v.state;
}

bool jm_sandbox_is_home(const char *dir)
{
	for (size_t i = 0; i < N(homes); i++)
		if (is_in(jm_span_str(dir), jm_span_str(homes[i])))
			return true;
	return false;
}

const char *jm_sandbox_setting(enum jm_sandbox s, const char *dir)
{
	switch (s) {
	case JM_SANDBOX_READ_ONLY:
		return "ProtectSystem and ReadWritePaths";
	case JM_SANDBOX_HIDDEN:
		return jm_sandbox_is_home(dir) ? "ProtectHome" : "InaccessiblePaths";
	case JM_SANDBOX_PRIVATE:
		return "PrivateTmp";
	case JM_SANDBOX_OPEN:
		break;
	}
	return "";
}

/* ---- the cure ---- */

/* Append a character if there is room; the end stays a NUL. */
static void put_char(char *out, size_t out_bytes, char c)
{
	size_t n = strlen(out);

	if (n + 1 < out_bytes) {
		out[n] = c;
		out[n + 1] = '\0';
	}
}

/* Write text as a word of the shell. */
static void put_shell(const char *text, char *out, size_t out_bytes)
{
	bool plain = true;

	for (const char *p = text; *p; p++)
		plain &= (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') ||
		    (*p >= '0' && *p <= '9') || strchr("/._-+,:@", *p);
	*out = '\0';
	if (!plain)
		put_char(out, out_bytes, '\'');
	for (const char *p = text; *p; p++) {
		put_char(out, out_bytes, *p);
		if (*p == '\'') { /* end the quotation, add the character, begin it again */
			put_char(out, out_bytes, '\\');
			put_char(out, out_bytes, '\'');
			put_char(out, out_bytes, '\'');
		}
	}
	if (!plain)
		put_char(out, out_bytes, '\'');
}

/* Write path as a value in a unit file. */
static void put_value(const char *path, char *out, size_t out_bytes)
{
	bool quoted = strpbrk(path, " \t\"'\\") != NULL;

	*out = '\0';
	if (quoted)
		put_char(out, out_bytes, '"');
	for (const char *p = path; *p; p++) {
		if (*p == '"' || *p == '\\' || *p == '%')
			put_char(out, out_bytes, *p == '%' ? '%' : '\\');
		put_char(out, out_bytes, *p);
	}
	if (quoted)
		put_char(out, out_bytes, '"');
}

char *jm_sandbox_cure(
    enum jm_sandbox s, const char *dir, bool missing, char text[JM_SANDBOX_CURE_BYTES])
{
	char value[PATH_BYTES], word[PATH_BYTES], folder[PATH_BYTES], make[PATH_BYTES + 80] = "";

	*text = '\0';
	if (s == JM_SANDBOX_PRIVATE)
		snprintf(text, JM_SANDBOX_CURE_BYTES,
		    "set another folder: one that is not in /tmp or /var/tmp");
	if (s == JM_SANDBOX_PRIVATE || s == JM_SANDBOX_OPEN)
		return text;
	put_shell(dir, folder, sizeof folder);
	put_value(dir, value, sizeof value);
	put_shell(value, word, sizeof word);
	if (missing)
		snprintf(make, sizeof make,
		    "install -d -m 0750 -o journal-milter -g journal-milter %s && ", folder);
	snprintf(text, JM_SANDBOX_CURE_BYTES,
	    "%smkdir -p " JM_UNIT_FOLDER " && printf '[Service]\\n%s=%%s\\n' %s >> " JM_UNIT_DROP_IN
	    " && systemctl daemon-reload && systemctl restart journal-milter",
	    make,
	    s == JM_SANDBOX_READ_ONLY     ? "ReadWritePaths"
		: jm_sandbox_is_home(dir) ? "ProtectHome=tmpfs\\nBindPaths"
					  : "BindPaths",
	    word);
	return text;
}
