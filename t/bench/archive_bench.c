/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Compares the archive with a bare append + group fdatasync of the same bytes, in the same run on
 * the same disk.
 *
 *	archive_bench [--threads N] [--size BYTES] [--seconds S | --messages N] [--rounds N]
 *	              [--dir DIR] [--json] [--no-bare] [--large BYTES]
 *	archive_bench --open DIR
 *
 * --seconds: of each round, of the archive and then of the bare append.
 * --open: the time to open (after a kill: with recovery), and of look-ups by id, Message-ID,
 * address, date (20 ms) and since a date; 400 of each, at most ten items a look-up, and the same
 * look-ups were made before.
 * --large: two more runs with half the threads, alone and beside one thread that deposits messages
 * of that size; reports the times of the small ones.
 * --messages: for counting instructions and for filling a folder; without the bare append.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/archive/deposit.h"
#include "common/base/clock.h"
#include "common/base/io.h"
#include "common/base/num.h"
#include "common/query/archive_status.h"
#include "common/query/item.h"
#include "common/query/search.h"
#include "t/lib/deposit.h"

#define CAP (256u << 20)
#define ROUNDS_MAX 99
#define SAMPLES 400

static uint64_t threads = 16, size = 33 * 1024, seconds = 5, messages_max, large_bytes;
static const char *base = "/tmp";
static struct jm_archive *a;
static atomic_ullong messages, stored, waited_us;
static atomic_bool stop;
static atomic_uint larges;
static atomic_uint next_seed, times_n;
static uint32_t times_us[1u << 20]; /* of each deposit; the first so many */

/* ---- the bare log: what waits is written in one go and synced once ---- */

struct piece {
	struct piece *next;
	const unsigned char *p;
	size_t n;
	bool done;
	pthread_cond_t wake;
};

static struct {
	pthread_mutex_t lock;
	pthread_cond_t work;
	struct piece *first, **last;
	uint64_t end, syncs;
	int fd;
	bool stop;
} bare = {
	.lock = PTHREAD_MUTEX_INITIALIZER, .work = PTHREAD_COND_INITIALIZER, .last = &bare.first
};

static void *bare_committer(void *arg)
{
	struct iovec v[256];
	struct jm_err err;

	(void)arg;
	pthread_mutex_lock(&bare.lock);
	for (;;) {
		struct piece *list;
		uint64_t bytes = 0;
		size_t n = 0;

		while (!bare.first && !bare.stop)
			pthread_cond_wait(&bare.work, &bare.lock);
		if (!bare.first)
			break;
		list = bare.first;
		bare.first = NULL;
		bare.last = &bare.first;
		pthread_mutex_unlock(&bare.lock);
		for (struct piece *p = list; p && n < 256; p = p->next) {
			v[n++] = (struct iovec){ (void *)(uintptr_t)p->p, p->n };
			bytes += p->n;
		}
		if (jm_io_pwritev(bare.fd, v, n, bare.end, &err) < 0 ||
		    jm_io_datasync(bare.fd, &err) < 0) {
			fprintf(stderr, "%s\n", err.text);
			exit(1);
		}
		pthread_mutex_lock(&bare.lock);
		bare.end += bytes;
		bare.syncs++;
		for (struct piece *p = list, *next; p; p = next) {
			next = p->next;
			p->done = true;
			pthread_cond_signal(&p->wake);
		}
	}
	pthread_mutex_unlock(&bare.lock);
	return NULL;
}

static void *bare_thread(void *arg)
{
	size_t n = (size_t)(uintptr_t)arg;
	unsigned char *p = malloc(n);
	struct jm_err err;

	if (!p || jm_random_bytes(p, n, &err) < 0)
		exit(1);
	while (!atomic_load(&stop)) {
		struct piece x = { .p = p, .n = n };

		pthread_cond_init(&x.wake, NULL);
		pthread_mutex_lock(&bare.lock);
		*bare.last = &x;
		bare.last = &x.next;
		pthread_cond_signal(&bare.work);
		while (!x.done)
			pthread_cond_wait(&x.wake, &bare.lock);
		pthread_mutex_unlock(&bare.lock);
		pthread_cond_destroy(&x.wake);
		atomic_fetch_add(&messages, 1);
		atomic_fetch_add(&stored, n);
	}
	free(p);
	return NULL;
}

