/* SPDX-License-Identifier: BSD-2-Clause */
/* Fuzzing of what shows text from outside: a terminal, the status page, the metrics, a shell
 * command. Nothing raw may come through. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/visible.h"
#include "common/json/read.h"
#include "common/mail/charset.h"
#include "common/mail/decode.h"
#include "common/publish/figure.h"
#include "common/publish/metrics.h"
#include "milter/ctl/cli/print.h"
#include "milter/ctl/cli/quote.h"
#include "milter/web/page.h"
#include "t/fuzz/fuzz.h"

/* UTF-8 without control characters but line ends, and without what changes the direction. */
static bool is_calm(struct jm_span s, bool lines)
{
	struct jm_span bytes;
	uint32_t c;

	while (s.len > 0) {
		enum jm_visible kind = jm_visible_read(&s, &bytes, &c);

		if (kind == JM_VISIBLE_INVALID || (c < ' ' && !(lines && c == '\n')) ||
		    (c >= 0x7f && c < 0xa0) || c == 0x200e || c == 0x200f ||
		    (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069))
			return false;
	}
	return true;
}

/* Append the character of an escape, and move *s past it. */
static void add_unescaped(struct jm_buf *b, struct jm_span *s)
{
	static const char short_form[] = "n\nt\tr\r\\\\";
	uint32_t c = 0;
	size_t n = 2;
	char utf8[8] = "";
	const char *found = s->len > 1 ? memchr(short_form, s->p[1], 7) : NULL;

	fuzz_claim(s->len > 1, "an escape is whole");
	if (s->p[1] == 'x' || s->p[1] == 'u') {
		for (n = s->p[1] == 'x' ? 2 : 3;
		     n < s->len && jm_decode_hex(s->p[n]) >= 0 && !(s->p[1] == 'x' && n == 4); n++)
			c = c << 4 | (uint32_t)jm_decode_hex(s->p[n]);
		n += s->p[1] == 'u';
	} else {
		fuzz_claim(found && (found - short_form) % 2 == 0, "an escape is known");
		c = (unsigned char)found[1];
	}
	if (c < 0x80 || s->p[1] == 'x')
		utf8[0] = (char)c;
	else if (c < 0x800)
		snprintf(utf8, sizeof utf8, "%c%c", (int)(0xc0 | c >> 6), (int)(0x80 | (c & 63)));
	else if (c < 0x10000)
		snprintf(utf8, sizeof utf8, "%c%c%c", (int)(0xe0 | c >> 12),
		    (int)(0x80 | (c >> 6 & 63)), (int)(0x80 | (c & 63)));
	else
		snprintf(utf8, sizeof utf8, "%c%c%c%c", (int)(0xf0 | c >> 18),
		    (int)(0x80 | (c >> 12 & 63)), (int)(0x80 | (c >> 6 & 63)),
		    (int)(0x80 | (c & 63)));
	*s = jm_span_sub(*s, n, s->len);
	if (jm_buf_add(b, utf8, c == 0 ? 1 : strlen(utf8), NULL) != 0)
		abort();
}

/* The text that has these escapes. */
static void unescape(struct jm_span s, struct jm_buf *b)
{
	while (s.len > 0)
		if (s.p[0] == '\\') {
			add_unescaped(b, &s);
		} else {
			if (jm_buf_add_byte(b, s.p[0], NULL) != 0)
				abort();
			s = jm_span_sub(s, 1, s.len);
		}
}

/* Each kind of escape: nothing raw comes out, and the text can be had back. */
static void run_visible(struct jm_span in)
{
	char *text = strndup(in.len > 0 ? (const char *)in.p : "", in.len), line[200];
	struct jm_buf out, back;
	json_t *value = NULL, *same = NULL;
	size_t n;

	jm_buf_init(&out, FUZZ_OUT_BYTES);
	jm_buf_init(&back, FUZZ_OUT_BYTES);
	if (jm_visible_add(&out, in, NULL) == 0) {
		fuzz_claim(is_calm(jm_buf_span(&out), false), "nothing raw comes through");
		unescape(jm_buf_span(&out), &back);
		fuzz_claim(jm_span_eq(jm_buf_span(&back), in), "the escapes are the text");
	}
	n = jm_visible_line(text ? text : "", line, sizeof line);
	fuzz_claim(n < sizeof line && strlen(line) == n && is_calm(jm_span_of(line, n), false),
	    "a line is calm, within its room");
	jm_buf_reset(&out);
	if (jm_visible_xml(&out, in, NULL) == 0)
		fuzz_claim(is_calm(jm_buf_span(&out), false) &&
			jm_span_index(jm_buf_span(&out), '<') == out.len &&
			jm_span_index(jm_buf_span(&out), '"') == out.len,
		    "no markup comes through");
	jm_buf_reset(&out);
	if (jm_json_read(in.p, in.len, &value, NULL) == 0 && jm_visible_json(&out, in, NULL) == 0)
		fuzz_claim(is_calm(jm_buf_span(&out), true) &&
			jm_json_read(out.p, out.len, &same, NULL) == 0 &&
			json_equal(value, same) == 1,
		    "JSON with escapes has the same values");
	json_decref(value);
	json_decref(same);
	jm_buf_release(&back);
	jm_buf_release(&out);
	free(text);
}

