/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * jmctl top: the state of the daemon, drawn again every two seconds. This file asks and owns the
 * terminal, top_frame.c draws. It uses escape sequences that every terminal of today knows, and
 * restores the terminal however the program ends.
 */
#include "milter/ctl/ask/top.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sysexits.h>
#include <termios.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "milter/ctl/ask/follow.h"
#include "milter/ctl/ask/top_frame.h"
#include "milter/ctl/cli/option.h"
#include "milter/ctl/cli/outcome.h"
#include "milter/ctl/cli/print.h"
#include "milter/ctl/cli/target.h"

#define SECONDS 2
#define ONCE_MS 1000 /* between the two requests that a rate needs */

/* ENTER: alternate screen, no cursor, no wrapping at the edge. LEAVE: undo that. */
#define ENTER "\033[?1049h\033[?25l\033[?7l"
#define LEAVE "\033[?7h\033[?25h\033[?1049l"

/* Data of the signal handlers: "before" is set before they are installed. */
static struct termios before;
static volatile sig_atomic_t entered, resized;

static void put_escape(const char *text)
{
	ssize_t ignored = write(STDOUT_FILENO, text, strlen(text));

	(void)ignored; /* ignored: the terminal may be gone */
}

/* Called by signal handlers, too: only async-signal-safe functions. */
static void top_enter(void)
{
	struct termios raw = before;

	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	(void)tcsetattr(STDIN_FILENO, TCSANOW, &raw);
	put_escape(ENTER);
	entered = 1;
}

static void top_leave(void)
{
	if (!entered)
		return;
	entered = 0;
	put_escape(LEAVE);
	(void)tcsetattr(STDIN_FILENO, TCSANOW, &before);
}

static void on_resize(int number)
{
	(void)number;
	resized = 1;
}

/* End, after restoring the terminal, also while waiting for the daemon. */
static void on_end(int number)
{
	top_leave();
	signal(number, SIG_DFL);
	raise(number);
}

static void on_stop(int number)
{
	int saved = errno;

	(void)number;
	top_leave();
	raise(SIGSTOP);
	top_enter();
	resized = 1;
	errno = saved;
}

static void on_signal(int number, void (*handler)(int))
{
	struct sigaction a = { .sa_handler = handler };

	sigemptyset(&a.sa_mask);
	(void)sigaction(number, &a, NULL);
}

struct screen {
	struct jm_target target;
	struct jm_top top;
	struct jm_follow follow;
	uint64_t interval_s;
};

/* Ask the daemon once. 1 with an answer, 0 without a daemon, -1. */
static int top_look(struct screen *s, struct jm_err *err)
{
	json_t *request = json_pack("{s:s}", "verb", "live"), *list = NULL;
	int rc = request ? jm_follow_ask(&s->follow, request, &list, err)
			 : jm_err_set(err, JM_E_TEMP, "out of memory");

	json_decref(request);
	s->top.stale = rc == 0;
	if (rc > 0 && json_array_size(list) > 0)
		jm_top_add(&s->top, json_incref(json_array_get(list, 0)), jm_clock_mono_us());
	json_decref(list);
	return rc;
}

/* Draw the lines that fit the terminal, each erased to its end. */
static void top_show(const struct screen *s)
{
	struct winsize size = { .ws_row = 24, .ws_col = 80 };
	char *text = NULL, *at;
	size_t n = 0, rows = 0;
	FILE *f = open_memstream(&text, &n);

	if (!f)
		return;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_row < 4 || size.ws_col < 20)
		size = (struct winsize){ .ws_row = 24, .ws_col = 80 };
	jm_top_draw(&s->top, f, size.ws_col);
	if (fclose(f) != 0 || !text) {
		free(text);
		return;
	}
	fputs("\033[H", stdout);
	for (at = text; *at && rows + 1 < size.ws_row; rows++) {
		size_t len = strcspn(at, "\n");

		fwrite(at, 1, len, stdout); /* jm_top_draw() escaped the texts in it */
		fputs("\033[K\r\n", stdout);
		at += len + (at[len] == '\n');
	}
	fputs("\033[J", stdout);
	(void)fflush(stdout); /* SIGHUP ends the program when the terminal is gone */
	free(text);
}