/* ---- the archive ---- */

/* Words of a small vocabulary with numbers between: compresses about as mail does. */
static void fresh(struct jm_buf *b, const struct jm_buf *text, unsigned n)
{
	struct jm_err err;
	char id[60], mark[40];
	size_t k;

	jm_buf_reset(b);
	snprintf(id, sizeof id, "%u@bench.example.com", n);
	t_message(b, id, "bench", n, 0);
	if (jm_buf_add_span(b, jm_buf_span(text), &err) < 0)
		exit(1);
	snprintf(mark, sizeof mark, "%u", n);
	for (k = b->len - text->len; k + 200 < b->len; k += 200) /* no two messages alike */
		memcpy(b->p + k, mark, strlen(mark));
}

static void *archive_thread(void *arg)
{
	struct jm_buf text, inner, report;
	struct jm_receipt r;
	struct jm_err err;

	(void)arg;
	jm_buf_init(&text, CAP);
	jm_buf_init(&inner, CAP);
	jm_buf_init(&report, CAP);
	t_message(&text, NULL, "t", atomic_fetch_add(&next_seed, 1) + 77,
	    size > 1100 ? size - 1100 : 100);
	while (
	    !atomic_load(&stop) && (messages_max == 0 || atomic_load(&messages) < messages_max)) {
		unsigned n = atomic_fetch_add(&next_seed, 1);
		char rcpt[120];
		int64_t began;

		fresh(&inner, &text, n);
		snprintf(rcpt, sizeof rcpt, "To: user%u@example.org\r\nCc: group%u@example.org",
		    n % 500, n % 20);
		t_report(&report, "bench", "anna@example.com", rcpt, jm_buf_span(&inner), false);
		began = jm_clock_mono_us();
		if (t_deposit(a, jm_buf_span(&report), "archive@journal.example.com", NULL, &r,
			&err) < 0) {
			fprintf(stderr, "%s\n", err.text);
			exit(1);
		}
		began = jm_clock_mono_us() - began;
		atomic_fetch_add(&waited_us, (unsigned long long)began);
		if (atomic_load(&times_n) < sizeof times_us / sizeof *times_us - 256)
			times_us[atomic_fetch_add(&times_n, 1)] = (uint32_t)began;
		atomic_fetch_add(&messages, 1);
		atomic_fetch_add(&stored, r.stored_bytes);
	}
	jm_buf_release(&text);
	jm_buf_release(&inner);
	jm_buf_release(&report);
	return NULL;
}

/* One large message after the other. */
static void *large_thread(void *arg)
{
	struct jm_buf text;
	struct jm_receipt r;
	struct jm_err err;

	(void)arg;
	jm_buf_init(&text, CAP);
	t_message(&text, "large@example.com", "t", 5, 100);
	if (jm_buf_reserve(&text, large_bytes, &err) < 0)
		exit(1);
	for (size_t i = 0; i < large_bytes; i += 4096) /* nothing to compress */
		if (jm_random_bytes(text.p + text.len + i,
			large_bytes - i < 4096 ? large_bytes - i : 4096, &err) < 0)
			exit(1);
	text.len += large_bytes;
	for (unsigned n = 0; !atomic_load(&stop); n++) {
		snprintf((char *)text.p + text.len - 64, 32, "large %u", n);
		if (t_deposit(
			a, jm_buf_span(&text), "archive@journal.example.com", NULL, &r, &err) < 0) {
			fprintf(stderr, "%s\n", err.text);
			exit(1);
		}
		atomic_fetch_add(&larges, 1);
	}
	jm_buf_release(&text);
	return NULL;
}

/* ---- measuring ---- */

struct figures {
	double seconds, cpu_s, anonymous_mb;
	uint64_t messages, stored, syncs, written;
};

