/* SPDX-License-Identifier: BSD-2-Clause */
/* Fuzzing of common/mail and common/view: everything that reads a message. */
#include <stdlib.h>
#include <string.h>

#include "common/mail/address.h"
#include "common/mail/address_form.h"
#include "common/mail/charset.h"
#include "common/mail/date.h"
#include "common/mail/decode.h"
#include "common/mail/domain.h"
#include "common/mail/field.h"
#include "common/mail/fold.h"
#include "common/mail/message_id.h"
#include "common/mail/param.h"
#include "common/mail/part.h"
#include "common/mail/token.h"
#include "common/mail/word.h"
#include "common/view/html_text.h"
#include "common/view/preview.h"
#include "t/fuzz/fuzz.h"

/* The walk covers the header block without a gap, and joining what it gives is the block. */
static void run_field(struct jm_span in)
{
	struct jm_fields w;
	struct jm_field f, found;
	struct jm_buf fold;
	struct jm_span value;
	size_t at = 0;

	jm_buf_init(&fold, FUZZ_OUT_BYTES);
	jm_fields_start(&w, in);
	while (jm_fields_next(&w, &f)) {
		fuzz_claim(f.all.p == in.p + at && f.all.len > 0, "fields follow each other");
		at += f.all.len;
		fuzz_claim(fuzz_is_inside(f.name, f.all) && fuzz_is_inside(f.value, f.all),
		    "name and value are in their field");
		if (jm_span_none(f.name) || jm_field_unfold(f.value, &fold, &value, NULL) != 0)
			continue;
		fuzz_claim(value.len <= f.value.len && jm_span_index(value, '\n') == value.len,
		    "an unfolded value is one line, and no longer");
	}
	fuzz_claim(w.pos >= at && w.pos <= in.len, "the body begins after the last field");
	if (jm_field_find(in, "subject", &found))
		fuzz_claim(fuzz_is_inside(found.all, in), "a field that is found is in the data");
	jm_buf_release(&fold);
}

static int see_part(void *ctx, const struct jm_part *p, struct jm_err *err)
{
	struct jm_span *whole = ctx;
	struct jm_buf out;

	(void)err;
	fuzz_claim(p->depth <= JM_PART_DEPTH && jm_charset_is_utf8(p->name),
	    "a part has a depth within the limit, and a name in UTF-8");
	if (p->depth == 0)
		fuzz_claim(fuzz_is_inside(p->header, *whole), "a part is a slice of the message");
	fuzz_claim(fuzz_is_inside(p->content, p->header), "the content is in its part");
	jm_buf_init(&out, p->content.len + 2);
	if (jm_part_decode(p, p->content.len, &out, NULL) == 0)
		fuzz_claim(out.len == jm_part_bytes(p), "a decoded part has the size that it says");
	jm_buf_release(&out);
	return 0;
}

static void run_part(struct jm_span in)
{
	struct jm_buf label;
	bool whole;

	jm_buf_init(&label, FUZZ_OUT_BYTES);
	(void)!jm_parts_look(in, see_part, &in, &whole, NULL);
	(void)!jm_part_charset(in, &label, NULL);
	jm_buf_release(&label);
}

static void run_multipart(struct jm_span in)
{
	struct jm_span value = fuzz_first_line(&in), part, last = jm_span_sub(in, 0, 0);
	struct jm_mime_type t;
	struct jm_multipart m;
	struct jm_buf boundary;
	bool found;

	jm_mime_type_init(&t);
	jm_buf_init(&boundary, FUZZ_OUT_BYTES);
	if (jm_mime_type_parse(&t, value, NULL) == 0 &&
	    jm_mime_type_boundary(&t, &boundary, &found, NULL) == 0 && found) {
		fuzz_claim(boundary.len > 0, "a boundary that is found is not empty");
		jm_multipart_start(&m, in, jm_buf_span(&boundary));
		while (jm_multipart_next(&m, &part)) {
			fuzz_claim(fuzz_is_inside(part, in) && part.p >= last.p + last.len,
			    "parts are in the body, one after the other");
			last = part;
		}
	}
	jm_buf_release(&boundary);
	jm_mime_type_release(&t);
}

