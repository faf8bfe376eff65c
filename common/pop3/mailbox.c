/* SPDX-License-Identifier: BSD-2-Clause */
/* Password files, token commands, and the account made from them. The login itself is in connect.c.
 * See mailbox.h. */
#include "common/pop3/mailbox.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/io.h"

#define COMMAND_MS 60000
#define SLICE_MS 200
#define ENDING_MS 10

/* Keep the first line only. It must not be empty. */
static int keep_first_line(struct jm_buf *b, const char *what, struct jm_err *err)
{
	size_t n = jm_span_index(jm_buf_span(b), '\n');

	if (n < b->len && n > 0 && b->p[n - 1] == '\r')
		n--;
	if (n == 0 || b->len == 0)
		return jm_err_set(err, JM_E_CONFIG, "%s gives no first line", what);
	b->len = n;
	b->p[n] = '\0';
	if (memchr(b->p, 0, n))
		return jm_err_set(err, JM_E_CONFIG, "%s gives a NUL byte", what);
	return 0;
}

static int read_password_file(const char *path, struct jm_buf *b, struct jm_err *err)
{
	unsigned char *p = NULL;
	struct stat st;
	size_t n = 0;
	int rc;

	if (stat(path, &st) == 0 && (st.st_mode & S_IROTH))
		return jm_err_set(err, JM_E_CONFIG,
		    "everybody on this machine can read the password file \"%s\": chmod o-r it",
		    path);
	if (jm_io_read_file(path, JM_SECRET_BYTES - 1, &p, &n, err) != 0)
		return jm_err_wrap(err, "password file");
	rc = jm_buf_add(b, p, n, err);
	explicit_bzero(p, n);
	free(p);
	return rc != 0 ? -1 : keep_first_line(b, path, err);
}

static int spawn_command(const char *command, int out, pid_t *pid_r, struct jm_err *err)
{
	char *argv[] = { (char[]){ "sh" }, (char[]){ "-c" }, NULL, NULL };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t none, ours;
	int rc;

	argv[2] = strdup(command);
	if (!argv[2])
		return jm_err_sys(err, JM_E_TEMP, "cannot run the token command");
	sigemptyset(&none);
	sigemptyset(&ours);
	sigaddset(&ours, SIGPIPE);
	rc = posix_spawn_file_actions_init(&actions);
	if (rc == 0) {
		rc = posix_spawnattr_init(&attributes);
		if (rc == 0) {
			/* A process group of its own, so that its children can be killed, too; no
			 * signal is blocked or ignored as it is in this process. */
			rc = posix_spawnattr_setflags(&attributes,
			    POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
			rc = rc ? rc : posix_spawnattr_setsigmask(&attributes, &none);
			rc = rc ? rc : posix_spawnattr_setsigdefault(&attributes, &ours);
			rc = rc ? rc
				: posix_spawn_file_actions_addopen(
				      &actions, 0, "/dev/null", O_RDONLY, 0);
			rc = rc ? rc : posix_spawn_file_actions_adddup2(&actions, out, 1);
			/* Its messages could have the token, and the log must not. */
			rc = rc ? rc
				: posix_spawn_file_actions_addopen(
				      &actions, 2, "/dev/null", O_WRONLY, 0);
			rc = rc
			    ? rc
			    : posix_spawn(pid_r, "/bin/sh", &actions, &attributes, argv, environ);
			posix_spawnattr_destroy(&attributes);
		}
		posix_spawn_file_actions_destroy(&actions);
	}
	free(argv[2]);
	if (rc == 0)
		return 0;
	errno = rc;
	return jm_err_sys(err, JM_E_TEMP, "cannot run the token command");
}

/* When to give up waiting for the command. */
struct patience {
	bool (*stopped)(void *ctx);
	void *ctx;
	int64_t until_us;
};

static int check_patience(const struct patience *p, struct jm_err *err)
{
	if ((!p->stopped || !p->stopped(p->ctx)) && jm_clock_mono_us() <= p->until_us)
		return 0;
	return jm_err_set(
	    err, JM_E_TEMP, "the token command did not end within %d s", COMMAND_MS / 1000);
}

/* Read what the command writes until it closes its output. */
static int read_token(int fd, const struct patience *patience, struct jm_buf *b, struct jm_err *err)
{
	unsigned char piece[4096];
	int rc = 1; /* there may be more */

	while (rc > 0) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		int ready = poll(&p, 1, SLICE_MS);
		ssize_t n;

		if (check_patience(patience, err) != 0) {
			rc = -1;
		} else if (ready > 0) {
			n = read(fd, piece, sizeof piece);
			if (n <= 0)
				rc = n == 0 ? 0
					    : jm_err_sys(err, JM_E_TEMP,
						  "cannot read from the token command");
			else if (jm_buf_add(b, piece, (size_t)n, err) != 0)
				rc = jm_err_wrap(err, "output of the token command");
		}
	}
	explicit_bzero(piece, sizeof piece); /* after a failure, too */
	return rc;
}

