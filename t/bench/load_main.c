/* SPDX-License-Identifier: BSD-2-Clause */
/* milter-load: its options and its report. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "t/bench/load.h"

const char *const load_stage_name[LOAD_STAGES] = { "negotiate", "connect", "helo", "mail", "rcpt",
	"data", "header", "eoh", "body", "eom" };
const char *const load_end_name[LOAD_ENDS] = { "accept", "continue", "discard", "reject",
	"tempfail", "shutdown", "lost" };

static const char usage_text[] =
    "usage: milter-load -s SOCKET [options]\n"
    "  -s SOCKET     unix:/path or inet:PORT@IPv4\n"
    "  -c N          parallel connections (1)\n"
    "  -n N          messages in all (100)\n"
    "  -k N          messages a milter session, then reconnect (0: never)\n"
    "  -t SECONDS    stop after this long (60)\n"
    "  -w SECONDS    give up on an answer after this long (30)\n"
    "  -d FOLDER     send its *.eml files in turn (a small built-in message)\n"
    "  -u            overwrite each " LOAD_TOKEN " in a message with a unique number\n"
    "  -f ADDRESS    sender (journal@sender.example)\n"
    "  -r ADDRESS    recipient, repeatable (journaling@journal.example.com)\n"
    "  -C IP         client address (192.0.2.25)\n"
    "  -D NAME=VALUE a macro, e.g. {tls_version}=TLSv1.3\n"
    "  -l FILE       a line a message: its number (that of -u) and how it ended\n"
    "  -e WORD       exit 1 unless every message ends so: accept continue discard reject tempfail\n"
    "  -J            one line of JSON\n"
    "exit status: 0 all messages settled (and as -e says), 1 not, 2 usage or local error\n";

void load_die(const char *fmt, ...)
{
	va_list ap;

	fputs("milter-load: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(2);
}

void *load_grow(void *p, size_t n)
{
	p = realloc(p, n ? n : 1);
	if (!p)
		load_die("out of memory");
	return p;
}

double load_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int by_value(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* In milliseconds; the times are sorted. */
static double quantile(const struct load_times *t, double q)
{
	return t->n ? t->us[(size_t)(q * (double)(t->n - 1) + 0.5)] / 1000.0 : 0;
}

static void print_times(const char *name, const struct load_times *t, bool json)
{
	printf(json ? ",\"%s_ms\":{\"p50\":%.3f,\"p90\":%.3f,\"p99\":%.3f,\"max\":%.3f}"
		    : "%-8s ms p50 %.3f  p90 %.3f  p99 %.3f  max %.3f\n",
	    name, quantile(t, .5), quantile(t, .9), quantile(t, .99), quantile(t, 1));
}

static void print_ends(const struct load_stats *st, bool json)
{
	bool first = true;

	for (int e = 0; e < LOAD_ENDS; e++)
		for (int s = 0; s < LOAD_STAGES; s++)
			if (st->end[e][s]) {
				printf(json ? "%s\"%s@%s\":%llu" : "%s%s@%s %llu",
				    first      ? ""
					: json ? ","
					       : ", ",
				    load_end_name[e], load_stage_name[s],
				    (unsigned long long)st->end[e][s]);
				first = false;
			}
}

static int report(const struct load_options *o, struct load_stats *st, double seconds)
{
	struct load_times *times[] = { &st->eom, &st->message, &st->open };
	static const char *const name[] = { "eom", "message", "session" };
	unsigned long long settled = 0, odd = 0, errors = (unsigned long long)st->errors;

	for (int e = 0; e < LOAD_ENDS; e++)
		for (int s = 0; s < LOAD_STAGES; s++) {
			settled += e == LOAD_LOST ? 0 : st->end[e][s];
			odd += o->expect >= 0 && e != o->expect ? st->end[e][s] : 0;
		}
	printf(o->json ? "{\"messages\":%llu,\"asked\":%ld,\"seconds\":%.3f,\"per_s\":%.1f,"
			 "\"mb_per_s\":%.2f,\"sessions\":%llu,\"ends\":{"
		       : "messages %llu of %ld in %.2f s: %.0f/s, %.2f MB/s; %llu sessions; ",
	    settled, o->messages, seconds, (double)settled / seconds,
	    (double)st->bytes / seconds / 1e6, (unsigned long long)st->sessions);
	print_ends(st, o->json);
	fputs(o->json ? "}" : "\n", stdout);
	for (size_t i = 0; i < 3; i++) {
		if (times[i]->n)
			qsort(times[i]->us, times[i]->n, sizeof *times[i]->us, by_value);
		print_times(name[i], times[i], o->json);
		free(times[i]->us);
	}
	if (o->json)
		printf(",\"rcpt_refused\":%llu,\"changes\":%llu,\"errors\":%llu}\n",
		    (unsigned long long)st->rcpt_refused, (unsigned long long)st->changes, errors);
	if (errors)
		fprintf(stderr, "milter-load: %llu errors, the last: %s\n", errors, st->last_error);
	if (st->last_reply[0] && !o->json)
		printf("last reply %s\n", st->last_reply);
	return errors || odd || settled < (unsigned long long)o->messages;
}