/* Wait until it is time to ask again. 1 when a key ends the program, else 0. */
static int wait_for(const struct screen *s)
{
	int64_t end_us = jm_clock_mono_us() + (int64_t)s->interval_s * 1000000;
	struct pollfd p = { .fd = STDIN_FILENO, .events = POLLIN };
	char key;

	while (jm_clock_mono_us() < end_us) {
		int left_ms = (int)((end_us - jm_clock_mono_us()) / 1000) + 1;

		if (resized) {
			resized = 0;
			top_show(s);
		}
		if (poll(&p, 1, left_ms) <= 0)
			continue;
		if (read(STDIN_FILENO, &key, 1) != 1 || key == 'q' || key == 'Q' || key == 4)
			return 1;
		return 0; /* any other key: ask now */
	}
	return 0;
}

static int run_live(struct screen *s, struct jm_err *err)
{
	static const int ends[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE };
	int rc;

	if (tcgetattr(STDIN_FILENO, &before) != 0)
		return jm_err_sys(err, JM_E_USAGE, "standard input is no terminal");
	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
		on_signal(ends[i], on_end);
	on_signal(SIGTSTP, on_stop);
	on_signal(SIGWINCH, on_resize);
	top_enter();
	do {
		rc = top_look(s, err);
		if (rc >= 0)
			top_show(s);
	} while (rc >= 0 && wait_for(s) == 0);
	top_leave();
	return rc < 0 ? -1 : 0;
}

/* Print once, after two requests: a rate needs two. */
static int run_once(struct screen *s, struct jm_err *err)
{
	size_t columns = jm_print_columns(stdout);
	json_t *o;

	for (int i = 0; i < 2; i++) {
		int rc = top_look(s, err);

		if (rc <= 0)
			return -1;
		if (i == 0)
			jm_clock_sleep_ms(ONCE_MS);
	}
	if (!s->target.json) {
		jm_top_draw(&s->top, stdout, columns ? columns : 120);
		return jm_print_flush(err);
	}
	o = json_copy(s->top.state);
	if (o && json_object_set_new(o, "rates", jm_top_rates(&s->top)) == 0)
		jm_print_json(stdout, o);
	json_decref(o);
	return jm_print_flush(err);
}

int jm_ctl_top(int argc, char **argv)
{
	struct screen s = { .interval_s = SECONDS };
	bool once = false;
	const struct jm_ctl_option options[] = {
		{ "once", JM_CTL_FLAG, &once, NULL,
		    "print one picture and end; so does --json, as an object" },
		{ "interval", JM_CTL_NUMBER, &s.interval_s, "SECONDS",
		    "from one picture to the next, 1 to 3600 [2]" },
		JM_TARGET_OPTIONS(&s.target), { NULL }
	};
	const char *term = getenv("TERM");
	struct jm_err err;
	int code,
	    n = jm_ctl_options(argc, argv, options, "[options]",
		"Show the state of the daemon and redraw it; q ends it.", &code);

	if (n < 0)
		return code;
	if (n > 0)
		return jm_ctl_fail_usage(argv[0], argv[1]);
	s.follow = (struct jm_follow){ .target = &s.target };
	s.top.colour = jm_print_coloured(stdout);
	once = once || s.target.json;
	if (s.interval_s < 1 || s.interval_s > 3600)
		n = jm_err_set(&err, JM_E_USAGE, "--interval is 1 to 3600 seconds");
	else if (!once &&
	    (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO) || !term || strcmp(term, "dumb") == 0))
		n = jm_err_set(&err, JM_E_USAGE,
		    "this is no terminal that can be drawn on; --once prints one picture, --json "
		    "one object");
	else
		n = once ? run_once(&s, &err) : run_live(&s, &err);
	json_decref(s.top.state);
	return n < 0 ? jm_ctl_fail(argv[0], &err) : EX_OK;
}
