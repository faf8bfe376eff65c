/* SPDX-License-Identifier: BSD-2-Clause */
/* How jmctl prints texts from outside: formats, columns, JSON, words for a shell. */
#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "milter/ctl/cli/print.h"
#include "milter/ctl/cli/quote.h"
#include "t/lib/tap.h"

#define ESC "\033[31m"
#define RLO "\xe2\x80\xae"

static char *out;
static size_t out_n;

static FILE *begin(void)
{
	FILE *f = open_memstream(&out, &out_n);

	if (!f)
		abort();
	return f;
}

static void end(FILE *f, const char *want, const char *what)
{
	fclose(f);
	tap_is_str(out, want, "%s", what);
	free(out);
	out = NULL;
}

/* jm_print() and fprintf(3) make the same text of the same plain arguments. */
#define SAME(...) \
	do { \
		char want[200]; \
		FILE *f = begin(); \
\
		snprintf(want, sizeof want, __VA_ARGS__); \
		jm_print(f, __VA_ARGS__); \
		end(f, want, "as printf(3): " #__VA_ARGS__); \
	} while (0)

static void test_as_printf(void)
{
	SAME("%s|%10s|%-10s|%.2s|%*s|%-*s|%*s", "a", "b", "c", "defg", 6, "h", 6, "i", -6, "j");
	SAME("%d|%5d|%-5d|%05d|%d", 1, -2, 3, -4, -2147483647);
	SAME("%u|%5u|%-5u|%05u|%x|%04x", 1u, 2u, 3u, 4u, 0xbeefu, 0x1fu);
	SAME("%ld|%lld|%8lld|%08lld|%lu|%llu|%zu", -1L, -9223372036854775807LL, 5LL, -6LL,
	    18446744073709551615UL, 18446744073709551615ULL, (size_t)7);
	SAME("%f|%.0f|%.1f|%3.0f|%6.2f|%-6.2f|", 1.5, 2.5, 3.25, 4.0, 5.125, 6.0);
	SAME("%c%c|%%|100%%|", 'x', 'y');
	SAME("%s", "");
	SAME("%*s|%-*s|", 0, "", 0, "");
}

static void test_escaped(void)
{
	FILE *f = begin();

	jm_print(f, "[%s]\n", "a" ESC "b\n\t\r" RLO "\xff\x7f\xc2\x9b");
	end(f, "[a\\x1b[31mb\\n\\t\\r\\u{202e}\\xff\\x7f\\u{9b}]\n", "a text is escaped");
	f = begin();
	jm_print(f, "\033[1m%c%c\n", '\033', 'a');
	end(f, "\033[1m\\x1ba\n", "a letter is escaped, the format is not");
	f = begin();
	jm_print(f, "%-8s|%8s|", "\033", "\033");
	end(f, "\\x1b    |    \\x1b|", "an escape has the columns that it takes");
	f = begin();
	jm_print(f, "%-6s|%6s|", "\xe4\xb8\xad", "\xc3\xa9");
	end(f, "\xe4\xb8\xad    |     \xc3\xa9|", "wide and accented letters are padded as seen");
	f = begin();
	jm_print(f, "%.3s|", "ab\xe2\x80\xae");
	end(f, "ab\\xe2|", "a character that the precision cuts is escaped");
	f = begin();
	jm_print(f, "%s\n", "C:\\x \\n 100% %s %n");
	end(f, "C:\\x \\n 100% %s %n\n", "a text is no format, and its backslashes stay");
}

static void test_cells(void)
{
	json_t *o = json_pack("{s:s, s:s}", "subject\n", ESC RLO, "b", "\xc2\x85");
	FILE *f = begin();

	jm_print_cell(f, jm_span_str("ab\033\033cd"), 9, true);
	end(f, "ab\\x1b...", "a cell is cut between escapes");
	f = begin();
	jm_print_cell(f, jm_span_str("ab\033\033cd"), 8, true);
	end(f, "ab...   ", "and padded when the next escape does not fit");
	f = begin();
	jm_print_cell(f, jm_span_of("a\0b", 3), 0, false);
	end(f, "a\\x00b", "a NUL does not end a text");
	f = begin();
	jm_print_tree(f, o, 0);
	end(f, "subject\\n  \\x1b[31m\\u{202e}\nb          \\u{85}\n", "names in a tree, too");
	f = begin();
	jm_print_json(f, o);
	end(f, "{\"subject\\n\":\"\\u001B[31m\\u202e\",\"b\":\"\\u0085\"}\n",
	    "JSON has escapes of its own");
	json_decref(o);
}

/* Append a line: check WORD =HEX-OF-WORD. */
static void add_check(struct jm_buf *b, const char *word)
{
	struct jm_err err;
	int rc = jm_buf_add(b, "check ", 6, &err);

	if (rc == 0)
		rc = jm_ctl_quote(b, word, &err);
	if (rc == 0)
		rc = jm_buf_add(b, " =", 2, &err);
	for (; rc == 0 && *word; word++)
		rc = jm_buf_printf(b, &err, "%02x", (unsigned char)*word);
	if (rc != 0 || jm_buf_add_byte(b, '\n', &err) != 0)
		abort();
}

/* The exit status of bash with this script; what it prints goes to the output of the test. */
static int run_bash(const struct jm_buf *script)
{
	char path[] = "/tmp/jm-quote-XXXXXX";
	int fd = mkstemp(path), status = -1;
	pid_t pid;

	if (fd < 0 || write(fd, script->p, script->len) != (ssize_t)script->len)
		abort();
	close(fd);
	pid = fork();
	if (pid == 0) {
		dup2(STDERR_FILENO, STDOUT_FILENO);
		execlp("bash", "bash", path, (char *)NULL);
		_exit(127);
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	unlink(path);
	return status;
}

/* Each octet and some words: bash reads the same word again. */
static void test_shell(void)
{
	static const char *const words[] = { "", "plain", "a b", "it's", "$(id)", "`id`", "a\nb",
		"-x", "~", "#", "*", "\xc3\xa9", RLO "x", "\xff'\\", "a\\x41", ESC "'", "!x",
		"a\tb\rc", "\xc2\x9b_1", "\xe2\x80" };
	bool raw = false;
	struct jm_err err;
	struct jm_buf b;

	jm_buf_init(&b, 1 << 20);
	if (jm_buf_printf(&b, &err,
		"check() { test \"=$(printf %%s \"$1\" | od -An -v -tx1 | tr -d ' \\n')\" = \"$2\" "
		"|| { echo \"# not the word: $2\"; bad=1; }; }\n") != 0)
		abort();
	for (unsigned c = 1; c < 256; c++)
		add_check(&b, (const char[]){ 'a', (char)c, 'b', '\0' });
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		add_check(&b, words[i]);
	if (jm_buf_printf(&b, &err, "test -z \"$bad\"\n") != 0)
		abort();
	tap_is_int(run_bash(&b), 0, "bash reads each quoted word as it was");
	for (size_t i = 0; i < b.len; i++)
		raw = raw || (b.p[i] < ' ' && b.p[i] != '\n') || b.p[i] == 0x7f || b.p[i] == 0xff;
	tap_ok(!raw && !strstr(jm_buf_str(&b), RLO), "nothing in the words is raw");
	jm_buf_release(&b);
}

int main(void)
{
	setlocale(LC_CTYPE, "C.UTF-8");
	test_as_printf();
	test_escaped();
	test_cells();
	test_shell();
	return tap_done();
}
