/* SPDX-License-Identifier: BSD-2-Clause */
/* The secret of a mailbox: from the settings, a file, a command; and what is made of it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/num.h"
#include "common/pop3/mailbox.h"
#include "t/lib/tap.h"

#define FILE_NAME "secret"

/* The secret of m is want; NULL: it is an error of that kind, whose text begins so. */
static void check(const struct jm_mailbox *m, const char *want, enum jm_err_kind kind,
    const char *text, const char *what)
{
	struct jm_err err = { .kind = JM_E_NONE };
	struct jm_buf b;
	int rc = jm_mailbox_secret(m, NULL, NULL, &b, &err);

	tap_is_int(rc, want ? 0 : -1, "%s", what);
	if (want) {
		tap_is_str(rc == 0 ? jm_buf_str(&b) : err.text, want, "%s: the secret", what);
	} else {
		tap_is_int(err.kind, kind, "%s: the kind of the error", what);
		err.text[strlen(text) < sizeof err.text ? strlen(text) : 0] = '\0';
		tap_is_str(err.text, text, "%s: its text", what);
	}
	jm_mailbox_forget(&b);
	tap_ok(!b.p, "%s: nothing is kept", what);
}

static void check_file(const char *content, size_t n, mode_t mode, const char *want,
    enum jm_err_kind kind, const char *text, const char *what)
{
	struct jm_mailbox m = { .password_file = (char[]){ FILE_NAME } };
	FILE *f = fopen(FILE_NAME, "w");

	if (!f || fwrite(content, 1, n, f) != n || fclose(f) != 0 || chmod(FILE_NAME, mode) != 0)
		exit(1);
	check(&m, want, kind, text, what);
	unlink(FILE_NAME);
}

static void test_settings_and_files(void)
{
	struct jm_mailbox m = { .password = (char[]){ "word" } },
			  none = { .password_file = (char[]){ "missing" } };
	static char big[JM_SECRET_BYTES + 1];

	check(&m, "word", JM_E_NONE, "", "the setting itself");
	check(&none, NULL, JM_E_NOTFOUND, "password file: ", "a file that is missing");
	check_file("word", 4, 0600, "word", JM_E_NONE, "", "a file without a line end");
	check_file("word\r\nmore\n", 11, 0640, "word", JM_E_NONE, "", "its first line counts");
	check_file(" w ord \n", 8, 0600, " w ord ", JM_E_NONE, "", "blanks are part of it");
	check_file("", 0, 0600, NULL, JM_E_CONFIG, "secret gives no first line", "an empty file");
	check_file("\r\nword\n", 7, 0600, NULL, JM_E_CONFIG, "secret gives no first line",
	    "a first line that is empty");
	check_file("wo\0rd\n", 6, 0600, NULL, JM_E_CONFIG, "secret gives a NUL byte",
	    "a NUL in the first line");
	check_file("word\n\0", 6, 0600, "word", JM_E_NONE, "", "a NUL behind it");
	check_file("word\n", 5, 0604, NULL, JM_E_CONFIG,
	    "everybody on this machine can read the password file \"secret\": chmod o-r it",
	    "a file that everybody can read");
	memset(big, 'x', sizeof big);
	check_file(big, sizeof big, 0600, NULL, JM_E_LIMIT, "password file: ", "a file too large");
}

static void test_commands(void)
{
	static const struct {
		const char *command, *want, *text;
		enum jm_err_kind kind;
	} cases[] = {
		{ "echo token", "token", "", JM_E_NONE },
		{ "echo token; echo other", "token", "", JM_E_NONE },
		{ "printf 'token\\r\\n'; echo loud >&2", "token", "", JM_E_NONE },
		{ "exec 1>&-; exit 0", NULL, "the token command gives no first line", JM_E_CONFIG },
		{ "echo token; exec 1>&-; exit 3", NULL,
		    "the token command failed with exit code 3", JM_E_TEMP },
		{ "echo token; kill -9 $$", NULL, "the token command failed with signal 9",
		    JM_E_TEMP },
		{ "read line || echo end", "end", "", JM_E_NONE },
		{ "trap '' TERM; yes", NULL, "output of the token command: ", JM_E_LIMIT },
		{ "printf 'a\\0b'", NULL, "the token command gives a NUL byte", JM_E_CONFIG },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct jm_mailbox m = { .oauth2_token_command = strdup(cases[i].command) };

		check(&m, cases[i].want, cases[i].kind, cases[i].text, cases[i].command);
		tap_ok(waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD, "%s: no child is left",
		    cases[i].command);
		free(m.oauth2_token_command);
	}
}

