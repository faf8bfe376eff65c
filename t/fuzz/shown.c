/* SPDX-License-Identifier: BSD-2-Clause */
/* Fuzzing of what shows text from outside: a terminal, the status page, the metrics, a shell
 * command. Nothing raw may come through. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/json/read.h"
#include "common/mail/charset.h"
#include "common/publish/figure.h"
#include "common/publish/metrics.h"
#include "milter/ctl/cli/print.h"
#include "milter/ctl/cli/quote.h"
#include "milter/web/page.h"
#include "t/fuzz/fuzz.h"

/* UTF-8 without control characters but line ends, and without what changes the direction. */
static bool is_calm(struct jm_span s, bool lines)
{
	if (!jm_charset_is_utf8(s))
		return false;
	for (size_t k = 0; k < s.len; k++) {
		unsigned next = k + 1 < s.len ? s.p[k + 1] : 0,
			 third = k + 2 < s.len ? s.p[k + 2] : 0;

		if ((s.p[k] < ' ' && !(lines && s.p[k] == '\n')) || s.p[k] == 0x7f ||
		    (s.p[k] == 0xc2 && next < 0xa0) ||
		    (s.p[k] == 0xe2 &&
			((next == 0x80 &&
			     ((third >= 0x8b && third <= 0x8f) ||
				 (third >= 0xa8 && third <= 0xae))) ||
			    (next == 0x81 && third >= 0xa6 && third <= 0xa9))))
			return false;
	}
	return true;
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

/* The published state as a page and as metrics. */
static void run_page(struct jm_span in)
{
	struct jm_published s = { .age_s = 3 };
	struct jm_buf out;
	struct jm_err err;

	if (jm_json_read(in.p, in.len, &s.document, &err) != 0)
		return;
	if (!json_is_object(s.document)) {
		json_decref(s.document);
		return;
	}
	for (int tables = 0; tables < 2; tables++) {
		if (jm_page_write(&s, tables, &out, &err) == 0)
			fuzz_claim(is_calm(jm_buf_span(&out), true) &&
				has_our_elements_only(jm_buf_span(&out)),
			    "the page has nothing raw");
		jm_buf_release(&out);
	}
	jm_buf_init(&out, FUZZ_OUT_BYTES);
	if (jm_figures_metrics(s.document, &out, &err) == 0)
		fuzz_claim(jm_charset_is_utf8(jm_buf_span(&out)), "metrics are UTF-8");
	jm_buf_release(&out);
	json_decref(s.document);
}

const struct fuzz_target fuzz_shown[] = {
	{ "print", run_print },
	{ "shell", run_shell },
	{ "page", run_page },
	{ NULL },
};
