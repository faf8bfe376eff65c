/* SPDX-License-Identifier: BSD-2-Clause */
/* Cutting a secret out of texts: each form, each break inside, each place where a text ends. */
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/secret.h"
#include "t/lib/tap.h"

#define TEXT_BYTES 4096

static const char *const secrets[] = { "hunter22", "Tr0ub4dor&3", "p@ss: w\"rd%", "abcd",
	"correct horse battery staple", "\xc3\xa4ppelw\xc3\xb6i-2029", "0123456789",
	"eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9.eyJhdWQiOiJodHRwczovL291dGxvb2sifQ.c2lnbmF0dXJl" };

static bool has_nocase(const char *text, const char *part)
{
	return strcasestr(text, part) != NULL;
}

/* Clean a copy of text. Static storage. */
static const char *cleaned(const char *secret, const char *text)
{
	static char out[TEXT_BYTES];
	struct jm_secret s;

	snprintf(out, sizeof out, "%s", text);
	if (jm_secret_init(&s, jm_span_str(secret), NULL) != 0)
		exit(1);
	jm_secret_clean(&s, out, sizeof out);
	jm_secret_release(&s);
	return out;
}

static char *base64(const void *p, size_t n)
{
	unsigned char *out = malloc(4 * (n + 2) / 3 + 4);

	EVP_EncodeBlock(out, p, (int)n);
	return (char *)out;
}

/* Is the form gone from a text around it? The words before and after it stay. */
static bool goes(const char *secret, const char *form)
{
	char text[TEXT_BYTES];
	const char *got;

	snprintf(text, sizeof text, "-ERR refused: %s (of joe)", form);
	got = cleaned(secret, text);
	return strcmp(got, "-ERR refused: [secret] (of joe)") == 0 && !has_nocase(got, form);
}

/* All that a server may do with what it got in the login. */
static void forms(const char *secret)
{
	char text[TEXT_BYTES], *b64, *at;
	bool ok = true;

	tap_ok(goes(secret, secret), "%.20s: itself", secret);
	at = text;
	for (const char *c = secret; *c; c++)
		at += snprintf(at, (size_t)(text + sizeof text - at), "%c",
		    *c >= 'a' && *c <= 'z' ? *c - 32 : *c);
	tap_ok(goes(secret, text), "%.20s: in capital letters", secret);
	at = text;
	for (const char *c = secret; *c; c++)
		at += snprintf(at, (size_t)(text + sizeof text - at), "%%%02X", (unsigned char)*c);
	tap_ok(goes(secret, text + 1) || strstr(cleaned(secret, text), "[secret]"),
	    "%.20s: all percent-encoded", secret);
	at = text;
	for (const char *c = secret; *c; c++)
		at += snprintf(at, (size_t)(text + sizeof text - at),
		    strchr("&:@ \"%", *c) || *c < 0 ? "%%%02x" : "%c", (unsigned char)*c);
	tap_ok(goes(secret, text), "%.20s: percent-encoded", secret);
	/* at each alignment: after 0 to 5 octets, before 0 to 3 */
	for (int before = 0; before < 6; before++)
		for (int after = 0; after < 4; after++) {
			int n = snprintf(text, sizeof text, "%.*s%s%.*s", before, "\001user\001",
			    secret, after, "\001\001x");

			b64 = base64(text, (size_t)n);
			ok = goes(secret, b64) && ok;
			free(b64);
		}
	tap_ok(ok, "%.20s: base64 at each alignment", secret);
	/* SASL PLAIN and XOAUTH2 */
	memcpy(text, "\0joe\0", 5);
	memcpy(text + 5, secret, strlen(secret));
	b64 = base64(text, 5 + strlen(secret));
	tap_ok(goes(secret, b64), "%.20s: SASL PLAIN", secret);
	free(b64);
	snprintf(text, sizeof text, "user=joe@example.com\001auth=Bearer %s\001\001", secret);
	b64 = base64(text, strlen(text));
	tap_ok(goes(secret, b64), "%.20s: XOAUTH2", secret);
	free(b64);
}

/* Each break by one or more octets that are no letters and digits. */
static void breaks(const char *secret)
{
	static const char *const breaks_in[] = { " ", "\r\n ", "\001", "-", "=\n", "\xff", "%",
		"...", "\" \"" };
	char text[TEXT_BYTES], *b64 = base64(secret, strlen(secret));
	const char *forms_of[] = { secret, b64 };
	int bad = 0;

	for (size_t f = 0; f < 2; f++)
		for (size_t b = 0; b < sizeof breaks_in / sizeof breaks_in[0]; b++)
			for (size_t i = 1; i < strlen(forms_of[f]); i++) {
				const char *got;

				snprintf(text, sizeof text, "<%.*s%s%s> no", (int)i, forms_of[f],
				    breaks_in[b], forms_of[f] + i);
				got = cleaned(secret, text);
				bad += !strstr(got, "[secret]") || strlen(got) > 32;
			}
	tap_is_int(bad, 0, "%.20s: broken anywhere by anything", secret);
	free(b64);
}

