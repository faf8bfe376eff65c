/* SPDX-License-Identifier: BSD-2-Clause */
/* Fuzzing of mbox files, read and written. */
#include <stdlib.h>
#include <string.h>

#include "common/base/spool.h"
#include "milter/ctl/files/mbox.h"
#include "milter/ctl/files/mbox_quote.h"
#include "milter/ctl/files/source.h"
#include "t/fuzz/fuzz.h"

static int read_window(void *ctx, uint64_t at, void *p, size_t n, struct jm_err *err)
{
	const struct jm_span *file = ctx;

	(void)err;
	fuzz_claim(at <= file->len && n <= file->len - at, "only what is there is read");
	if (n > 0)
		memcpy(p, file->p + at, n);
	return 0;
}

static void run_mbox(struct jm_span in)
{
	unsigned choice = fuzz_octet(&in);

	struct jm_mbox b = { .read = read_window,
		.size_bytes = in.len,
		.quoting = (enum jm_mbox_quoting)(choice % 3),
		.whole = choice & 64,
		.ctx = &in };
	struct jm_spool message;
	struct jm_span text;
	struct jm_err err;
	uint64_t line, last = 0, bytes = 0;
	int rc;

	(void)jm_source_kind(in, choice & 128, &(const char *){ NULL });
	jm_spool_init(&message, fuzz_folder("mbox"), FUZZ_OUT_BYTES);
	if (jm_mbox_start(&b, &err) != 0)
		abort();
	while ((rc = jm_mbox_next(&b, &message, &line, &err)) == 1) {
		fuzz_claim(line > last || b.whole, "messages come in order");
		last = line;
		if (jm_spool_view(&message, &text, &err) == 0)
			bytes += text.len;
	}
	fuzz_claim(rc == 0 && bytes <= in.len, "messages have no more octets than the file");
	jm_mbox_release(&b);
	jm_spool_release(&message);
}

/* A message that is quoted, in two pieces, is read again. */
static void run_quote(struct jm_span in)
{
	size_t at = fuzz_octet(&in), piece;
	struct jm_mbox_quoter q;
	struct jm_mbox b = { .read = read_window, .quoting = JM_MBOX_RD };
	struct jm_spool message;
	struct jm_buf file;
	struct jm_span text = jm_span_of("", 0);
	struct jm_span w;
	struct jm_err err;
	uint64_t line;

	jm_buf_init(&file, FUZZ_OUT_BYTES);
	jm_mbox_quoter_start(&q);
	if (jm_buf_printf(&file, NULL, "From a@b Thu Jan  1 00:00:00 2026\n") != 0)
		abort();
	piece = file.len;
	if (jm_mbox_quote(&q, jm_span_sub(in, 0, at), &file, NULL) != 0 ||
	    jm_mbox_quote(&q, jm_span_sub(in, at, in.len), &file, NULL) != 0 ||
	    jm_mbox_quote_end(&q, &file, NULL) != 0)
		abort();
	fuzz_claim(file.len - piece >= in.len, "quoting loses nothing");
	if (jm_buf_add(&file, "\n\n", in.len > 0 && in.p[in.len - 1] == '\n' ? 1 : 2, NULL) != 0)
		abort();
	w = jm_buf_span(&file);
	b.ctx = &w;
	b.size_bytes = file.len;
	jm_spool_init(&message, fuzz_folder("mbox"), FUZZ_OUT_BYTES);
	if (jm_mbox_start(&b, &err) != 0)
		abort();
	if (jm_mbox_next(&b, &message, &line, &err) == 1 &&
	    jm_spool_view(&message, &text, &err) == 0 && in.len > 0)
		fuzz_claim(text.len >= in.len && jm_span_eq(jm_span_sub(text, 0, in.len), in),
		    "a quoted message is read again");
	jm_mbox_release(&b);
	jm_spool_release(&message);
	jm_buf_release(&file);
}

const struct fuzz_target fuzz_mbox[] = {
	{ "mbox", run_mbox },
	{ "quote", run_quote },
	{ NULL },
};
