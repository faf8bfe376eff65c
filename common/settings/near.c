/* SPDX-License-Identifier: BSD-2-Clause */
/* The distance of two words. The callers decide what is proposed. */
#include "common/settings/near.h"

#include <stdlib.h>
#include <string.h>

#define WORD_BYTES 64
#define CONTAINED 20u /* distance of a word that contains the other, at least */

static unsigned smaller(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* Put s in lower case, without '-' and '_', into folded. Returns the length, 0 when it does not
 * fit. */
static size_t near_fold(struct jm_span s, unsigned char folded[WORD_BYTES])
{
	size_t n = 0;

	for (size_t i = 0; i < s.len; i++) {
		if (s.p[i] == '-' || s.p[i] == '_')
			continue;
		if (n == WORD_BYTES)
			return 0;
		folded[n++] = jm_lower(s.p[i]);
	}
	return n;
}

/* The Damerau-Levenshtein distance, optimal string alignment. */
static unsigned distance(const unsigned char *a, size_t a_n, const unsigned char *b, size_t b_n)
{
	unsigned d[WORD_BYTES + 1][WORD_BYTES + 1];

	for (size_t i = 0; i <= a_n; i++)
		d[i][0] = (unsigned)i;
	for (size_t j = 0; j <= b_n; j++)
		d[0][j] = (unsigned)j;
	for (size_t i = 1; i <= a_n; i++) {
		for (size_t j = 1; j <= b_n; j++) {
			unsigned cost = a[i - 1] != b[j - 1];

			d[i][j] = smaller(
			    smaller(d[i - 1][j] + 1, d[i][j - 1] + 1), d[i - 1][j - 1] + cost);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				d[i][j] = smaller(d[i][j], d[i - 2][j - 2] + 1);
		}
	}
	return d[a_n][b_n];
}

static bool contains(const unsigned char *a, size_t a_n, const unsigned char *b, size_t b_n)
{
	for (size_t i = 0; i + b_n <= a_n; i++)
		if (memcmp(a + i, b, b_n) == 0)
			return true;
	return false;
}

unsigned jm_near_distance(struct jm_span word, const char *known)
{
	unsigned char a[WORD_BYTES], b[WORD_BYTES];
	size_t a_n = near_fold(word, a), b_n = near_fold(jm_span_str(known), b);
	unsigned d, most;

	if (a_n == 0 || b_n == 0)
		return JM_NEAR_NONE;
	d = distance(a, a_n, b, b_n);
	most = a_n < 4 ? 1 : (unsigned)a_n / 3;
	if (d <= most)
		return d;
	if ((b_n >= 4 && contains(a, a_n, b, b_n)) || (a_n >= 4 && contains(b, b_n, a, a_n)) ||
	    (a_n >= 2 && a_n < b_n && memcmp(a, b, a_n) == 0))
		return CONTAINED + (unsigned)(a_n > b_n ? a_n - b_n : b_n - a_n);
	return JM_NEAR_NONE;
}

const char *jm_near_of(struct jm_span word, const char *const *names, size_t n)
{
	const char *near = NULL;
	unsigned best = JM_NEAR_NONE;

	for (size_t i = 0; i < n; i++) {
		unsigned d = jm_near_distance(word, names[i]);

		if (d < best) {
			best = d;
			near = names[i];
		}
	}
	return near;
}
