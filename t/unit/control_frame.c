/* SPDX-License-Identifier: BSD-2-Clause */
/* Frames: whole, at every split, in a row, cut short, with wrong lengths, and against a peer that
 * stalls. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/control/frame.h"
#include "t/lib/tap.h"

static int pair[2];

static void open_pair(void)
{
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		abort();
}

static void close_pair(void)
{
	if (pair[0] >= 0)
		close(pair[0]);
	if (pair[1] >= 0)
		close(pair[1]);
}

static void put(const void *p, size_t n)
{
	if (send(pair[1], p, n, MSG_NOSIGNAL) != (ssize_t)n)
		abort();
}

static void hang_up(void)
{
	close(pair[1]);
	pair[1] = -1;
}

struct late {
	const unsigned char *p;
	size_t n;
	pthread_t thread;
};

static void *send_late(void *arg)
{
	const struct late *l = arg;

	jm_clock_sleep_ms(1);
	put(l->p, l->n);
	return NULL;
}

static const unsigned char whole[] = { 'O', 0, 0, 0, 7, '{', '"', 'a', '"', ':', '1', '}' };

/* The reader waits in the middle of a frame, at each of its bytes. */
static void test_splits(void)
{
	size_t at, good = 0;
	struct jm_buf b;

	jm_buf_init(&b, 1000);
	for (at = 0; at <= sizeof whole; at++) {
		struct late l = { whole + at, sizeof whole - at, 0 };
		struct jm_err err;
		char type = 0;

		open_pair();
		put(whole, at);
		if (pthread_create(&l.thread, NULL, send_late, &l) != 0)
			abort();
		good += jm_frame_read(pair[0], &type, &b, 60000, &err) == 0 && type == 'O' &&
		    b.len == 7 && memcmp(b.p, whole + 5, 7) == 0;
		pthread_join(l.thread, NULL);
		close_pair();
	}
	tap_is_int((long long)good, sizeof whole + 1, "a frame is read the same at every split");
	jm_buf_release(&b);
}

/* A payload in pieces, read at each split of its bytes; and the same cut short, which is corrupt.
 */
static void test_pieces(void)
{
	static const unsigned char pieces[] = { 'o', 0, 0, 0, 3, '{', '"', 'a', 'o', 0, 0, 0, 1,
		'"', 'O', 0, 0, 0, 3, ':', '1', '}' };
	size_t good = 0, refused = 0;
	struct jm_buf b;
	struct jm_err err;
	char type = 0;

	jm_buf_init(&b, 1000);
	for (size_t at = 0; at <= sizeof pieces; at++) {
		struct late l = { pieces + at, sizeof pieces - at, 0 };

		open_pair();
		put(pieces, at);
		if (pthread_create(&l.thread, NULL, send_late, &l) != 0)
			abort();
		good += jm_frame_read(pair[0], &type, &b, 60000, &err) == 0 && type == 'O' &&
		    b.len == 7 && memcmp(b.p, whole + 5, 7) == 0;
		pthread_join(l.thread, NULL);
		close_pair();
		if (at == 0 || at == sizeof pieces)
			continue;
		open_pair();
		put(pieces, at);
		hang_up();
		refused += jm_frame_read(pair[0], &type, &b, 1000, &err) < 0 &&
		    err.kind == JM_E_CORRUPT;
		close_pair();
	}
	tap_is_int((long long)good, sizeof pieces + 1, "pieces are read the same at every split");
	tap_is_int((long long)refused, sizeof pieces - 1, "and are corrupt when the peer closes");
	jm_buf_release(&b);
}

static void *write_long(void *arg)
{
	struct jm_err err;

	return jm_frame_write_json(pair[1], 'R', arg, 60000, &err) == 0 ? arg : NULL;
}

/* JSON that is too long for a frame, for readers with and without room for it. */
static void test_long(void)
{
	static const size_t lengths[] = { JM_FRAME_MAX_BYTES - 4, JM_FRAME_MAX_BYTES - 3,
		2 * JM_FRAME_MAX_BYTES - 4, 3 * JM_FRAME_MAX_BYTES };
	char *text = calloc(1, 3 * JM_FRAME_MAX_BYTES + 1);
	struct jm_err err;
	struct jm_buf b;
	char type = 0;

	jm_buf_init(&b, 4 * JM_FRAME_MAX_BYTES);
	for (size_t i = 0; text && i < sizeof lengths / sizeof *lengths; i++) {
		json_t *value;
		pthread_t thread;
		void *done;

		memset(text, 'x', lengths[i]);
		value = json_pack("[o]", json_stringn(text, lengths[i]));
		open_pair();
		if (pthread_create(&thread, NULL, write_long, value) != 0)
			abort();
		tap_ok(jm_frame_read(pair[0], &type, &b, 60000, &err) == 0 && type == 'R' &&
			b.len == lengths[i] + 4 && memcmp(b.p + 2, text, lengths[i]) == 0,
		    "JSON of %zu bytes comes through", lengths[i] + 4);
		pthread_join(thread, &done);
		tap_ok(done, "and is written without an error");
		json_decref(value);
		close_pair();
	}
	jm_buf_release(&b);
	free(text);
}

