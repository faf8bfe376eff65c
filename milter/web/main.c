/* SPDX-License-Identifier: BSD-2-Clause */
/* The program: options, signals. It stays in the foreground. */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/base/num.h"
#include "milter/web/web.h"

#define FOLDER "/run/journal-milter-public"
#define ADDRESS "127.0.0.1:8385"

struct options {
	const char *folder, *address;
	uint64_t stale_s;
	bool foreground;
};

static void usage(FILE *to)
{
	fputs(
	    "usage: journal-milter-web [-f] [-d DIR] [-l ADDRESS] [-s SECONDS] [-V]\n"
	    "  -d DIR      the publish folder (default " FOLDER ")\n"
	    "  -f          log to standard error instead of syslog\n"
	    "  -l ADDRESS  IP:PORT, [IPv6]:PORT or unix:/PATH (default " ADDRESS ")\n"
	    "  -s SECONDS  an older state is an error (default: three times the interval of publishing, and ten seconds)\n"
	    "  -V          print the version and exit\n",
	    to);
}

static int read_options(int argc, char **argv, struct options *o)
{
	int c;

	*o = (struct options){ .folder = FOLDER, .address = ADDRESS };
	while ((c = getopt(argc, argv, "d:fl:s:Vh")) != -1)
		switch (c) {
		case 'd':
			o->folder = optarg;
			break;
		case 'f':
			o->foreground = true;
			break;
		case 'l':
			o->address = optarg;
			break;
		case 's':
			if (jm_num_u64(jm_span_str(optarg), 1, 86400, &o->stale_s) < 0) {
				fprintf(stderr,
				    "journal-milter-web: -s \"%s\": a whole number from 1 to 86400\n",
				    optarg);
				return -1;
			}
			break;
		case 'V':
			puts("journal-milter-web " PACKAGE_VERSION);
			exit(EX_OK);
		case 'h':
			usage(stdout);
			exit(EX_OK);
		default:
			usage(stderr);
			return -1;
		}
	if (optind == argc)
		return 0;
	fprintf(stderr, "journal-milter-web: unexpected argument \"%s\"\n", argv[optind]);
	return -1;
}

int main(int argc, char **argv)
{
	struct jm_server *server;
	struct options o;
	struct jm_err err;
	sigset_t stop;
	const struct timespec second = { .tv_sec = 1 };
	int fd, got;

	if (read_options(argc, argv, &o) != 0)
		return EX_USAGE;
	jm_log_open("journal-milter-web", o.foreground);
	sigemptyset(&stop);
	sigaddset(&stop, SIGTERM);
	sigaddset(&stop, SIGINT);
	pthread_sigmask(SIG_BLOCK, &stop, NULL);
	signal(SIGPIPE, SIG_IGN);
	if (jm_web_listen(o.address, &fd, &err) < 0) {
		JM_LOG(JM_LOG_ERROR, "failed", { "error", JM_S(err.text) });
		fprintf(stderr, "journal-milter-web: %s\n", err.text);
		return err.kind == JM_E_CONFIG ? EX_USAGE : EX_OSERR;
	}
	server = jm_server_start(fd, o.folder, (int64_t)o.stale_s);
	if (!server) {
		fprintf(stderr, "journal-milter-web: cannot start the HTTP server\n");
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
