/* SPDX-License-Identifier: BSD-2-Clause */
/* The guard before libmilter: which packets it stops, and that pieces of any size change nothing.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "milter/daemon/packets.h"
#include "t/lib/tap.h"

#define BYTES(text) (const unsigned char *)(text), sizeof(text) - 1

/* wrong: the bytes up to and with the packet that libmilter must not get; 0: all may pass. */
static const struct {
	const char *what;
	const unsigned char *bytes;
	size_t n, wrong;
} cases[] = {
	{ "no bytes", BYTES(""), 0 },
	{ "half a length", BYTES("\0\0"), 0 },
	{ "a length without a command", BYTES("\0\0\0\7"), 0 },
	{ "a command without data", BYTES("\0\0\0\1Q"), 0 },
	{ "macros without a step", BYTES("\0\0\0\1D"), 0 },
	{ "a step without macros", BYTES("\0\0\0\2DC"), 0 },
	{ "a step that is NUL", BYTES("\0\0\0\2D\0"), 0 },
	{ "a macro with a value", BYTES("\0\0\0\6DCj\0v\0"), 0 },
	{ "a macro with an empty value", BYTES("\0\0\0\5DCj\0\0"), 0 },
	{ "an empty name with an empty value", BYTES("\0\0\0\4DC\0\0"), 0 },
	{ "a value without its end counts not", BYTES("\0\0\0\5DCj\0v"), 9 },
	{ "two macros with values", BYTES("\0\0\0\12DCa\0b\0c\0d\0"), 0 },
	{ "a name only", BYTES("\0\0\0\4DCj\0"), 8 },
	{ "an empty name only", BYTES("\0\0\0\3DC\0"), 7 },
	{ "a name without its end", BYTES("\0\0\0\3DCj"), 0 },
	{ "the second macro without a value", BYTES("\0\0\0\10DCa\0b\0c\0"), 12 },
	{ "the same bytes in another command", BYTES("\0\0\0\4BCj\0"), 0 },
	{ "length 0, then a whole packet", BYTES("\0\0\0\0D\0\0\0\6DCj\0v\0"), 0 },
	{ "length 0, then a name only", BYTES("\0\0\0\0D\0\0\0\4DCj\0"), 13 },
	{ "after other packets", BYTES("\0\0\0\1N\0\0\0\6DCj\0v\0\0\0\0\3BDC\0\0\0\3DM\0"), 29 },
	{ "after one that is odd by itself", BYTES("\0\0\0\3DCj\0\0\0\4DM\0\0"), 0 },
	{ "the wrong one first", BYTES("\0\0\0\3DC\0\0\0\0\6DCj\0v\0"), 7 },
	{ "one that has not ended", BYTES("\0\0\0\5DCj\0"), 0 },
	{ "the longest length", BYTES("\377\377\377\377DCj\0"), 0 },
};

/* Feed pieces of which the first has that many bytes and the others each piece bytes. The bytes
 * taken when a wrong packet was reported; 0: all passed. */
static size_t feed(const unsigned char *bytes, size_t n, size_t first, size_t piece)
{
	struct jm_packets p = { 0 };
	size_t at = 0, more = first;

	do {
		/* a copy of its own, so that the address sanitizer sees a byte too many */
		unsigned char *copy = malloc(more > 0 ? more : 1);
		bool right;

		if (!copy)
			abort();
		memcpy(copy, bytes + at, more);
		right = jm_packets_follow(&p, copy, more);
		free(copy);
		at += more;
		if (!right)
			return at;
		more = piece < n - at ? piece : n - at;
	} while (at < n);
	return 0;
}

static void test_cases(void)
{
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const unsigned char *b = cases[i].bytes;
		size_t n = cases[i].n, wrong = cases[i].wrong, bad = 0;

		tap_is_int((long long)feed(b, n, n, n), wrong ? (long long)n : 0, "%s: whole",
		    cases[i].what);
		tap_is_int((long long)feed(b, n, 0, 1), (long long)wrong, "%s: byte by byte",
		    cases[i].what);
		for (size_t cut = 0; cut <= n; cut++)
			bad += feed(b, n, cut, n) != (wrong == 0 ? 0 : wrong <= cut ? cut : n);
		tap_is_int((long long)bad, 0, "%s: cut in two at each place", cases[i].what);
	}
}

/* Every list of up to 10 bytes, each NUL or a letter: wrong when its NULs are odd in number. */
static void test_every_list(void)
{
	unsigned char packet[16] = { 0, 0, 0, 0, 'D', 'C' };
	size_t bad = 0, lists = 0;

	for (unsigned n = 0; n <= 10; n++)
		for (unsigned bits = 0; bits < 1u << n; bits++, lists++) {
			size_t len = 6 + n, odd = 0;

			packet[3] = (unsigned char)(n + 2);
			for (unsigned k = 0; k < n; k++) {
				packet[6 + k] = bits >> k & 1 ? 0 : 'x';
				odd ^= bits >> k & 1;
			}
			bad += feed(packet, len, len, len) != odd * len;
			bad += feed(packet, len, 7 < len ? 7 : len, 3) != odd * len;
		}
	tap_is_int(
	    (long long)bad, 0, "%zu lists of macros: an odd number of strings is wrong", lists);
}

/* Only macros are read: the bytes of others are skipped, here memory that none may read. */
static void test_huge(void)
{
	static const unsigned char head[] = "\377\377\377\377B", odd[] = "\0\0\0\4DCj";
	size_t len = 0xfffffffe, piece = 1u << 30;
	unsigned char *none = mmap(
	    NULL, piece, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	struct jm_packets p = { 0 };
	bool right;

	if (none == MAP_FAILED) {
		tap_skip(2, "no address space of 1 GiB");
		return;
	}
	right = jm_packets_follow(&p, head, 5);
	for (size_t more; right && len > 0; len -= more) {
		more = piece < len ? piece : len;
		right = jm_packets_follow(&p, none, more);
	}
	munmap(none, piece);
	tap_ok(right, "a packet of 4 GiB passes");
	tap_ok(!jm_packets_follow(&p, odd, sizeof odd), "the next packet begins where it ends");
}

int main(void)
{
	test_cases();
	test_every_list();
	test_huge();
	return tap_done();
}