static void test_row(void)
{
	struct jm_buf b;
	struct jm_err err;
	json_t *value;
	char type;

	jm_buf_init(&b, 1000);
	open_pair();
	value = json_pack("{s:s, s:i}", "subject", "\xc3\xbc\x1b[2J", "n", 3);
	tap_ok(jm_frame_write_json(pair[1], 'O', value, 1000, &err) == 0 &&
		jm_frame_write(pair[1], 'B', "\0\r\n.", 4, 1000, &err) == 0 &&
		jm_frame_write(pair[1], 'E', NULL, 0, 1000, &err) == 0,
	    "three frames are written");
	hang_up();
	tap_ok(jm_frame_read(pair[0], &type, &b, 1000, &err) == 0 && type == 'O',
	    "the first is an object");
	json_decref(value);
	value = json_loadb((const char *)b.p, b.len, 0, NULL);
	tap_is_str(json_string_value(json_object_get(value, "subject")), "\xc3\xbc\x1b[2J",
	    "its text comes back as it was");
	json_decref(value);
	tap_ok(jm_frame_read(pair[0], &type, &b, 1000, &err) == 0 && type == 'B',
	    "the second is bytes");
	tap_is_mem(b.p, b.len, "\0\r\n.", 4, "NUL and line ends come through");
	tap_ok(jm_frame_read(pair[0], &type, &b, 1000, &err) == 0 && type == 'E' && b.len == 0,
	    "the third is empty");
	tap_ok(jm_frame_read(pair[0], &type, &b, 1000, &err) < 0 && err.kind == JM_E_NOTFOUND,
	    "then the peer closed between frames: not found");
	close_pair();
	jm_buf_release(&b);
}

static void test_cut_short(void)
{
	size_t at, good = 0;
	struct jm_buf b;

	jm_buf_init(&b, 1000);
	for (at = 1; at < sizeof whole; at++) {
		struct jm_err err;
		char type;

		open_pair();
		put(whole, at);
		hang_up();
		good += jm_frame_read(pair[0], &type, &b, 1000, &err) < 0 &&
		    err.kind == JM_E_CORRUPT;
		close_pair();
	}
	tap_is_int((long long)good, sizeof whole - 1,
	    "a peer that closes in mid-frame is told as corrupt, at every byte");
	jm_buf_release(&b);
}

static void test_hostile(void)
{
	static const struct {
		const char *what;
		unsigned char bytes[16];
		size_t n;
		enum jm_err_kind kind;
	} cases[] = {
		{ "an unknown type", { 'X', 0, 0, 0, 0 }, 5, JM_E_CORRUPT },
		{ "the type NUL", { 0, 0, 0, 0, 0 }, 5, JM_E_CORRUPT },
		{ "an HTTP request", { 'G', 'E', 'T', ' ', '/' }, 5, JM_E_CORRUPT },
		{ "the greatest length", { 'B', 0xff, 0xff, 0xff, 0xff }, 5, JM_E_LIMIT },
		{ "one byte past the cap", { 'B', 0, 0x40, 0, 1 }, 5, JM_E_LIMIT },
		{ "a length past the buffer's own cap", { 'B', 0, 0x20, 0, 0, 'a' }, 6,
		    JM_E_LIMIT },
		{ "an empty piece", { 'o', 0, 0, 0, 0 }, 5, JM_E_CORRUPT },
		{ "bytes in a piece", { 'b', 0, 0, 0, 1, 'a' }, 6, JM_E_CORRUPT },
		{ "another type within a payload", { 'o', 0, 0, 0, 1, 'a', 'E', 0, 0, 0, 0 }, 11,
		    JM_E_CORRUPT },
		{ "pieces that together are past the cap",
		    { 'o', 0, 0, 0, 1, 'a', 'o', 0, 0, 0, 100 }, 11, JM_E_LIMIT },
	};
	size_t i;

	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct jm_buf b;
		struct jm_err err = { .kind = JM_E_NONE };
		char type;
		int rc;

		jm_buf_init(&b, 100);
		open_pair();
		put(cases[i].bytes, cases[i].n);
		rc = jm_frame_read(pair[0], &type, &b, 1000, &err);
		tap_ok(rc < 0 && err.kind == cases[i].kind, "%s is refused: %s", cases[i].what,
		    err.text);
		tap_ok(b.cap <= 128, "%s takes no memory", cases[i].what);
		close_pair();
		jm_buf_release(&b);
	}
}