static void run_print(struct jm_span in)
{
	unsigned columns = fuzz_octet(&in) & 127;
	char *text = NULL;
	size_t n = 0, used;
	FILE *f = open_memstream(&text, &n);

	if (!f)
		abort();
	used = jm_print_cell(f, in, columns, true);
	fuzz_claim(columns == 0 || columns <= 3 || used == columns, "a cell has its columns");
	jm_print_text(f, in);
	fclose(f);
	fuzz_claim(is_calm(jm_span_of(text, n), false), "nothing raw is printed");
	free(text);
}

/* The word as a shell reads it: single quotes, and $'...'. */
static void run_shell(struct jm_span in)
{
	char *word = strndup(in.len > 0 ? (const char *)in.p : "", in.len);
	struct jm_buf out;

	jm_buf_init(&out, FUZZ_OUT_BYTES);
	if (!word)
		abort();
	if (jm_ctl_quote(&out, word, NULL) == 0) {
		fuzz_claim(out.len >= strlen(word) && out.len > 0, "a quoted word is no shorter");
		for (size_t k = 0; k < out.len; k++)
			fuzz_claim(out.p[k] >= ' ' && out.p[k] != 0x7f, "no control character");
	}
	jm_buf_release(&out);
	free(word);
}

/* Every "<" of a page begins an element of ours, and every quote in one closes. No text from
 * outside can do either. */
static bool has_our_elements_only(struct jm_span page)
{
	static const char ours[] =
	    " !DOCTYPE a b bdi body br caption circle code dd details div dl dt figcaption figure "
	    "footer g h1 h2 h3 head html li line link main meta p path rect small span strong "
	    "summary svg table tbody td text th thead time title tr ul wbr ";
	char name[16];

	for (size_t k = 0, n; k < page.len; k++) {
		bool quoted = false;

		if (page.p[k] != '<')
			continue;
		k += k + 1 < page.len && page.p[k + 1] == '/' ? 2 : 1;
		for (n = 0;
		     n < 12 && k + n < page.len && page.p[k + n] != '>' && page.p[k + n] != ' ';)
			n++;
		snprintf(name, sizeof name, " %.*s ", (int)n, page.p + k);
		if (!strstr(ours, name))
			return false;
		for (; k < page.len && (quoted || page.p[k] != '>'); k++) {
			if (page.p[k] == '<')
				return false;
			quoted ^= page.p[k] == '"';
		}
		if (k == page.len)
			return false;
	}
	return true;
}

/* The published state, read from its file, as a page and as metrics. */
static void run_page(struct jm_span in)
{
	const char *folder = fuzz_folder("publish");
	struct jm_published s;
	struct jm_buf out;
	struct jm_err err;
	char path[256];

	snprintf(path, sizeof path, "%s/status.json", folder);
	fuzz_write_file(path, in);
	jm_published_read(&s, folder, 0);
	fuzz_claim(s.document || s.trouble[0], "a state that is no use has a reason");
	for (int tables = 0; tables < 2; tables++) {
		if (jm_page_write(&s, tables, &out, &err) == 0)
			fuzz_claim(is_calm(jm_buf_span(&out), true) &&
				has_our_elements_only(jm_buf_span(&out)),
			    "the page has nothing raw");
		jm_buf_release(&out);
	}
	jm_buf_init(&out, FUZZ_OUT_BYTES);
	if (s.document && jm_figures_metrics(s.document, &out, &err) == 0)
		fuzz_claim(jm_charset_is_utf8(jm_buf_span(&out)), "metrics are UTF-8");
	jm_buf_release(&out);
	jm_published_release(&s);
}

const struct fuzz_target fuzz_shown[] = {
	{ "visible", run_visible },
	{ "print", run_print },
	{ "shell", run_shell },
	{ "page", run_page },
	{ NULL },
};
