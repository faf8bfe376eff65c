/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lines of mail files. See mail_line.h. A date is recognised word by word, in any order, since the
 * programs that write From_ lines agree on little more than its parts.
 */
#include "milter/ctl/files/mail_line.h"

#include <stdint.h>

#define WORDS_MAX 24
#define SENDER_WORDS_MAX 8

static const char from_[] = "From ";

/* The parts of a date that were seen. */
struct when {
	bool weekday, month, day, year, time;
	unsigned zones;
};

static bool is_digit(unsigned char c)
{
	return c >= '0' && c <= '9';
}

static bool is_upper(unsigned char c)
{
	return c >= 'A' && c <= 'Z';
}

/* Read 1 to max digits at *i. The number, or -1 when there is no digit, or more. */
static int line_number(struct jm_span s, size_t *i, size_t max)
{
	size_t begin = *i;
	int n = 0;

	while (*i < s.len && is_digit(s.p[*i]) && *i - begin < max)
		n = n * 10 + (s.p[(*i)++] - '0');
	return *i == begin || (*i < s.len && is_digit(s.p[*i])) ? -1 : n;
}

/* Is the word one of the names, each of three letters, or a long form of it ("Thu", "Thursday")? */
static bool is_name(struct jm_span word, const char *names, size_t longest)
{
	if (word.len < 3 || word.len > longest)
		return false;
	for (size_t i = 0; i < word.len; i++)
		if (jm_lower(word.p[i]) < 'a' || jm_lower(word.p[i]) > 'z')
			return false;
	for (; *names; names += 3)
		if (jm_span_eq_nocase(jm_span_sub(word, 0, 3), jm_span_of(names, 3)))
			return true;
	return false;
}

static bool is_weekday(struct jm_span word)
{
	return is_name(word, "SunMonTueWedThuFriSat", 9);
}

static bool is_month(struct jm_span word)
{
	return is_name(word, "JanFebMarAprMayJunJulAugSepOctNovDec", 9);
}

/* A year: of four digits; with errors of the year 2000, too (100, 19100). */
static bool is_year(int n)
{
	return (n >= 1970 && n < 2200) || (n >= 100 && n < 200) || (n >= 19100 && n < 19200);
}

/* "+0100", "-08:00", "EST", "GMT+0100" */
static bool is_zone(struct jm_span word)
{
	size_t i = 0, digits;

	while (i < word.len && is_upper(word.p[i]))
		i++;
	if (i == word.len)
		return i >= 1 && i <= 5;
	if (i > 5 || (word.p[i] != '+' && word.p[i] != '-'))
		return false;
	for (digits = 0, i++; i < word.len && (is_digit(word.p[i]) || word.p[i] == ':'); i++)
		digits += word.p[i] != ':';
	return i == word.len && digits >= 1 && digits <= 4;
}

/* "9:00", "09:00:00", "09:00:00.123" from *i on. */
static bool read_time(struct jm_span s, size_t *i)
{
	int hour = line_number(s, i, 2), minute = -1, second = 0;

	if (hour < 0 || hour > 24 || *i >= s.len || s.p[(*i)++] != ':')
		return false;
	minute = line_number(s, i, 2);
	if (*i < s.len && s.p[*i] == ':') {
		++*i;
		second = line_number(s, i, 2);
		if (*i < s.len && s.p[*i] == '.') {
			++*i;
			while (*i < s.len && is_digit(s.p[*i]))
				++*i;
		}
	}
	return minute >= 0 && minute < 60 && second >= 0 && second <= 60;
}

static bool take_time(struct when *w, struct jm_span word)
{
	size_t i = 0;

	if (w->time || !read_time(word, &i))
		return false;
	/* a zone, or "am", right after it */
	if (i < word.len && !is_zone(jm_span_sub(word, i, word.len)) &&
	    !(word.len - i == 2 && jm_lower(word.p[i + 1]) == 'm'))
		return false;
	w->time = true;
	return true;
}

/* "2029-11-22", "2029-11-22T09:00:00Z", "22-Nov-2029", "22/11/2029" */
static bool take_whole(struct when *w, struct jm_span word)
{
	size_t i = 0, name;
	int first = line_number(word, &i, 4), last;
	unsigned char mark = i < word.len ? word.p[i] : 0;
	bool named = false;

	if (first < 0 || (mark != '-' && mark != '/') || w->month || w->day || w->year)
		return false;
	name = ++i;
	if (line_number(word, &i, 2) < 0) {
		while (i < word.len && word.p[i] != mark)
			i++;
		named = is_month(jm_span_sub(word, name, i - name));
		if (!named)
			return false;
	}
	if (i >= word.len || word.p[i++] != mark || (last = line_number(word, &i, 4)) < 0)
		return false;
	if (!is_year(first) && !is_year(last) && !named)
		return false;
	w->month = w->day = w->year = true;
	if (i == word.len)
		return true;
	return (word.p[i] == 'T' || word.p[i] == ':') &&
	    take_time(w, jm_span_sub(word, i + 1, word.len));
}

static bool take_number(struct when *w, struct jm_span word)
{
	size_t i = 0;
	int n = line_number(word, &i, 5);

	if (n < 0 || i < word.len)
		return false;
	if (!w->day && i <= 2 && n >= 1 && n <= 31)
		return w->day = true;
	if (!w->year && (is_year(n) || (i == 2 && w->month && w->day && (w->time || n > 31))))
		return w->year = true;
	return false;
}