/* The number after a name at the start of a line. */
static uint64_t proc_number(const char *path, const char *name)
{
	size_t name_n = strlen(name);
	uint64_t n = 0;
	char line[80];
	FILE *f = fopen(path, "r");

	while (f && fgets(line, sizeof line, f))
		if (strncmp(line, name, name_n) == 0)
			n = strtoull(line + name_n, NULL, 10);
	if (f)
		fclose(f);
	return n;
}

static uint64_t written_bytes(void)
{
	return proc_number("/proc/self/io", "write_bytes: ");
}

static double anonymous_mb(void)
{
	return (double)proc_number("/proc/self/status", "RssAnon:") / 1024;
}

static double cpu_s(void)
{
	struct rusage u;

	(void)getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	    (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static struct figures run(void *(*worker)(void *), void *arg)
{
	struct figures f;
	pthread_t *t = calloc(threads, sizeof *t);
	int64_t began = jm_clock_mono_us();
	double cpu = cpu_s();
	uint64_t written = written_bytes();

	atomic_store(&messages, 0);
	atomic_store(&stored, 0);
	atomic_store(&stop, false);
	for (uint64_t i = 0; i < threads; i++)
		if (pthread_create(&t[i], NULL, worker, arg) != 0)
			exit(1);
	for (int64_t ms = 0; ms < (int64_t)seconds * 1000 &&
	     (messages_max == 0 || atomic_load(&messages) < messages_max);
	     ms += 10)
		jm_clock_sleep_ms(10);
	atomic_store(&stop, true);
	for (uint64_t i = 0; i < threads; i++)
		pthread_join(t[i], NULL);
	free(t);
	f.seconds = (double)(jm_clock_mono_us() - began) / 1e6;
	f.cpu_s = cpu_s() - cpu;
	f.messages = atomic_load(&messages);
	f.stored = atomic_load(&stored);
	f.written = written_bytes() - written;
	return f;
}

static uint64_t groups(void)
{
	struct jm_err err;
	json_t *status = NULL;
	uint64_t n = 0;

	if (jm_archive_status(a, &status, &err) == 0)
		n = (uint64_t)json_integer_value(json_object_get(status, "groups"));
	json_decref(status);
	return n;
}

/* One round on the open archive. */
static struct figures run_archive(void)
{
	uint64_t before = groups();
	struct figures f = run(archive_thread, NULL);

	f.syncs = groups() - before;
	f.anonymous_mb = anonymous_mb();
	return f;
}

static struct figures run_bare(const char *dir, size_t bytes)
{
	struct figures f;
	struct jm_err err;
	char path[600];
	pthread_t committer;

	snprintf(path, sizeof path, "%s/bare", dir);
	bare.stop = false;
	bare.end = bare.syncs = 0;
	bare.fd = jm_io_open(path, O_RDWR | O_CREAT | O_TRUNC, 0600, &err);
	if (bare.fd < 0 || pthread_create(&committer, NULL, bare_committer, NULL) != 0)
		exit(1);
	f = run(bare_thread, (void *)(uintptr_t)bytes);
	pthread_mutex_lock(&bare.lock);
	bare.stop = true;
	pthread_cond_signal(&bare.work);
	pthread_mutex_unlock(&bare.lock);
	pthread_join(committer, NULL);
	f.syncs = bare.syncs;
	close(bare.fd);
	unlink(path);
	return f;
}

static int by_size(const void *x, const void *y)
{
	uint32_t p = *(const uint32_t *)x, q = *(const uint32_t *)y;

	return p < q ? -1 : p > q;
}

/* The 99th percentile of the times so far, in milliseconds; forgets them. */
static double p99_ms(void)
{
	unsigned n = atomic_exchange(&times_n, 0);

	qsort(times_us, n, sizeof *times_us, by_size);
	return n == 0 ? 0 : (double)times_us[(size_t)n * 99 / 100] / 1000;
}

/* Small messages' times alone and beside large ones. */
static void run_beside(const char *dir, double *alone_ms, double *beside_ms)
{
	pthread_t large;

	threads = threads / 2 + threads % 2;
	if (!(a = t_open(dir, 0)))
		exit(1);
	atomic_store(&times_n, 0);
	(void)run(archive_thread, NULL);
	*alone_ms = p99_ms();
	atomic_store(&stop, false);
	if (pthread_create(&large, NULL, large_thread, NULL) != 0)
		exit(1);
	(void)run(archive_thread, NULL);
	pthread_join(large, NULL);
	*beside_ms = p99_ms();
	jm_archive_close(&a);
}

static json_t *describe(const struct figures *f)
{
	return json_pack("{s:I,s:f,s:f,s:I,s:f,s:f,s:f}", "messages", (json_int_t)f->messages,
	    "messages_per_s", (double)f->messages / f->seconds, "stored_mb_per_s",
	    (double)f->stored / f->seconds / 1e6, "syncs", (json_int_t)f->syncs,
	    "syncs_per_message", (double)f->syncs / (double)(f->messages ? f->messages : 1),
	    "cpu_ms_per_message", f->cpu_s * 1000 / (double)(f->messages ? f->messages : 1),
	    "written_per_stored_byte", (double)f->written / (double)(f->stored ? f->stored : 1));
}

static void show(const char *name, const struct figures *f)
{
	printf(
	    "%-8s %9.0f msg/s %8.1f MB/s %8" PRIu64
	    " syncs (%.3f a message)  %.3f ms CPU a message  %.3f bytes written per stored byte\n",
	    name, (double)f->messages / f->seconds, (double)f->stored / f->seconds / 1e6, f->syncs,
	    (double)f->syncs / (double)f->messages, f->cpu_s * 1000 / (double)f->messages,
	    (double)f->written / (double)f->stored);
}

/* ---- opening what is there, and looking up ---- */

static int nothing(void *ctx, const json_t *object, struct jm_err *err)
{
	(void)ctx;
	(void)object;
	(void)err;
	return 0;
}

/* The keys that an item is looked up by. */
struct sample {
	uint64_t id;
	int64_t time_ms;
	char message_id[200], address[200];
};

static void sample(uint64_t id, struct sample *s)
{
	struct jm_err err = { .kind = JM_E_NONE };
	json_t *item = NULL;
	const char *message_id, *address, *time;

	s->id = 0;
	if (t_show(a, id, true, &item, &err) < 0) {
		if (err.kind == JM_E_NOTFOUND) /* an event's number, or a later report's */
			return;
		fprintf(stderr, "%s\n", err.text);
		exit(1);
	}
	message_id = json_string_value(json_object_get(item, "message_id"));
	address = json_string_value(
	    json_object_get(json_array_get(json_object_get(item, "recipients"), 0), "address"));
	time = json_string_value(json_object_get(item, "time"));
	if (time && jm_clock_parse(time, &s->time_ms) == 0)
		s->id = id;
	snprintf(s->message_id, sizeof s->message_id, "%s", message_id ? message_id : "");
	snprintf(s->address, sizeof s->address, "%s", address ? address : "");
	json_decref(item);
}

/* The 99th percentile of a look-up of each sample, in milliseconds: by id, the ten first of a
 * message-id, an address, 20 ms, and a time on. */
static double look_up_once(char kind, const struct sample *s, unsigned n)
{
	struct jm_err err = { .kind = JM_E_NONE };

	atomic_store(&times_n, 0);
	for (; n-- > 0; s++) {
		int64_t began = jm_clock_mono_us();
		struct jm_archive_filter f = { .limit = 10 };
		json_t *item = NULL;
		int rc;

		if (s->id == 0)
			continue;
		if (kind == 'a')
			/* else each record is read, too: was it a Bcc? */
			f.address = s->address, f.bcc = true;
		else if (kind == 'm')
			f.message_id = s->message_id;
		else
			f.since_ms = s->time_ms, f.until_ms = kind == 'd' ? s->time_ms + 20 : 0;
		rc = kind == 'i' ? t_show(a, s->id, true, &item, &err)
				 : jm_archive_list(a, &f, nothing, NULL, &err);
		json_decref(item);
		if (rc < 0) {
			fprintf(stderr, "%s\n", err.text);
			exit(1);
		}
		times_us[atomic_fetch_add(&times_n, 1)] = (uint32_t)(jm_clock_mono_us() - began);
	}
	return p99_ms();
}

/* Warm: the second time. */
static double look_up(char kind, const struct sample *s, unsigned n)
{
	(void)look_up_once(kind, s, n);
	return look_up_once(kind, s, n);
}

static int run_open(const char *dir)
{
	static struct sample samples[SAMPLES];
	int64_t began = jm_clock_mono_us();
	json_t *status = NULL, *o;
	struct jm_err err;
	uint64_t last_seq, bytes;
	double open_ms;

	if (!(a = t_open(dir, 0)))
		return 1;
	open_ms = (double)(jm_clock_mono_us() - began) / 1000;
	if (jm_archive_status(a, &status, &err) < 0) {
		fprintf(stderr, "%s\n", err.text);
		return 1;
	}
	last_seq = (uint64_t)json_integer_value(json_object_get(status, "last_seq"));
	bytes = (uint64_t)json_integer_value(json_object_get(status, "volume_bytes"));
	for (unsigned i = 0; i < SAMPLES; i++)
		sample(1 + (uint64_t)i * 1000003 % last_seq, &samples[i]);
	o = json_pack("{s:f,s:I,s:I}", "open_ms", open_ms, "records", (json_int_t)last_seq,
	    "volume_bytes", (json_int_t)bytes);
	for (const char *const *k = (const char *const[]){ "id_ms", "message_id_ms", "address_ms",
		 "date_ms", "since_ms", NULL };
	     *k; k++)
		(void)json_object_set_new(o, *k, json_real(look_up(**k, samples, SAMPLES)));
	(void)json_dumpf(o, stdout, JSON_INDENT(2));
	printf("\n");
	json_decref(o);
	json_decref(status);
	jm_archive_close(&a);
	return 0;
}

/* ---- rounds ---- */

struct rounds {
	struct figures ours, limit; /* sums */
	double first_mb, last_mb; /* anonymous memory at the end of the first and the last round */
	double ratio[ROUNDS_MAX];
	unsigned n;
};

static void sum(struct figures *to, const struct figures *f)
{
	to->seconds += f->seconds;
	to->cpu_s += f->cpu_s;
	to->messages += f->messages;
	to->stored += f->stored;
	to->syncs += f->syncs;
	to->written += f->written;
}

static int by_value(const void *x, const void *y)
{
	double p = *(const double *)x, q = *(const double *)y;

	return p < q ? -1 : p > q;
}

/* In turns, since the load on the disk and the machine changes; the ratio is the median of the
 * rounds. */
static void run_rounds(const char *dir, unsigned n, bool with_bare, struct rounds *r)
{
	uint64_t written;

	*r = (struct rounds){ .n = n };
	if (!(a = t_open(dir, 0)))
		exit(1);
	for (unsigned i = 0; i < n; i++) {
		struct figures ours = run_archive(), limit = ours;

		if (with_bare)
			limit = run_bare(
			    dir, (size_t)(ours.stored / (ours.messages ? ours.messages : 1)));
		if (i == 0)
			r->first_mb = ours.anonymous_mb;
		r->last_mb = ours.anonymous_mb;
		sum(&r->ours, &ours);
		sum(&r->limit, &limit);
		r->ratio[i] = ((double)ours.messages / ours.seconds) /
		    ((double)limit.messages / limit.seconds);
	}
	written = written_bytes();
	jm_archive_close(&a);
	r->ours.written += written_bytes() - written; /* the catalog's last checkpoint */
	qsort(r->ratio, n, sizeof *r->ratio, by_value);
}

static uint64_t number(const char *text, uint64_t max)
{
	uint64_t n = 0;

	if (jm_num_u64(jm_span_str(text), 1, max, &n) < 0) {
		fprintf(
		    stderr, "archive_bench: %s is not a number from 1 to %" PRIu64 "\n", text, max);
		exit(64);
	}
	return n;
}

static void tell(
    const struct rounds *r, const char *dir, double alone_ms, double beside_ms, bool as_json)
{
	double median = r->ratio[r->n / 2];
	json_t *o;

	if (as_json) {
		o = json_pack("{s:I,s:I,s:f,s:f,s:I,s:s,s:o,s:o,s:f,s:f,s:f,s:f,s:f}", "threads",
		    (json_int_t)threads, "size", (json_int_t)size, "p99_alone_ms", alone_ms,
		    "p99_beside_ms", beside_ms, "larges", (json_int_t)atomic_load(&larges),
		    "directory", dir, "archive", describe(&r->ours), "bare", describe(&r->limit),
		    "ratio", median, "ratio_lowest", r->ratio[0], "ratio_highest",
		    r->ratio[r->n - 1], "memory_first_mb", r->first_mb, "memory_last_mb",
		    r->last_mb);
		(void)json_dumpf(o, stdout, JSON_INDENT(2));
		printf("\n");
		json_decref(o);
		return;
	}
	printf("%" PRIu64 " threads, messages of %" PRIu64 " bytes, %.0f stored\n", threads, size,
	    (double)r->ours.stored / (double)r->ours.messages);
	show("archive", &r->ours);
	show("bare", &r->limit);
	if (large_bytes > 0)
		printf(
		    "small messages' p99 %.1f ms alone, %.1f ms beside %u large ones: %.1f times\n",
		    alone_ms, beside_ms, atomic_load(&larges), beside_ms / alone_ms);
	printf(
	    "ratio %.2f (%.2f to %.2f); deposit takes %.2f ms on average; the archive is left in "
	    "%s\n",
	    median, r->ratio[0], r->ratio[r->n - 1],
	    (double)atomic_load(&waited_us) / 1000 / (double)r->ours.messages, dir);
}

/* The options that are no settings of a run itself. */
struct choice {
	unsigned rounds;
	bool as_json, with_bare;
	const char *open; /* only open this archive */
};

/* 0, or -1 for an unknown option. */
static int read_options(int argc, char **argv, struct choice *o)
{
	static const struct option options[] = { { "threads", 1, NULL, 't' },
		{ "size", 1, NULL, 's' }, { "seconds", 1, NULL, 'S' }, { "dir", 1, NULL, 'd' },
		{ "json", 0, NULL, 'j' }, { "messages", 1, NULL, 'm' }, { "rounds", 1, NULL, 'r' },
		{ "no-bare", 0, NULL, 'B' }, { "large", 1, NULL, 'L' }, { "open", 1, NULL, 'o' },
		{ NULL, 0, NULL, 0 } };
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 't':
			threads = number(optarg, 256);
			break;
		case 's':
			size = number(optarg, 200u << 20);
			break;
		case 'S':
			seconds = number(optarg, 3600);
			break;
		case 'd':
			base = optarg;
			break;
		case 'j':
			o->as_json = true;
			break;
		case 'm':
			messages_max = number(optarg, 1u << 30);
			seconds = 3600;
			o->with_bare = false;
			break;
		case 'r':
			o->rounds = (unsigned)number(optarg, ROUNDS_MAX);
			break;
		case 'B':
			o->with_bare = false;
			break;
		case 'o':
			o->open = optarg;
			break;
		case 'L':
			large_bytes = number(optarg, 200u << 20);
			break;
		default:
			return -1;
		}
	}
	return 0;
}

int main(int argc, char **argv)
{
	static struct rounds r;
	struct choice o = { .rounds = 1, .with_bare = true };
	char dir[300];
	double alone_ms = 0, beside_ms = 0;

	if (read_options(argc, argv, &o) != 0)
		return 64;
	if (o.open)
		return run_open(o.open);
	snprintf(dir, sizeof dir, "%s/jm-bench.XXXXXX", base);
	if (!mkdtemp(dir)) {
		perror(dir);
		return 73;
	}
	run_rounds(dir, o.rounds, o.with_bare, &r);
	messages_max = 0;
	seconds = seconds < 60 ? seconds : 5;
	if (large_bytes > 0)
		run_beside(dir, &alone_ms, &beside_ms);
	tell(&r, dir, alone_ms, beside_ms, o.as_json);
	return 0;
}
