/* SPDX-License-Identifier: BSD-2-Clause */
/* The command line of a program without verbs: its options, and when it is not to run. */
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/base/program.h"
#include "t/lib/tap.h"

#define ARGS 5

struct result {
	bool run, quiet, loud;
	const char *file;
	int status;
	char out[400], err[400]; /* written to the two streams */
};

static void take_stream(FILE *stream, int copy, int file, char *text, size_t text_n)
{
	ssize_t n;

	fflush(stream);
	dup2(copy, fileno(stream));
	close(copy);
	n = pread(file, text, text_n - 1, 0);
	text[n > 0 ? n : 0] = '\0';
	close(file);
}

static int open_stream(FILE *stream, const char *name, int *copy_r)
{
	char path[300];
	int file;

	snprintf(path, sizeof path, "%s/%s", tap_folder(), name);
	file = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	fflush(stream);
	*copy_r = dup(fileno(stream));
	if (file < 0 || *copy_r < 0 || dup2(file, fileno(stream)) < 0)
		abort();
	return file;
}

static struct result run(const char *const args[ARGS])
{
	struct result r = { .file = "default", .status = -1 };
	const struct jm_program_option options[] = {
		{ 'q', &r.quiet, NULL },
		{ 'f', NULL, &r.file },
		{ 'l', &r.loud, NULL },
	};
	const struct jm_program program = { "tester", "usage: tester [-q] [-f FILE] [-l]\n",
		options, sizeof options / sizeof *options };
	char words[ARGS + 1][20] = { "tester" }, *argv[ARGS + 2] = { words[0] };
	int argc = 1, out, err, out_copy, err_copy;

	for (; argc <= ARGS && args[argc - 1]; argc++) {
		snprintf(words[argc], sizeof words[argc], "%s", args[argc - 1]);
		argv[argc] = words[argc];
	}
	optind = 0; /* glibc: begin anew */
	out = open_stream(stdout, "out", &out_copy);
	err = open_stream(stderr, "err", &err_copy);
	r.run = jm_program_options(&program, argc, argv, &r.status);
	take_stream(stdout, out_copy, out, r.out, sizeof r.out);
	take_stream(stderr, err_copy, err, r.err, sizeof r.err);
	tap_is_str(r.file, args[0] && strcmp(args[0], "-f") == 0 && args[1] ? args[1] : "default",
	    "the value of -f, or what was there");
	return r;
}

int main(void)
{
	struct result r = run((const char *const[ARGS]){ NULL });

	tap_ok(r.run && !r.quiet && !r.loud, "no option: it runs");
	r = run((const char *const[ARGS]){ "-f", "x", "-q" });
	tap_ok(r.run && r.quiet && !r.loud, "a value and a switch");
	r = run((const char *const[ARGS]){ "-ql" });
	tap_ok(r.run && r.quiet && r.loud, "two switches in one word");
	r = run((const char *const[ARGS]){ "-V" });
	tap_ok(!r.run && r.status == EX_OK && !r.err[0], "-V: it is not to run");
	tap_is_str(r.out, "tester " PACKAGE_VERSION "\n", "and prints its version");
	r = run((const char *const[ARGS]){ "-h" });
	tap_ok(!r.run && r.status == EX_OK && !r.err[0] && strncmp(r.out, "usage: ", 7) == 0,
	    "-h prints the usage");
	r = run((const char *const[ARGS]){ "-z" });
	tap_ok(!r.run && r.status == EX_USAGE && !r.out[0] && strstr(r.err, "usage: tester"),
	    "an unknown option: the usage on standard error");
	r = run((const char *const[ARGS]){ "-f" });
	tap_ok(
	    !r.run && r.status == EX_USAGE && strstr(r.err, "usage: tester"), "a value is missing");
	r = run((const char *const[ARGS]){ "-q", "more" });
	tap_ok(!r.run && r.status == EX_USAGE, "an argument that is no option");
	tap_is_str(r.err,
	    "tester: unexpected argument \"more\"\nusage: tester [-q] [-f FILE] [-l]\n",
	    "is named");
	return tap_done();
}