/* Take one word of a date. False: it is no part of one, or one that was there before. */
static bool take_word(struct when *w, struct jm_span word)
{
	if (word.len > 1 && word.p[word.len - 1] == ',')
		word.len--;
	if (!w->weekday && is_weekday(word))
		return w->weekday = true;
	if (!w->month && is_month(word))
		return w->month = true;
	if (take_number(w, word) || take_whole(w, word) || take_time(w, word))
		return true;
	return w->time && is_zone(word) && ++w->zones <= 2;
}

static bool is_complete(const struct when *w)
{
	return w->month && w->day && w->year && w->time;
}

/* The words of a date at words[0] and on. 0: there is no complete date there. */
static size_t date_words(const struct jm_span *words, size_t n)
{
	struct when w = { .zones = 0 };
	size_t i = 0;

	while (i < n && take_word(&w, words[i]))
		i++;
	return is_complete(&w) ? i : 0;
}

static bool is_word(struct jm_span word, const char *text)
{
	return jm_span_eq_nocase(word, jm_span_str(text));
}

/* May this follow a date: nothing, a comment, "remote from HOST"? */
static bool is_tail(const struct jm_span *words, size_t n)
{
	size_t i = 0;

	if (i < n && words[i].p[0] == '(') {
		while (i < n && words[i].p[words[i].len - 1] != ')')
			i++;
		if (i < n)
			i++;
	}
	return i == n ||
	    (n - i == 3 && is_word(words[i], "remote") && is_word(words[i + 1], "from"));
}

static bool is_sender(const struct jm_span *words, size_t n)
{
	if (n <= 1 || (n == 3 && is_word(words[1], "at")))
		return true;
	return words[0].p[0] == '"' && jm_span_rindex(words[n - 1], '"') < words[n - 1].len;
}

static bool is_blank(unsigned char c)
{
	return c == ' ' || c == '\t';
}

/* Split at blanks. The number of words; max + 1: there are more. */
static size_t split_words(struct jm_span s, struct jm_span *words, size_t max)
{
	size_t n = 0, i = 0, begin;

	for (;;) {
		while (i < s.len && is_blank(s.p[i]))
			i++;
		if (i == s.len)
			return n;
		if (n == max)
			return max + 1;
		begin = i;
		while (i < s.len && !is_blank(s.p[i]))
			i++;
		words[n++] = jm_span_sub(s, begin, i - begin);
	}
}

static struct jm_span without_end(struct jm_span line)
{
	if (line.len > 0 && line.p[line.len - 1] == '\n')
		line.len--;
	if (line.len > 0 && line.p[line.len - 1] == '\r')
		line.len--;
	return line;
}

enum jm_from_line jm_mail_line_from(struct jm_span line)
{
	struct jm_span words[WORDS_MAX];
	enum jm_from_line grade = JM_FROM_UNDATED;
	size_t n, date;

	if (line.len < sizeof from_ - 1 || memcmp(line.p, from_, sizeof from_ - 1) != 0)
		return JM_FROM_NOT;
	line = without_end(line);
	n = line.len <= JM_MAIL_LINE_BYTES
	    ? split_words(jm_span_sub(line, sizeof from_ - 1, line.len), words, WORDS_MAX)
	    : WORDS_MAX + 1;
	if (n > WORDS_MAX)
		return JM_FROM_UNDATED;
	for (size_t i = 0; i < n && i <= SENDER_WORDS_MAX; i++) {
		date = date_words(words + i, n - i);
		if (date == 0)
			continue;
		grade = JM_FROM_LOOSE;
		if (is_tail(words + i + date, n - i - date))
			return is_sender(words, i) ? JM_FROM_DATED : JM_FROM_LOOSE;
	}
	return grade;
}

static bool is_usual(struct jm_span name)
{
	static const char *const names[] = { "from", "to", "cc", "bcc", "date", "subject", "sender",
		"reply-to", "received", "return-path", "message-id", "mime-version", "content-type",
		"content-transfer-encoding", "content-length", "delivered-to", "in-reply-to",
		"references", "status", "envelope-to", "delivery-date", "apparently-to",
		"errors-to", "list-id", "dkim-signature", "authentication-results", "arc-seal",
		"thread-topic", "organization", "newsgroups" };

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (jm_span_eq_nocase(name, jm_span_str(names[i])))
			return true;
	return jm_span_starts_nocase(name, jm_span_str("resent-")) ||
	    jm_span_starts_nocase(name, jm_span_str("x-"));
}

enum jm_header_line jm_mail_line_header(struct jm_span line)
{
	static const char quoted[] = ">From ";
	size_t n = 0, end;

	if (line.len >= sizeof quoted - 1 && memcmp(line.p, quoted, sizeof quoted - 1) == 0)
		return JM_HEADER_USUAL;
	while (n < line.len && line.p[n] > ' ' && line.p[n] < 0x7f && line.p[n] != ':')
		n++;
	for (end = n; end < line.len && is_blank(line.p[end]);)
		end++;
	if (n == 0 || end == line.len || line.p[end] != ':')
		return JM_HEADER_NOT;
	return is_usual(jm_span_sub(line, 0, n)) ? JM_HEADER_USUAL : JM_HEADER_FIELD;
}

struct jm_span jm_mail_line_first(struct jm_span text)
{
	size_t n = jm_span_index(text, '\n');

	return jm_span_sub(text, 0, n < text.len ? n + 1 : n);
}

bool jm_mail_line_is_empty(struct jm_span line)
{
	return line.len > 0 && line.p[line.len - 1] == '\n' && without_end(line).len == 0;
}
