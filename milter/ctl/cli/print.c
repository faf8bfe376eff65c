/* SPDX-License-Identifier: BSD-2-Clause */
/* Escaping, alignment and colour of the output of jmctl. See print.h for the reason of the
 * escaping. */
#include "milter/ctl/cli/print.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sysexits.h>
#include <unistd.h>
#include <wchar.h>

#include "common/base/buf.h"
#include "common/base/clock.h"
#include "common/base/visible.h"

#define YEAR_S (INT64_C(86400) * 365)

/* Write the next character of *s, escaped when necessary, into out; *s moves on. Returns its
 * columns. */
static size_t print_next(struct jm_span *s, char out[JM_VISIBLE_BYTES])
{
	uint32_t c = jm_visible_next(s, out);
	int columns;

	if (c == 0)
		return strlen(out);
	columns = c < 0x80 ? 1 : wcwidth((wchar_t)c); /* main() chose a UTF-8 locale for this */
	return columns < 0 ? 1 : (size_t)columns;
}

size_t jm_print_width(struct jm_span text)
{
	size_t n = jm_visible_ascii(text);
	char out[JM_VISIBLE_BYTES];

	text = jm_span_sub(text, n, text.len);
	while (text.len > 0)
		n += print_next(&text, out);
	return n;
}

size_t jm_print_cell(FILE *f, struct jm_span text, size_t columns, bool cut)
{
	bool cutting = cut && columns > 3 && jm_print_width(text) > columns;
	size_t room = cutting ? columns - 3 : SIZE_MAX, used = cutting ? 0 : jm_visible_ascii(text);
	char out[JM_VISIBLE_BYTES];

	if (used > 0)
		fwrite(text.p, 1, used, f);
	text = jm_span_sub(text, used, text.len);
	while (text.len > 0) {
		size_t n = print_next(&text, out);

		if (n > room - used)
			break;
		fputs(out, f);
		used += n;
	}
	if (cutting) {
		fputs("...", f);
		used += 3;
	}
	for (; used < columns; used++)
		putc(' ', f);
	return used;
}

void jm_print_text(FILE *f, struct jm_span text)
{
	jm_print_cell(f, text, 0, false);
}

/* Read "*" or digits of a format. */
static int print_number(const char **at, va_list *ap)
{
	int n = 0;

	if (**at == '*') {
		++*at;
		return va_arg(*ap, int);
	}
	for (; **at >= '0' && **at <= '9' && n < 100000; ++*at)
		n = 10 * n + (**at - '0');
	return n;
}

static void print_padded(FILE *f, const char *text, int width, int precision, bool left)
{
	size_t n = precision < 0 ? strlen(text) : strnlen(text, (size_t)precision), used;
	struct jm_span s = jm_span_of(text, n);

	for (used = left ? 0 : jm_print_width(s); !left && used < (size_t)width; used++)
		putc(' ', f);
	jm_print_cell(f, s, left ? (size_t)width : 0, false);
}

/* Print one argument; *at is after "%", and moves past the letter. */
static void print_argument(FILE *f, const char **at, va_list *ap)
{
	size_t flags = strspn(*at, "-0"), longs;
	bool left = **at == '-', zeros = **at == '0';
	int width, precision = -1;
	char text[64] = "";
	const char *given;
	double real;

	*at += flags;
	width = print_number(at, ap);
	if (width < 0) {
		left = true;
		width = -width;
	}
	if (**at == '.') {
		++*at;
		precision = print_number(at, ap);
	}
	longs = strspn(*at, "lz");
	*at += longs + 1;
	switch ((*at)[-1]) {
	case 's':
		given = va_arg(*ap, const char *);
		print_padded(f, given ? given : "-", width, precision, left);
		return;
	case 'c':
		snprintf(text, sizeof text, "%c", va_arg(*ap, int));
		break;
	case 'f':
		real = va_arg(*ap, double);
		snprintf(text, sizeof text, "%.*f", precision < 0 ? 6 : precision, real);
		break;
	case 'd':
		snprintf(text, sizeof text, zeros ? "%0*lld" : "%*lld", zeros ? width : 0,
		    longs == 2       ? va_arg(*ap, long long)
			: longs == 1 ? va_arg(*ap, long)
				     : va_arg(*ap, int));
		break;
	case 'u':
	case 'x':
		snprintf(text, sizeof text,
		    (*at)[-1] == 'u' ? zeros ? "%0*llu" : "%*llu"
			: zeros      ? "%0*llx"
				     : "%*llx",
		    zeros ? width : 0,
		    longs == 2       ? va_arg(*ap, unsigned long long)
			: longs == 1 ? va_arg(*ap, unsigned long)
				     : va_arg(*ap, unsigned));
		break;
	default:
		text[0] = '%';
	}
	print_padded(f, text, width, -1, left);
}

