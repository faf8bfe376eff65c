/* SPDX-License-Identifier: BSD-2-Clause */
/* The program: options, signals, the way from start to stop. It stays in the foreground and never
 * changes its user. */
#include <signal.h>
#include <stdio.h>
#include <sysexits.h>
#include <time.h>

#include "common/base/log.h"
#include "common/base/num.h"
#include "common/base/program.h"
#include "milter/web/listen.h"
#include "milter/web/serve.h"

#define FOLDER "/run/journal-milter-public"
#define ADDRESS "127.0.0.1:8385"

struct options {
	const char *folder, *address, *names;
	uint64_t stale_s; /* 0: as jm_published_read() does by itself */
	bool foreground;
};

static const char usage[] =
    "usage: journal-milter-web [-f] [-d DIR] [-l ADDRESS] [-n NAME[,NAME...]] [-s SECONDS] "
    "[-V]\n"
    "  -d DIR      the publish folder (default " FOLDER ")\n"
    "  -f          log to standard error instead of syslog\n"
    "  -l ADDRESS  IP:PORT, [IPv6]:PORT or unix:/PATH (default " ADDRESS ")\n"
    "  -n NAME     a name by which browsers and proxies ask for the page, besides localhost,\n"
    "              IP addresses and the name of this machine\n"
    "  -s SECONDS  an older state is an error "
    "(default: three times the interval of publishing, and ten seconds)\n"
    "  -V          print the version and exit\n";

/* False when the program is to exit with *status. */
static bool read_web_options(int argc, char **argv, struct options *o, int *status)
{
	const char *stale = NULL;
	const struct jm_program_option options[] = {
		{ 'd', NULL, &o->folder },
		{ 'f', &o->foreground, NULL },
		{ 'l', NULL, &o->address },
		{ 'n', NULL, &o->names },
		{ 's', NULL, &stale },
	};
	const struct jm_program program = { "journal-milter-web", usage, options,
		sizeof options / sizeof *options };
	struct jm_err err;

	*o = (struct options){ .folder = FOLDER, .address = ADDRESS };
	if (!jm_program_options(&program, argc, argv, status))
		return false;
	if (stale && jm_num_u64(jm_span_str(stale), 1, 86400, &o->stale_s) != 0) {
		(void)jm_err_set(
		    &err, JM_E_USAGE, "-s \"%s\": a whole number from 1 to 86400", stale);
		jm_program_complain("journal-milter-web", err.text);
		*status = EX_USAGE;
		return false;
	}
	return true;
}

int main(int argc, char **argv)
{
	struct jm_server *server;
	struct options o;
	struct jm_err err;
	sigset_t stop;
	const struct timespec second = { .tv_sec = 1 };
	int fd, got, status;

	if (!read_web_options(argc, argv, &o, &status))
		return status;
	jm_program_forbid_dumps();
	jm_log_open("journal-milter-web", o.foreground);
	sigemptyset(&stop);
	sigaddset(&stop, SIGTERM);
	sigaddset(&stop, SIGINT);
	pthread_sigmask(SIG_BLOCK, &stop, NULL);
	signal(SIGPIPE, SIG_IGN);
	if (jm_web_listen(o.address, &fd, &err) != 0) {
		JM_LOG(JM_LOG_ERROR, "failed", { "error", JM_S(err.text) });
		jm_program_complain("journal-milter-web", err.text);
		return err.kind == JM_E_CONFIG ? EX_USAGE : EX_OSERR;
	}
	server = jm_server_start(fd, o.folder, (int64_t)o.stale_s, o.names);
	if (!server) {
		jm_program_complain("journal-milter-web", "cannot start the HTTP server");
		return EX_OSERR;
	}
	JM_LOG(JM_LOG_NOTICE, "ready", { "version", JM_S(PACKAGE_VERSION) },
	    { "address", JM_S(o.address) }, { "folder", JM_S(o.folder) });
	while ((got = sigtimedwait(&stop, NULL, &second)) < 0)
		jm_server_tick(server);
	jm_server_stop(server);
	JM_LOG(JM_LOG_NOTICE, "stopped", { "signal", JM_I(got) });
	return EX_OK;
}