/* The process whose number is in the file; 0: none yet. */
static pid_t read_pid(const char *file)
{
	FILE *f = fopen(file, "r");
	char line[20] = "";
	uint64_t pid = 0;
	size_t n = f && fgets(line, sizeof line, f) ? strcspn(line, "\n") : 0;

	if (line[n] != '\n' || jm_num_u64(jm_span_of(line, n), 1, INT32_MAX, &pid) != 0)
		pid = 0;
	if (f)
		fclose(f);
	return (pid_t)pid;
}

static bool has_started(void *ctx)
{
	return read_pid(ctx) > 0;
}

/* Has the process ended? It may wait for its new parent, which need not look. */
static bool is_gone(pid_t pid)
{
	char path[40], line[200] = "";
	const char *state;
	FILE *f;

	snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	f = fopen(path, "r");
	if (f && !fgets(line, sizeof line, f))
		line[0] = '\0';
	if (f)
		fclose(f);
	state = strrchr(line, ')');
	return !state || state[2] == 'Z' || state[2] == 'X';
}

/* stopped: the command and its children end, whether or not it still has its output open. */
static void test_stopped(const char *command, const char *what)
{
	struct jm_mailbox m = { .oauth2_token_command = strdup(command) };
	struct jm_err err = { .kind = JM_E_NONE };
	int64_t until = jm_clock_mono_us() + 20 * 1000000;
	char file[] = "pid";
	struct jm_buf b;
	pid_t child;

	unlink(file);
	tap_is_int(jm_mailbox_secret(&m, has_started, file, &b, &err), -1, "%s: it fails", what);
	tap_is_int(err.kind, JM_E_TEMP, "%s: it may work later", what);
	child = read_pid(file);
	while (!is_gone(child) && jm_clock_mono_us() < until)
		jm_clock_sleep_ms(5);
	tap_ok(child > 0 && is_gone(child), "%s: its child is killed", what);
	tap_ok(waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD, "%s: no child is left", what);
	jm_mailbox_forget(&b);
	free(m.oauth2_token_command);
}

static void test_account(void)
{
	struct jm_mailbox m = { .hostname = (char[]){ "Mail.Example.COM" },
		.mailbox_name = (char[]){ "Journal" },
		.password = (char[]){ "word" },
		.encrypted = true };
	struct jm_pop3_account a;
	char name[JM_MAILBOX_NAME_BYTES];
	struct jm_err err;
	struct jm_buf b;

	if (jm_mailbox_secret(&m, NULL, NULL, &b, &err) != 0)
		exit(1);
	a = jm_mailbox_account(&m, &b);
	tap_ok(a.security == JM_POP3_POP3S && a.port == 995 && !a.allow_clear_login,
	    "encrypted: POP3S on port 995, no login in the clear");
	tap_is_str(a.password, "word", "the secret is a password");
	tap_ok(!a.bearer, "and no token");
	tap_is_str(
	    jm_mailbox_name(&m, name), "Journal@mail.example.com", "the name in the archive");
	m.starttls = true;
	a = jm_mailbox_account(&m, &b);
	tap_ok(a.security == JM_POP3_STLS && a.port == 110, "starttls: STLS on port 110");
	tap_is_str(jm_mailbox_name(&m, name), "Journal@mail.example.com:110", "the port is named");
	m.encrypted = m.starttls = false;
	m.oauth2_token_command = (char[]){ "x" };
	a = jm_mailbox_account(&m, &b);
	tap_ok(a.security == JM_POP3_CLEAR && a.allow_clear_login, "not encrypted");
	tap_ok(!a.password && a.bearer && strcmp(a.bearer, "word") == 0, "the secret is a token");
	tap_is_int(jm_mailbox_secret_cause(&m), JM_POP3_CAUSE_TOKEN_COMMAND, "its cause");
	jm_mailbox_forget(&b);
}

int main(void)
{
	if (chdir(tap_folder()) != 0)
		return 1;
	test_settings_and_files();
	test_commands();
	test_stopped("sleep 1000 & echo $! > pid; wait", "stopped while it runs");
	test_stopped("exec 1>&-; sleep 1000 & echo $! > pid; wait", "stopped after its output");
	test_account();
	return chdir("/") != 0 || tap_done();
}