void jm_print(FILE *f, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	while (*format) {
		size_t n = strcspn(format, "%");

		fwrite(format, 1, n, f);
		format += n;
		if (*format++ == '\0')
			break;
		print_argument(f, &format, &ap);
	}
	va_end(ap);
}

size_t jm_print_value(FILE *f, const json_t *value, size_t columns, bool cut)
{
	char *dumped;
	size_t n;

	if (!value || json_is_null(value))
		return jm_print_cell(f, jm_span_str("-"), columns, cut);
	if (json_is_string(value))
		return jm_print_cell(f,
		    jm_span_of(json_string_value(value), json_string_length(value)), columns, cut);
	dumped = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION(6));
	n = jm_print_cell(f, jm_span_str(dumped ? dumped : "?"), columns, cut);
	free(dumped);
	return n;
}

/* Is it a terminal? Standard output and error are asked once, not for each of a million lines. */
static bool is_terminal(FILE *f)
{
	static enum { UNKNOWN, NO, YES } known[3];
	int fd = fileno(f);

	if (fd < 0)
		return false;
	if (fd > 2)
		return isatty(fd);
	if (known[fd] == UNKNOWN)
		known[fd] = isatty(fd) ? YES : NO;
	return known[fd] == YES;
}

bool jm_print_coloured(FILE *f)
{
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");

	return (!no_color || !no_color[0]) && term && strcmp(term, "dumb") != 0 && is_terminal(f);
}

void jm_print_code(FILE *f, enum jm_print_style style)
{
	static const char *const codes[] = { "0", "1", "2", "32", "31", "38;5;208" };

	fprintf(f, "\033[%sm", codes[style]);
}

void jm_print_style(FILE *f, enum jm_print_style style)
{
	if (jm_print_coloured(f))
		jm_print_code(f, style);
}

void jm_print_json_part(FILE *f, const json_t *value)
{
	char *text = json_dumps(
	    value, JSON_ENCODE_ANY | JSON_COMPACT | (is_terminal(f) ? JSON_ENSURE_ASCII : 0));
	struct jm_err err;
	struct jm_buf b;

	jm_buf_init(&b, SIZE_MAX / 2);
	if (!text || jm_visible_json(&b, jm_span_str(text), &err) != 0) {
		fputs("jmctl: out of memory\n", stderr);
		exit(EX_TEMPFAIL);
	}
	fwrite(b.p, 1, b.len, f);
	jm_buf_release(&b);
	free(text);
}

void jm_print_json(FILE *f, const json_t *value)
{
	jm_print_json_part(f, value);
	putc('\n', f);
}

char *jm_print_bytes(uint64_t bytes, char text[JM_PRINT_BYTES_TEXT])
{
	static const char *const units[] = { "B", "kB", "MB", "GB", "TB", "PB", "EB" };
	double n = (double)bytes;
	size_t unit = 0;

	while (n >= 999.95 && unit + 1 < sizeof units / sizeof *units) {
		n /= 1000;
		unit++;
	}
	if (unit == 0)
		snprintf(text, JM_PRINT_BYTES_TEXT, "%llu B", (unsigned long long)bytes);
	else
		snprintf(text, JM_PRINT_BYTES_TEXT, "%.1f %s", n, units[unit]);
	return text;
}

char *jm_print_count(json_int_t n, char text[JM_PRINT_COUNT_TEXT])
{
	char digits[24];
	size_t len = (size_t)snprintf(digits, sizeof digits, "%lld", (long long)n), k = 0;

	for (size_t i = 0; i < len; i++) {
		if (i > 0 && (len - i) % 3 == 0 && digits[i - 1] != '-')
			text[k++] = ',';
		text[k++] = digits[i];
	}
	text[k] = '\0';
	return text;
}