static long number(const char *text, long min, long max)
{
	char *end;
	long v = strtol(text, &end, 10);

	if (*end || end == text || v < min || v > max)
		load_die("bad number %s (%ld to %ld)", text, min, max);
	return v;
}

static const char *angle(const char *address)
{
	size_t n = strlen(address) + 3;
	char *b = load_grow(NULL, n);

	snprintf(b, n, address[0] == '<' ? "%s" : "<%s>", address);
	return b;
}

static int end_by_name(const char *name)
{
	for (int e = 0; e < LOAD_ENDS; e++)
		if (strcmp(name, load_end_name[e]) == 0)
			return e;
	load_die("no such end: %s", name);
}

static void take_macro(struct load_options *o, char *text)
{
	char *eq = strchr(text, '=');

	if (!eq || o->macro_n == LOAD_MACRO_MAX)
		load_die("bad or one macro too many: %s", text);
	*eq = 0;
	o->macro[o->macro_n].name = text;
	o->macro[o->macro_n++].value = eq + 1;
}

static bool take_option(struct load_options *o, int c, char *value)
{
	switch (c) {
	case 's':
		o->socket = value;
		return strchr(value, ':') != NULL;
	case 'c':
		o->connections = (int)number(value, 1, 20000);
		return true;
	case 'n':
		o->messages = number(value, 1, 100000000);
		return true;
	case 'k':
		o->per_session = number(value, 0, 100000000);
		return true;
	case 't':
		o->limit_s = (double)number(value, 1, 3600);
		return true;
	case 'w':
		o->wait_s = (double)number(value, 1, 3600);
		return true;
	case 'd':
		o->folder = value;
		return true;
	case 'u':
		o->unique = true;
		return true;
	case 'f':
		o->from = angle(value);
		return true;
	case 'C':
		o->client = value;
		return true;
	case 'D':
		take_macro(o, value);
		return true;
	case 'l':
		o->log = value;
		return true;
	case 'e':
		o->expect = end_by_name(value);
		return true;
	case 'J':
		o->json = true;
		return true;
	case 'r':
		if (o->rcpt_n == LOAD_RCPT_MAX)
			return false;
		o->rcpt[o->rcpt_n++] = angle(value);
		return true;
	default:
		return false;
	}
}

int main(int argc, char **argv)
{
	static struct load_options o = { .from = "<journal@sender.example>",
		.client = "192.0.2.25",
		.connections = 1,
		.messages = 100,
		.limit_s = 60,
		.wait_s = 30,
		.expect = -1 };
	struct rlimit files = { 0 };
	static struct load_stats stats;
	struct load_message *m;
	double begun;
	size_t n;
	int c, status;

	while ((c = getopt(argc, argv, "s:c:n:k:t:w:d:uf:r:C:D:l:e:J")) != -1)
		if (!take_option(&o, c, optarg)) {
			fputs(usage_text, stderr);
			return 2;
		}
	if (!o.socket || optind != argc) {
		fputs(usage_text, stderr);
		return 2;
	}
	if (o.rcpt_n == 0)
		o.rcpt[o.rcpt_n++] = "<journaling@journal.example.com>";
	files.rlim_cur = files.rlim_max = (rlim_t)o.connections + 64;
	if (o.connections > 900 && setrlimit(RLIMIT_NOFILE, &files) != 0)
		load_die("cannot open %d connections: %m", o.connections);
	m = load_messages_read(o.folder, &n);
	begun = load_now();
	load_run(&o, m, n, &stats);
	status = report(&o, &stats, load_now() - begun);
	load_messages_free(m, n);
	return status;
}