/* A length within the cap whose bytes never come must not take the memory it claims. */
static void test_claimed_memory(void)
{
	static const unsigned char claim[] = { 'B', 0, 0x40, 0, 0, 'x' };
	struct jm_buf b;
	struct jm_err err;
	char type;

	jm_buf_init(&b, JM_FRAME_MAX_BYTES);
	open_pair();
	put(claim, sizeof claim);
	hang_up();
	tap_ok(jm_frame_read(pair[0], &type, &b, 1000, &err) < 0 && err.kind == JM_E_CORRUPT,
	    "a claim of 4 MiB with one byte is corrupt");
	tap_ok(b.cap < 1024 * 1024, "and took %zu bytes only", b.cap);
	close_pair();
	jm_buf_release(&b);
}

/* A frame that takes ten seconds, a byte at a time, until the reader hangs up. */
static void *drip(void *arg)
{
	static const unsigned char head[] = { 'B', 0, 0, 1000 / 256, 1000 % 256 };

	(void)arg;
	for (size_t i = 0; i < sizeof head + 1000 &&
	     send(pair[1], i < sizeof head ? head + i : head, 1, MSG_NOSIGNAL) == 1;
	     i++)
		jm_clock_sleep_ms(10);
	return NULL;
}

static void test_slow_peers(void)
{
	int64_t started_us = jm_clock_mono_us();
	unsigned char *big = calloc(1, JM_FRAME_MAX_BYTES + 1);
	pthread_t thread;
	struct jm_buf b;
	struct jm_err err;
	char type;

	jm_buf_init(&b, 1000);
	open_pair();
	put(whole, 3);
	tap_ok(jm_frame_read(pair[0], &type, &b, 60, &err) < 0 && err.kind == JM_E_TEMP,
	    "a silent peer: %s", err.text);
	close_pair();
	open_pair();
	if (pthread_create(&thread, NULL, drip, NULL) != 0)
		abort();
	tap_ok(jm_frame_read(pair[0], &type, &b, 150, &err) < 0 && err.kind == JM_E_TEMP,
	    "a peer that drips does not get more time");
	close(pair[0]);
	pair[0] = -1;
	pthread_join(thread, NULL);
	close_pair();
	open_pair();
	tap_ok(jm_frame_write(pair[0], 'B', big, JM_FRAME_MAX_BYTES, 60, &err) < 0 &&
		err.kind == JM_E_TEMP,
	    "a peer that does not read: %s", err.text);
	tap_ok(jm_frame_write(pair[0], 'B', big, JM_FRAME_MAX_BYTES + 1, 60, &err) < 0 &&
		err.kind == JM_E_LIMIT,
	    "a frame past the cap is not written");
	hang_up();
	tap_ok(jm_frame_write(pair[0], 'B', big, 10, 60, &err) < 0 && err.kind == JM_E_TEMP,
	    "a peer that is gone is an error, no signal: %s", err.text);
	close_pair();
	tap_ok(jm_clock_mono_us() - started_us < 30000000, "all of that within 30 s");
	jm_buf_release(&b);
	free(big);
}

static void *send_big(void *arg)
{
	struct jm_err err;
	int rc = jm_frame_write(pair[1], 'B', arg, JM_FRAME_MAX_BYTES, 60000, &err);

	return rc == 0 ? arg : NULL;
}

static void test_big(void)
{
	unsigned char *big = malloc(JM_FRAME_MAX_BYTES);
	pthread_t thread;
	struct jm_buf b;
	struct jm_err err;
	void *sent = NULL;
	size_t i;
	char type;

	for (i = 0; i < JM_FRAME_MAX_BYTES; i++)
		big[i] = (unsigned char)(i * 31 + i / 65536);
	jm_buf_init(&b, JM_FRAME_MAX_BYTES);
	open_pair();
	if (pthread_create(&thread, NULL, send_big, big) != 0)
		abort();
	tap_ok(jm_frame_read(pair[0], &type, &b, 60000, &err) == 0 && type == 'B',
	    "the greatest frame is read");
	pthread_join(thread, &sent);
	tap_ok(sent && b.len == JM_FRAME_MAX_BYTES && memcmp(b.p, big, b.len) == 0,
	    "its 4 MiB are the same");
	close_pair();
	jm_buf_release(&b);
	free(big);
}

int main(void)
{
	test_splits();
	test_pieces();
	test_long();
	test_row();
	test_cut_short();
	test_hostile();
	test_claimed_memory();
	test_slow_peers();
	test_big();
	return tap_done();
}