char *jm_print_duration(int64_t seconds, char text[JM_PRINT_DURATION_TEXT])
{
	static const struct {
		int64_t below, seconds;
		const char *name;
	} units[] = {
		{ 120, 1, "s" },
		{ 7200, 60, "min" },
		{ 172800, 3600, "h" },
		{ 10 * YEAR_S, 86400, "days" },
		{ 100 * YEAR_S, YEAR_S, "years" },
	};

	if (seconds < 0)
		seconds = 0;
	snprintf(text, JM_PRINT_DURATION_TEXT, "more than 100 years");
	for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
		if (seconds < units[i].below) {
			snprintf(text, JM_PRINT_DURATION_TEXT, "%lld %s",
			    (long long)(seconds / units[i].seconds), units[i].name);
			break;
		}
	return text;
}

char *jm_print_time(const json_t *object, const char *name, char text[JM_PRINT_TIME_TEXT])
{
	const char *given = json_string_value(json_object_get(object, name));
	char name_ms[40], plain[JM_CLOCK_TEXT_BYTES];
	int64_t ms;

	snprintf(name_ms, sizeof name_ms, "%s_ms", name);
	if (json_is_integer(json_object_get(object, name_ms)))
		ms = json_integer_value(json_object_get(object, name_ms));
	else if (!given || jm_clock_parse(given, &ms) != 0)
		return memcpy(text, "-", 2);
	jm_clock_format(ms, plain);
	snprintf(text, JM_PRINT_TIME_TEXT, "%.19sZ", plain);
	return text;
}

size_t jm_print_columns(FILE *f)
{
	struct winsize size;

	if (!isatty(fileno(f)))
		return 0;
	if (ioctl(fileno(f), TIOCGWINSZ, &size) < 0 || size.ws_col < 40)
		return 80;
	return size.ws_col;
}

static bool ends_with(const char *name, const char *end)
{
	size_t n = strlen(name), m = strlen(end);

	return n >= m && strcmp(name + n - m, end) == 0;
}

static void print_indent(FILE *f, unsigned indent)
{
	jm_print(f, "%*s", (int)(indent * 2), "");
}

static bool is_branch(const json_t *value)
{
	return json_object_size(value) > 0 || json_array_size(value) > 0;
}

static void print_branch(FILE *f, const json_t *value, unsigned indent)
{
	const json_t *element;
	size_t i;

	if (json_is_object(value)) {
		jm_print_tree(f, value, indent);
		return;
	}
	json_array_foreach(value, i, element) {
		if (is_branch(element)) {
			if (i > 0)
				putc('\n', f);
			print_branch(f, element, indent);
		} else {
			print_indent(f, indent);
			jm_print_value(f, element, 0, false);
			putc('\n', f);
		}
	}
}

void jm_print_tree(FILE *f, const json_t *object, unsigned indent)
{
	char size[JM_PRINT_BYTES_TEXT];
	json_t *value;
	const char *key;
	size_t width = 0;

	json_object_foreach((json_t *)(uintptr_t)object, key, value)
		if (!is_branch(value) && jm_print_width(jm_span_str(key)) > width)
			width = jm_print_width(jm_span_str(key));
	json_object_foreach((json_t *)(uintptr_t)object, key, value) {
		print_indent(f, indent);
		jm_print_style(f, JM_PRINT_DIM);
		jm_print_cell(f, jm_span_str(key), is_branch(value) ? 0 : width + 2, false);
		jm_print_style(f, JM_PRINT_PLAIN);
		if (is_branch(value)) {
			putc('\n', f);
			if (indent < 16)
				print_branch(f, value, indent + 1);
			continue;
		}
		jm_print_value(f, value, 0, false);
		if (ends_with(key, "bytes") && json_integer_value(value) >= 1000)
			jm_print(
			    f, " (%s)", jm_print_bytes((uint64_t)json_integer_value(value), size));
		putc('\n', f);
	}
}

void jm_print_finding(const json_t *o)
{
	fputs("  record ", stdout);
	jm_print_value(stdout, json_object_get(o, "seq"), 0, false);
	fputs(", volume ", stdout);
	jm_print_value(stdout, json_object_get(o, "volume"), 0, false);
	fputs(" at ", stdout);
	jm_print_value(stdout, json_object_get(o, "offset"), 0, false);
	fputs(": ", stdout);
	jm_print_value(stdout, json_object_get(o, "problem"), 0, false);
	putchar('\n');
}

int jm_print_flush(struct jm_err *err)
{
	errno = 0;
	if (fflush(stdout) == 0 && !ferror(stdout))
		return 0;
	return jm_err_sys(err, JM_E_TEMP, "cannot write the output");
}