/* A parameter is no longer than the value; one that is written whole is read back. */
static void run_param(struct jm_span in)
{
	struct jm_buf octets, charset, value;
	struct jm_param p = { JM_PARAM_TOKEN, &octets, &charset };
	bool found;

	jm_buf_init(&octets, FUZZ_OUT_BYTES);
	jm_buf_init(&charset, FUZZ_OUT_BYTES);
	jm_buf_init(&value, FUZZ_OUT_BYTES);
	for (int form = JM_PARAM_TOKEN; form <= JM_PARAM_NAME; form++) {
		p.form = (enum jm_param_form)form;
		if (jm_param_read(in, "name", &p, &found, NULL) == 0)
			fuzz_claim(octets.len <= in.len && charset.len <= in.len,
			    "a parameter is no longer than the value");
		/* the form of RFC 2231 with everything encoded */
		jm_buf_reset(&value);
		if (jm_buf_printf(&value, NULL, "a/b; name*=utf-8''") != 0)
			continue;
		for (size_t k = 0; k < in.len; k++) {
			const char code[3] = { '%', "0123456789ABCDEF"[in.p[k] >> 4],
				"0123456789ABCDEF"[in.p[k] & 15] };

			if (jm_buf_add(&value, code, sizeof code, NULL) != 0)
				break;
		}
		if (in.len < 1024 * 1024 && in.len > 0 &&
		    jm_param_read(jm_buf_span(&value), "NAME", &p, &found, NULL) == 0)
			fuzz_claim(found && jm_span_eq(jm_buf_span(&octets), in),
			    "what RFC 2231 encodes is decoded again");
	}
	jm_buf_release(&value);
	jm_buf_release(&charset);
	jm_buf_release(&octets);
}

static void put_base64(struct jm_span in, char *text)
{
	static const char digit[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t k = 0; k < in.len; k += 3) {
		unsigned v = 0, n = in.len - k < 3 ? (unsigned)(in.len - k) : 3;

		for (unsigned i = 0; i < 3; i++)
			v = v << 8 | (i < n ? in.p[k + i] : 0u);
		for (unsigned i = 0; i < 4; i++)
			*text++ = i <= n ? digit[v >> (18 - 6 * i) & 63] : '=';
	}
}

/* Counting and decoding agree, and what is encoded is decoded again. */
static void run_encoding(struct jm_span in)
{
	size_t room = in.len * 4 + 4;
	char *text = malloc(room);
	unsigned char *out = malloc(room);
	size_t n;

	if (!text || !out)
		abort();
	for (int cte = JM_CTE_IDENTITY; cte <= JM_CTE_QP; cte++) {
		n = jm_decode((enum jm_cte)cte, in, NULL);
		unsigned char *exact = malloc(n + 1);

		fuzz_claim(exact && n <= in.len, "a decoding is no longer than its input");
		fuzz_claim(jm_decode((enum jm_cte)cte, in, exact) == n,
		    "as many octets are decoded as are counted");
		free(exact);
	}
	put_base64(in, text);
	n = jm_decode_base64(jm_span_of(text, (in.len + 2) / 3 * 4), out);
	fuzz_claim(jm_span_eq(jm_span_of(out, n), in), "base64 is decoded again");
	n = 0;
	for (size_t k = 0; k < in.len; k++) {
		text[n++] = '=';
		text[n++] = "0123456789ABCDEF"[in.p[k] >> 4];
		text[n++] = "0123456789ABCDEF"[in.p[k] & 15];
	}
	n = jm_decode_qp(jm_span_of(text, n), out);
	fuzz_claim(jm_span_eq(jm_span_of(out, n), in), "quoted-printable is decoded again");
	free(out);
	free(text);
}