/* Wait for the end of the command, which may run on after it closed its output. */
static int await_command(
    pid_t pid, const struct patience *patience, int *status_r, struct jm_err *err)
{
	pid_t ended;

	while ((ended = waitpid(pid, status_r, WNOHANG)) <= 0) {
		if (ended < 0 && errno != EINTR)
			return jm_err_sys(err, JM_E_TEMP, "cannot wait for the token command");
		if (check_patience(patience, err) != 0)
			return -1;
		jm_clock_sleep_ms(ENDING_MS);
	}
	return 0;
}

static int run_token_command(const char *command, bool (*stopped)(void *ctx), void *ctx,
    struct jm_buf *b, struct jm_err *err)
{
	struct patience patience = { stopped, ctx, jm_clock_mono_us() + COMMAND_MS * 1000LL };
	int ends[2], status = 0, rc;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) != 0)
		return jm_err_sys(err, JM_E_TEMP, "cannot run the token command");
	if (spawn_command(command, ends[1], &pid, err) != 0) {
		close(ends[0]);
		close(ends[1]);
		return -1;
	}
	close(ends[1]);
	rc = read_token(ends[0], &patience, b, err);
	close(ends[0]);
	if (rc == 0)
		rc = await_command(pid, &patience, &status, err);
	if (rc != 0) {
		kill(-pid, SIGKILL);
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
		return -1;
	}
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		return jm_err_set(err, JM_E_TEMP, "the token command failed with %s %d",
		    WIFEXITED(status) ? "exit code" : "signal",
		    WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
	return keep_first_line(b, "the token command", err);
}

int jm_mailbox_secret(const struct jm_mailbox *m, bool (*stopped)(void *ctx), void *ctx,
    struct jm_buf *secret_r, struct jm_err *err)
{
	jm_buf_init(secret_r, JM_SECRET_BYTES);
	/* All at once: a buffer that grows leaves copies of the secret in freed memory. */
	if (jm_buf_reserve(secret_r, JM_SECRET_BYTES - 1, err) != 0)
		return -1;
	if (m->password_file)
		return read_password_file(m->password_file, secret_r, err);
	if (m->oauth2_token_command)
		return run_token_command(m->oauth2_token_command, stopped, ctx, secret_r, err);
	return jm_buf_add_span(secret_r, jm_span_str(m->password), err);
}

enum jm_pop3_cause jm_mailbox_secret_cause(const struct jm_mailbox *m)
{
	return m->password_file       ? JM_POP3_CAUSE_PASSWORD_FILE
	    : m->oauth2_token_command ? JM_POP3_CAUSE_TOKEN_COMMAND
				      : JM_POP3_CAUSE_SETTINGS;
}

void jm_mailbox_forget(struct jm_buf *secret)
{
	if (secret->p)
		explicit_bzero(secret->p, secret->len);
	jm_buf_release(secret);
}

struct jm_pop3_account jm_mailbox_account(const struct jm_mailbox *m, const struct jm_buf *secret)
{
	struct jm_pop3_account a = {
		.host = m->hostname,
		.port = (unsigned)jm_settings_mailbox_port(m),
		.user = m->mailbox_name,
		.security = !m->encrypted ? JM_POP3_CLEAR
		    : m->starttls         ? JM_POP3_STLS
					  : JM_POP3_POP3S,
		.allow_clear_login = !m->encrypted,
		.relaxed = m->encryption_mode == JM_ENCRYPTION_RELAXED,
		.ca_file = m->ca_file,
		.pin = m->pinned_public_key,
	};

	if (m->oauth2_token_command)
		a.bearer = jm_buf_str(secret);
	else
		a.password = jm_buf_str(secret);
	return a;
}

char *jm_mailbox_name(const struct jm_mailbox *m, char name[JM_MAILBOX_NAME_BYTES])
{
	int n = snprintf(name, JM_MAILBOX_NAME_BYTES, "%s@", m->mailbox_name);

	for (const char *h = m->hostname; *h && n < JM_MAILBOX_NAME_BYTES - 1; h++)
		name[n++] = (char)jm_lower((unsigned char)*h);
	name[n] = '\0';
	if (jm_settings_mailbox_port(m) != 995)
		snprintf(name + n, (size_t)(JM_MAILBOX_NAME_BYTES - n), ":%d",
		    jm_settings_mailbox_port(m));
	return name;
}
