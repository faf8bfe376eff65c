/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading the corpus of reports, and the checks of a result. See journaled.h. */
#include "t/lib/journaled.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/io.h"
#include "common/journal/steps.h"
#include "common/mail/charset.h"

static void give_up(const char *what, const char *why)
{
	printf("Bail out! %s: %s\n", what, why);
	exit(1);
}

static const char *source_folder(void)
{
	const char *dir = getenv("JM_SRCDIR");

	return dir ? dir : ".";
}

const char *const *journaled_corpus(size_t *n_r)
{
	static glob_t found; /* lives as long as the test */
	char pattern[1024];
	size_t k;

	snprintf(pattern, sizeof pattern, "%s/t/corpus/*/*.eml", source_folder());
	if (glob(pattern, 0, NULL, &found) != 0)
		give_up(pattern, "no such files");
	for (k = 0; k < found.gl_pathc; k++) {
		memmove(found.gl_pathv[k], found.gl_pathv[k] + strlen(source_folder()) + 1,
		    strlen(found.gl_pathv[k]) - strlen(source_folder()));
		found.gl_pathv[k][strlen(found.gl_pathv[k]) - 4] = '\0';
	}
	*n_r = found.gl_pathc;
	return (const char *const *)found.gl_pathv;
}

void journaled_read(const char *path, struct jm_buf *b)
{
	char whole[1024];
	unsigned char *p;
	struct jm_err err;
	size_t n;

	snprintf(whole, sizeof whole, "%s/%s", source_folder(), path);
	jm_buf_reset(b);
	if (jm_io_read_file(whole, b->max_bytes, &p, &n, &err) != 0 ||
	    jm_buf_add(b, p, n, &err) != 0)
		give_up(whole, err.text);
	free(p);
}

struct jm_unwrap_options journaled_options(void)
{
	static const char *const domains[] = { "journal.example.com", "journal.contoso.com", NULL },
				 *const senders[] = { "journal-ndr@example.com", NULL };

	return (struct jm_unwrap_options){ .journal_domains = domains,
		.report_senders = senders,
		.remove_journal_headers = true };
}

void journaled_bytes(const struct jm_content *c, struct jm_buf *b)
{
	struct jm_err err;
	size_t at = 0, k;
	int rc = 0;

	jm_buf_reset(b);
	for (k = 0; k < c->cuts_n; k++) {
		rc |= jm_buf_add_span(b, jm_span_sub(c->raw, at, c->cuts[k].off - at), &err);
		at = c->cuts[k].off + c->cuts[k].len;
	}
	rc |= jm_buf_add_span(b, jm_span_sub(c->raw, at, c->raw.len), &err);
	if (rc != 0)
		give_up("archived bytes", err.text);
}

static const char *content_fault(struct jm_span received, const struct jm_content *c)
{
	size_t at = 0, cut = 0, k;
	struct jm_span raw;
	const char *fault = NULL;
	struct jm_err err;
	void *owned;
	const struct jm_steps_memory memory = { NULL, &owned };

	if (c->steps_n < 1 || c->steps_n > JM_UNWRAP_MAX_STEPS)
		return "the number of steps is off";
	for (k = 0; k < c->cuts_n; k++) {
		if (c->cuts[k].off < at || c->cuts[k].len > c->raw.len - c->cuts[k].off ||
		    c->cuts[k].len <= c->cuts[k].name.len)
			return "a cut lies outside or overlaps";
		at = c->cuts[k].off + c->cuts[k].len;
		cut += c->cuts[k].len;
	}
	if (c->size_bytes != c->raw.len - cut)
		return "the size does not add up";
	if (jm_steps_follow(received, c->steps, c->steps_n, &memory, &raw, &err) != 0)
		return "the steps cannot be followed";
	if (!jm_span_eq(raw, c->raw))
		fault = "the steps lead elsewhere";
	free(owned);
	return fault;
}

static bool is_text(struct jm_span s)
{
	return jm_span_none(s) ? s.len == 0 : jm_charset_is_utf8(s);
}

const char *journaled_fault(struct jm_span received, const struct jm_unwrap *u)
{
	const struct jm_span text[] = { u->envelope_sender, u->on_behalf_of, u->subject,
		u->message_id, u->label, u->mailbox, u->sent_utc, u->received_utc };
	const char *fault = content_fault(received, &u->message);
	size_t k;

	if (!fault && u->has_companion)
		fault = content_fault(received, &u->companion);
	if (fault)
		return fault;
	for (k = 0; k < sizeof text / sizeof text[0]; k++)
		if (!is_text(text[k]))
			return "a text is not UTF-8";
	for (k = 0; k < u->recipients_n; k++) {
		const struct jm_recipient *r = &u->recipients[k];

		if (r->address.len == 0 || !is_text(r->address) || !is_text(r->via_address) ||
		    (r->via != JM_VIA_NONE) != (r->via_address.len > 0))
			return "a recipient is not well-formed";
	}
	if (u->variant == JM_VARIANT_PLAIN
		? u->nesting != 0 || !jm_span_eq(u->message.raw, received)
		: u->nesting < 1 || u->nesting > 8 || u->step_down || u->recipients_n == 0 ||
		    u->message.raw.len == 0)
		return "variant, nesting and message contradict each other";
	if (u->levels_n != (u->nesting > 0 ? u->nesting - 1 : 0))
		return "the levels are not those that were unwrapped";
	return NULL;
}

const char *journaled_try(
    struct jm_span received, const struct jm_unwrap_options *options, struct jm_unwrap *u)
{
	struct jm_err err = { JM_E_NONE };

	if (jm_unwrap(received, options, u, &err) != 0)
		give_up("jm_unwrap", err.text);
	return journaled_fault(received, u);
}
