/* SPDX-License-Identifier: BSD-2-Clause */
/* Finding the header fields that are removed (R14), and reading around them. See strip.h. */
#include "common/journal/strip.h"

#include "common/mail/field.h"

bool jm_strip_is_journal_header(struct jm_span name)
{
	return jm_span_eq_nocase(name, jm_span_str("X-MS-Exchange-Organization-BCC")) ||
	    jm_span_eq_nocase(name, jm_span_str("X-MS-Exchange-CrossPremises-BCC"));
}

/* The number of journal headers. */
static size_t strip_count(struct jm_span raw)
{
	struct jm_fields w;
	struct jm_field f;
	size_t n = 0;

	jm_fields_start(&w, raw);
	while (jm_fields_next(&w, &f))
		n += jm_strip_is_journal_header(f.name);
	return n;
}

int jm_strip(struct jm_content *content, bool remove, struct jm_arena *arena, bool *limited_r,
    struct jm_err *err)
{
	struct jm_fields w;
	struct jm_field f;
	struct jm_err cause;
	size_t n;

	*limited_r = false;
	content->cuts = NULL;
	content->cuts_n = 0;
	content->size_bytes = content->raw.len;
	n = remove ? strip_count(content->raw) : 0;
	if (n == 0)
		return 0;
	if (n > JM_STRIP_CUTS) {
		*limited_r = true;
		n = JM_STRIP_CUTS;
	}
	content->cuts = jm_arena_alloc(arena, n * sizeof *content->cuts, &cause);
	if (!content->cuts) {
		*limited_r = true;
		if (cause.kind == JM_E_LIMIT)
			return 0;
		if (err)
			*err = cause;
		return -1;
	}
	jm_fields_start(&w, content->raw);
	while (content->cuts_n < n && jm_fields_next(&w, &f)) {
		if (!jm_strip_is_journal_header(f.name))
			continue;
		content->cuts[content->cuts_n++] = (struct jm_cut){
			(size_t)(f.all.p - content->raw.p), f.all.len, f.name
		};
		content->size_bytes -= f.all.len;
	}
	return 0;
}

int jm_strip_walk(struct jm_span raw, const struct jm_cut *cuts, size_t n, jm_strip_sink *sink,
    void *ctx, struct jm_err *err)
{
	size_t at = 0;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i <= n; i++) {
		size_t end = i < n ? cuts[i].off : raw.len;

		if (end > at)
			rc = sink(ctx, raw.p + at, end - at, err);
		at = end + (i < n ? cuts[i].len : 0);
	}
	return rc;
}

static int digest_piece(void *ctx, const void *p, size_t n, struct jm_err *err)
{
	return jm_sha256_add(ctx, p, n, err);
}

int jm_strip_digest(struct jm_span raw, const struct jm_cut *cuts, size_t n,
    unsigned char digest_r[JM_SHA256_BYTES], struct jm_err *err)
{
	struct jm_sha256 sha;

	if (jm_sha256_start(&sha, err) != 0)
		return -1;
	if (jm_strip_walk(raw, cuts, n, digest_piece, &sha, err) != 0) {
		jm_sha256_abandon(&sha);
		return -1;
	}
	return jm_sha256_finish(&sha, digest_r, err);
}
