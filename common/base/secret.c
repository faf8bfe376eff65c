/* SPDX-License-Identifier: BSD-2-Clause */
/* Finding the forms of a secret in a text. All forms and the text are compared by their letters and
 * digits only. See secret.h. */
#include "common/base/secret.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_BYTES 4096u
#define SHORTEST 4u /* letters and digits of a form; with fewer the secret is opaque */
#define PIECE 8u    /* of a form that is longer */

static const char mark[] = "[secret]";
static const char hidden[] = "[text of the server hidden: the password is too short]";

static bool is_alnum(unsigned char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* A whole word goes, as it may have more of the secret than was found. */
static bool is_word(unsigned char c)
{
	return c > ' ';
}

/* Add c to a form, if it is a letter or a digit. */
static void form_add(struct jm_secret *s, size_t k, unsigned char c)
{
	if (is_alnum(c))
		s->form[k][s->len[k]++] = jm_lower(c);
}

static void make_plain(struct jm_secret *s, size_t k, struct jm_span secret)
{
	for (size_t i = 0; i < secret.len; i++)
		form_add(s, k, secret.p[i]);
}

/* Percent encoding: of all octets, or of those that are no letters or digits. */
static void make_hex(struct jm_secret *s, size_t k, struct jm_span secret, bool all)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < secret.len; i++)
		if (all || !is_alnum(secret.p[i])) {
			form_add(s, k, (unsigned char)digits[secret.p[i] >> 4]);
			form_add(s, k, (unsigned char)digits[secret.p[i] & 15]);
		} else {
			form_add(s, k, secret.p[i]);
		}
}

/* The digits of base64 that depend on the secret only, when it begins at octet shift (0, 1, 2) of a
 * group of three. */
static void make_base64(struct jm_secret *s, size_t k, struct jm_span secret, size_t shift)
{
	static const char digits[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t first = 8 * shift, end = first + 8 * secret.len;

	for (size_t bit = (first + 5) / 6 * 6; bit + 6 <= end; bit += 6) {
		size_t at = bit - first, byte = at / 8, in = at % 8;
		unsigned two = (unsigned)secret.p[byte] << 8;

		if (byte + 1 < secret.len)
			two |= secret.p[byte + 1];
		form_add(s, k, (unsigned char)digits[(two >> (10 - in)) & 63]);
	}
}

int jm_secret_init(struct jm_secret *s_r, struct jm_span secret, struct jm_err *err)
{
	*s_r = (struct jm_secret){ .opaque = false };
	if (secret.len == 0)
		return 0;
	for (size_t k = 0; k < JM_SECRET_FORMS; k++) {
		s_r->form[k] = malloc(2 * secret.len + 8);
		if (!s_r->form[k]) {
			jm_secret_release(s_r);
			return jm_err_set(err, JM_E_TEMP, "no memory to hide a password");
		}
	}
	make_plain(s_r, 0, secret);
	make_hex(s_r, 1, secret, false);
	make_hex(s_r, 2, secret, true);
	for (size_t shift = 0; shift < 3; shift++)
		make_base64(s_r, 3 + shift, secret, shift);
	for (size_t k = 0; k < JM_SECRET_FORMS; k++)
		s_r->opaque = s_r->opaque || s_r->len[k] < SHORTEST;
	return 0;
}

void jm_secret_release(struct jm_secret *s)
{
	for (size_t k = 0; k < JM_SECRET_FORMS; k++) {
		if (s->form[k])
			explicit_bzero(s->form[k], s->len[k]);
		free(s->form[k]);
	}
	*s = (struct jm_secret){ .opaque = false };
}

/* The letters and digits of a text, each with its place. */
struct squeezed {
	unsigned char c[TEXT_BYTES];
	uint16_t at[TEXT_BYTES];
	size_t n;
};

static void squeeze(struct jm_span text, struct squeezed *q)
{
	q->n = 0;
	for (size_t i = 0; i < text.len && i < TEXT_BYTES; i++)
		if (is_alnum(text.p[i])) {
			q->at[q->n] = (uint16_t)i;
			q->c[q->n++] = jm_lower(text.p[i]);
		}
}

/* The number of characters from the ith on that are a piece of the form. */
static size_t match_at(
    const struct squeezed *q, size_t i, const unsigned char *form, size_t form_len)
{
	size_t least = form_len < PIECE ? form_len : PIECE, left = q->n - i, most = 0, n;
	const unsigned char *p = form, *end = form + form_len;

	if (left < least) /* the end of a text that was cut off */
		return left >= SHORTEST && memcmp(form, q->c + i, left) == 0 ? left : 0;
	while ((p = memmem(p, (size_t)(end - p), q->c + i, least)) != NULL) {
		for (n = least; n < left && p + n < end && p[n] == q->c[i + n]; n++)
			;
		most = n > most ? n : most;
		p++;
	}
	return most;
}

/* Say in gone which bytes of the text go. */
static bool find(
    const struct jm_secret *s, const char *text, size_t len, const struct squeezed *q, bool *gone)
{
	bool any = false;

	for (size_t k = 0; k < JM_SECRET_FORMS; k++)
		for (size_t i = 0; s->len[k] > 0 && i < q->n; i++) {
			size_t n = match_at(q, i, s->form[k], s->len[k]), from, to;

			if (n == 0)
				continue;
			any = true;
			from = q->at[i];
			to = (size_t)q->at[i + n - 1] + 1;
			while (from > 0 && is_word((unsigned char)text[from - 1]))
				from--;
			while (to < len && is_word((unsigned char)text[to]))
				to++;
			memset(gone + from, true, (to - from) * sizeof *gone);
			i += n - 1;
		}
	return any;
}

void jm_secret_clean(const struct jm_secret *s, char *text, size_t bytes)
{
	bool gone[TEXT_BYTES] = { false };
	size_t len = strnlen(text, bytes), n = 0;
	char out[TEXT_BYTES];
	struct squeezed q;

	if (!s || !s->form[0] || len == 0)
		return;
	if (len >= TEXT_BYTES)
		text[len = TEXT_BYTES - 1] = '\0';
	if (s->opaque) {
		snprintf(text, bytes, "%s", hidden);
		return;
	}
	squeeze(jm_span_of(text, len), &q);
	if (!find(s, text, len, &q, gone))
		return;
	for (size_t i = 0; i < len; i++) {
		size_t more = !gone[i] ? 1 : i > 0 && gone[i - 1] ? 0 : sizeof mark - 1;

		if (n + more >= bytes || n + more >= sizeof out)
			break;
		memcpy(out + n, gone[i] ? mark : text + i, more);
		n += more;
	}
	memcpy(text, out, n);
	text[n] = '\0';
}

bool jm_secret_is_in(const struct jm_secret *s, struct jm_span text)
{
	struct squeezed q;

	if (!s)
		return false;
	squeeze(text, &q);
	for (size_t k = 0; k < JM_SECRET_FORMS; k++)
		if (s->len[k] >= PIECE && memmem(q.c, q.n, s->form[k], s->len[k]))
			return true;
	return false;
}