static void run_charset(struct jm_span in)
{
	struct jm_span label = fuzz_first_line(&in);
	struct jm_buf out;
	bool fits;

	jm_buf_init(&out, FUZZ_OUT_BYTES);
	if (jm_charset_decode(in, label, &out, NULL) == 0)
		fuzz_claim(jm_charset_is_utf8(jm_buf_span(&out)), "decoded text is UTF-8");
	jm_buf_reset(&out);
	if (jm_charset_replace(in, label, &out, NULL) == 0)
		fuzz_claim(jm_charset_is_utf8(jm_buf_span(&out)), "replaced text is UTF-8");
	jm_buf_reset(&out);
	if (jm_charset_raw(in, label, &out, NULL) == 0)
		fuzz_claim(jm_charset_is_utf8(jm_buf_span(&out)), "raw text is UTF-8");
	(void)!jm_charset_fits(in, label, &fits, NULL);
	jm_buf_reset(&out);
	if (jm_charset_scrub(in, &out, NULL) == 0)
		fuzz_claim(jm_charset_is_utf8(jm_buf_span(&out)) &&
			(!jm_charset_is_utf8(in) || jm_span_eq(jm_buf_span(&out), in)),
		    "scrubbed text is UTF-8; UTF-8 stays as it is");
	jm_buf_release(&out);
}

/* A text in an encoded word comes out as it went in. */
static void check_word(struct jm_span in, struct jm_buf *out)
{
	char text[1024] = "=?utf-8?b?";
	size_t at = strlen(text);

	if (in.len == 0 || in.len > 300 || !jm_charset_is_utf8(in) || memchr(in.p, 0, in.len) ||
	    (in.len >= 3 && memcmp(in.p, "\xef\xbb\xbf", 3) == 0))
		return;
	put_base64(in, text + at);
	at += (in.len + 2) / 3 * 4;
	memcpy(text + at, "?=", 2);
	jm_buf_reset(out);
	if (jm_word_decode(jm_span_of(text, at + 2), jm_span_str(""), out, NULL) == 0)
		fuzz_claim(jm_span_eq(jm_buf_span(out), in), "an encoded word is decoded again");
}

static void run_word(struct jm_span in)
{
	struct jm_span label = fuzz_first_line(&in);
	struct jm_buf out;

	jm_buf_init(&out, FUZZ_OUT_BYTES);
	if (jm_word_decode(in, label, &out, NULL) == 0)
		fuzz_claim(jm_charset_is_utf8(jm_buf_span(&out)), "decoded words are UTF-8");
	check_word(in, &out);
	jm_buf_release(&out);
}

static int count_address(void *n, const struct jm_address *a, struct jm_err *err)
{
	(void)err;
	fuzz_claim(a->text.len > 0, "an address is not empty");
	++*(size_t *)n;
	return 0;
}

static void run_address(struct jm_span in)
{
	struct jm_span local, domain;
	struct jm_token t;
	struct jm_buf out;
	unsigned defects = 0;
	size_t n = 0;

	jm_buf_init(&out, FUZZ_OUT_BYTES);
	if (jm_field_uncomment(in, &out, NULL) == 0)
		fuzz_claim(out.len <= in.len, "without comments a value is no longer");
	if (jm_addresses_read(in, count_address, &n, &defects, NULL) == 0)
		fuzz_claim(
		    n <= 2 * in.len && defects <= in.len, "no more than the list has octets");
	jm_token_read(in, 0, &t);
	fuzz_claim(t.end <= in.len && strlen(t.text) < sizeof t.text, "a token is in the value");
	if (jm_domain_split_path(in, &local, &domain))
		fuzz_claim(fuzz_is_inside(local, in) && fuzz_is_inside(domain, in),
		    "the halves are slices of the path");
	jm_buf_release(&out);
}