/* Is there no piece of the secret of n or more characters? */
static bool without_pieces(const char *text, const char *secret, size_t n)
{
	char piece[16];

	for (size_t i = 0; i + n <= strlen(secret); i++) {
		snprintf(piece, n + 1, "%s", secret + i);
		if (has_nocase(text, piece))
			return false;
	}
	return true;
}

/* A text that ends inside the secret, and a server that echoes a part of it. */
static void parts(void)
{
	const char *token = secrets[7];
	char text[TEXT_BYTES];
	int bad = 0;

	for (size_t n = 4; n <= strlen(token); n++) {
		snprintf(text, sizeof text, "-ERR no: %.*s", (int)n, token);
		bad += !without_pieces(cleaned(token, text), token, 4);
	}
	tap_is_int(bad, 0, "a text that is cut off anywhere in the secret");
	bad = 0;
	for (size_t i = 0; i + 8 <= strlen(token); i++) {
		snprintf(text, sizeof text, "-ERR no: <%.8s> was said", token + i);
		bad += !memchr(token + i, '.', 8) && !strstr(cleaned(token, text), "[secret]");
	}
	tap_is_int(bad, 0, "each piece of eight letters and digits");
	snprintf(text, sizeof text, "hunter22 and hunter22, aHVudGVyMjI= hunter2");
	tap_is_str(
	    cleaned("hunter22", text), "[secret] and [secret] [secret] [secret]", "several times");
}

static void kept(void)
{
	static const char *const texts[] = { "", "+OK", "-ERR [AUTH] Authentication failed.",
		"+OK 3 120", "-ERR Logon failure: unknown user name or bad password." };
	struct jm_secret s;
	char small[12] = "-ERR abcd x";

	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		tap_is_str(cleaned("hunter22", texts[i]), texts[i], "unchanged: \"%s\"", texts[i]);
	tap_is_str(cleaned("", "-ERR no"), "-ERR no", "no secret, no change");
	tap_is_str(cleaned("a", "-ERR no"),
	    "[text of the server hidden: the password is too short]",
	    "a secret of one character hides every text");
	tap_is_str(cleaned("\xe5\xaf\x86\xe7\xa0\x81", "+OK x"),
	    "[text of the server hidden: the password is too short]", "one without letters, too");
	tap_is_str(cleaned("a", ""), "", "but an empty one");
	if (jm_secret_init(&s, jm_span_str("abcd"), NULL) != 0)
		exit(1);
	jm_secret_clean(&s, small, sizeof small);
	tap_is_str(small, "-ERR ", "a mark that does not fit is left out");
	jm_secret_clean(NULL, small, sizeof small);
	tap_is_str(small, "-ERR ", "without a secret nothing is done");
	jm_secret_release(&s);
	if (jm_secret_init(&s, jm_span_str("hunter22"), NULL) != 0)
		exit(1);
	tap_ok(jm_secret_is_in(&s, jm_span_str("id-HUNTER22-7")) &&
		jm_secret_is_in(&s, jm_span_str("aHVudGVyMjI=")),
	    "an id with the secret");
	tap_ok(!jm_secret_is_in(&s, jm_span_str("0000000165b3f9d2")) &&
		!jm_secret_is_in(NULL, jm_span_str("hunter22")),
	    "an id without it");
	jm_secret_release(&s);
	tap_ok(!s.form[0], "released");
}

static void long_texts(void)
{
	char *text = malloc(3 * TEXT_BYTES);
	struct jm_secret s;

	memset(text, 'x', 3 * TEXT_BYTES - 1);
	text[3 * TEXT_BYTES - 1] = '\0';
	memcpy(text + TEXT_BYTES - 30, " hunter22 ", 10);
	memcpy(text + TEXT_BYTES - 6, " hunter22", 9);
	if (jm_secret_init(&s, jm_span_str("hunter22"), NULL) != 0)
		exit(1);
	jm_secret_clean(&s, text, 3 * TEXT_BYTES);
	tap_ok(strlen(text) < TEXT_BYTES && !has_nocase(text, "hunt"), "a long text is cut off");
	jm_secret_release(&s);
	free(text);
}

int main(void)
{
	for (size_t i = 0; i < sizeof secrets / sizeof secrets[0]; i++) {
		forms(secrets[i]);
		breaks(secrets[i]);
	}
	parts();
	kept();
	long_texts();
	return tap_done();
}