/* The form of a form is the form; and the same for domains, Message-IDs and folded text. */
static void run_form(struct jm_span in)
{
	char name[JM_DOMAIN_BYTES], again[JM_DOMAIN_BYTES];
	struct jm_buf form, twice;

	jm_buf_init(&form, FUZZ_OUT_BYTES);
	jm_buf_init(&twice, FUZZ_OUT_BYTES);
	/* without quotes, a text may be another address */
	if (jm_span_index(in, '"') == in.len && jm_span_index(in, '<') == in.len &&
	    jm_address_form_put(in, &form, NULL) == 0 &&
	    jm_address_form_put(jm_buf_span(&form), &twice, NULL) == 0) {
		fuzz_claim(jm_span_eq(jm_buf_span(&form), jm_buf_span(&twice)),
		    "the form of a form of an address is the form");
		fuzz_claim(jm_address_form_fits(in, jm_buf_span(&form), NULL) == 1,
		    "an address fits its form");
	}
	/* octets that are not UTF-8 stay; together they may be a character */
	if (jm_charset_is_utf8(in) && jm_fold_text(in, &form, NULL) == 0 &&
	    jm_fold_text(jm_buf_span(&form), &twice, NULL) == 0)
		fuzz_claim(jm_span_eq(jm_buf_span(&form), jm_buf_span(&twice)),
		    "folded text stays as it is");
	if (jm_domain_normalise(in, name) == 0 && name[strlen(name) - 1] != '.')
		fuzz_claim(
		    jm_domain_normalise(jm_span_str(name), again) != 0 || strcmp(name, again) == 0,
		    "a comparable domain stays as it is");
	(void)!jm_message_id_key(in, &form, NULL);
	(void)!jm_message_id_typed(in, &form, NULL);
	(void)!jm_address_form_typed(in, &form, NULL);
	jm_buf_release(&twice);
	jm_buf_release(&form);
}

static void run_date(struct jm_span in)
{
	int64_t ms;

	if (jm_date_parse(in, &ms) == 0)
		fuzz_claim(ms > INT64_C(-70000000000000) && ms < INT64_C(300000000000000),
		    "the year of a date has four digits");
	(void)!jm_date_typed(in, &ms);
}

static void run_html(struct jm_span in)
{
	struct jm_buf utf8, out;
	bool cut;

	jm_buf_init(&utf8, FUZZ_OUT_BYTES);
	jm_buf_init(&out, 64u * 1024);
	fuzz_claim(fuzz_is_inside(jm_html_charset(in), in), "a charset is a slice of the document");
	if (jm_charset_scrub(in, &utf8, NULL) == 0 &&
	    jm_html_to_text(jm_buf_span(&utf8), &out, &cut, NULL) == 0)
		fuzz_claim(jm_charset_is_utf8(jm_buf_span(&out)), "text of HTML is UTF-8");
	jm_buf_release(&out);
	jm_buf_release(&utf8);
}

static void run_preview(struct jm_span in)
{
	struct jm_preview v;

	if (jm_preview_read(in, true, &v, NULL) == 0) {
		fuzz_claim(
		    v.text.len <= JM_PREVIEW_TEXT_BYTES && jm_charset_is_utf8(jm_buf_span(&v.text)),
		    "the text is UTF-8, within its limit");
		for (size_t i = 0; i < v.headers_n; i++)
			fuzz_claim(jm_charset_is_utf8(v.headers[i].value), "a header is UTF-8");
		for (size_t i = 0; i < v.attachments_n; i++)
			fuzz_claim(jm_charset_is_utf8(v.attachments[i].name), "a name is UTF-8");
	}
	jm_preview_release(&v);
}

const struct fuzz_target fuzz_mail[] = {
	{ "field", run_field, true },
	{ "part", run_part, true },
	{ "multipart", run_multipart },
	{ "param", run_param },
	{ "encoding", run_encoding },
	{ "charset", run_charset },
	{ "word", run_word },
	{ "address", run_address },
	{ "form", run_form },
	{ "date", run_date },
	{ "html", run_html },
	{ "preview", run_preview, true },
	{ NULL },
};
