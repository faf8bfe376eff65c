/* SPDX-License-Identifier: BSD-2-Clause */
/* The form in which mailbox addresses are compared. Most are plain ASCII and only need lower case.
 * See address_form.h. */
#include "common/mail/address_form.h"

#include <stdlib.h>

#include "common/mail/field.h"
#include "common/mail/fold.h"

#define ADDRESS_BYTES (1024u * 1024)

bool jm_address_form_is_plain(struct jm_span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.p[i] <= ' ' || s.p[i] >= 0x7f || s.p[i] == '"' || s.p[i] == '\\' ||
		    s.p[i] == '<' || s.p[i] == '>')
			return false;
	return s.len == 0 || (s.p[0] != '@' && s.p[s.len - 1] != '.');
}

static bool has_other(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text >= 0x80)
			return true;
	return false;
}

/* A text without blanks around it, and without any of these characters at its end. */
static struct jm_span without_end(struct jm_span text, unsigned char c)
{
	struct jm_span s = jm_field_strip(text);

	while (s.len > 0 && s.p[s.len - 1] == c)
		s = jm_field_strip(jm_span_sub(s, 0, s.len - 1));
	return s;
}

int jm_address_form_domain(struct jm_span domain, char text_r[JM_DOMAIN_BYTES])
{
	struct jm_err ignored;
	struct jm_buf lower;
	int rc = jm_domain_normalise(without_end(domain, '.'), text_r);

	if (rc != 0 || !has_other(text_r))
		return rc;
	jm_buf_init(&lower, JM_DOMAIN_BYTES - 1);
	if (jm_fold_lower(jm_span_str(text_r), &lower, &ignored) == 0)
		memcpy(text_r, jm_buf_str(&lower), lower.len + 1);
	jm_buf_release(&lower);
	return 0;
}

/* Append the local part without quotes. */
static int add_local(struct jm_span local, struct jm_buf *out, struct jm_err *err)
{
	struct jm_buf bare;
	bool quoted = false;
	int rc = 0;

	if (jm_span_index(local, '"') == local.len)
		return jm_fold_lower(local, out, err);
	jm_buf_init(&bare, ADDRESS_BYTES);
	for (size_t i = 0; rc == 0 && i < local.len; i++) {
		if (local.p[i] == '"') {
			quoted = !quoted;
			continue;
		}
		i += quoted && local.p[i] == '\\' && i + 1 < local.len;
		rc = jm_buf_add_byte(&bare, local.p[i], err);
	}
	if (rc == 0)
		rc = jm_fold_lower(jm_buf_span(&bare), out, err);
	jm_buf_release(&bare);
	return rc;
}

static int add_domain(struct jm_span domain, struct jm_buf *out, struct jm_err *err)
{
	char name[JM_DOMAIN_BYTES];

	if (jm_buf_add_byte(out, '@', err) != 0)
		return -1;
	if (jm_address_form_domain(domain, name) != 0)
		return jm_fold_lower(domain, out, err);
	return jm_buf_add_span(out, jm_span_str(name), err);
}

/* Split an address. With only dots after its last "@", that belongs to neither. */
static void split_form(struct jm_span address, struct jm_span *local_r, struct jm_span *domain_r)
{
	for (;;) {
		address = without_end(address, '@'); /* it has no domain */
		if (!jm_domain_split_path(address, local_r, domain_r)) {
			*local_r = address;
			domain_r->len = 0;
			break;
		}
		*domain_r = without_end(*domain_r, '.');
		if (domain_r->len > 0 || local_r->len == address.len)
			break;
		address = *local_r;
	}
	*local_r = jm_field_strip(*local_r);
}

int jm_address_form_put(struct jm_span address, struct jm_buf *out, struct jm_err *err)
{
	struct jm_span local, domain;

	jm_buf_reset(out);
	if (jm_address_form_is_plain(address)) {
		if (jm_buf_add_span(out, address, err) != 0)
			return -1;
		for (size_t i = 0; i < out->len; i++)
			out->p[i] = jm_lower(out->p[i]);
		return 0;
	}
	split_form(address, &local, &domain);
	if (add_local(local, out, err) != 0)
		return -1;
	return domain.len > 0 ? add_domain(domain, out, err) : 0;
}

int jm_address_form_fits(struct jm_span address, struct jm_span key, struct jm_err *err)
{
	struct jm_buf form;
	int rc;

	if (jm_address_form_is_plain(address))
		return jm_span_eq_nocase(address, key);
	jm_buf_init(&form, ADDRESS_BYTES);
	rc = jm_address_form_put(address, &form, err);
	if (rc == 0)
		rc = jm_span_eq(jm_buf_span(&form), key);
	jm_buf_release(&form);
	return rc;
}

char *jm_address_form_name(struct jm_span address)
{
	struct jm_err ignored;
	struct jm_buf form;

	jm_buf_init(&form, ADDRESS_BYTES);
	if (jm_address_form_put(address, &form, &ignored) == 0 &&
	    jm_buf_reserve(&form, 0, &ignored) == 0) {
		form.p[form.len] = 0;
		return (char *)form.p;
	}
	jm_buf_release(&form);
	return NULL;
}

/* ---- typed addresses ---- */

struct jm_span jm_address_form_bare(struct jm_span s)
{
	static const char *const pairs[][2] = { { "\"", "\"" }, { "'", "'" }, { "`", "`" },
		{ "“", "”" }, { "„", "“" }, { "‘", "’" }, { "«", "»" } };
	static const char *const blanks[] = { "\xc2\xa0", "\xe2\x80\x8b", "\xe2\x81\xa0",
		"\xef\xbb\xbf" };
	size_t before;

	do {
		before = s.len;
		s = jm_field_strip(s);
		for (size_t i = 0; i < sizeof blanks / sizeof blanks[0]; i++) {
			struct jm_span b = jm_span_str(blanks[i]);

			if (jm_span_starts_nocase(s, b))
				s = jm_span_sub(s, b.len, s.len);
			if (s.len >= b.len && jm_span_eq(jm_span_sub(s, s.len - b.len, b.len), b))
				s.len -= b.len;
		}
		for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
			struct jm_span a = jm_span_str(pairs[i][0]), b = jm_span_str(pairs[i][1]);

			if (s.len > a.len + b.len && jm_span_starts_nocase(s, a) &&
			    jm_span_eq(jm_span_sub(s, s.len - b.len, b.len), b))
				s = jm_span_sub(s, a.len, s.len - a.len - b.len);
		}
		if (s.len > 1 && (s.p[s.len - 1] == ',' || s.p[s.len - 1] == ';') &&
		    jm_span_index(s, '@') < s.len && jm_span_index(s, '&') == s.len)
			s.len--;
	} while (s.len < before);
	return s;
}

/* Does text have wide letters (U+FF01 to U+FF5E), as input methods write them? */
static bool has_wide(struct jm_span s)
{
	for (size_t i = 0; i + 2 < s.len; i++)
		if (s.p[i] == 0xef && (s.p[i + 1] == 0xbc || s.p[i + 1] == 0xbd))
			return true;
	return false;
}

static struct jm_span without_scheme(struct jm_span s)
{
	static const char *const schemes[] = { "mailto:", "smtp:" };

	for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++)
		if (jm_span_starts_nocase(s, jm_span_str(schemes[i])))
			s = jm_field_strip(jm_span_sub(s, strlen(schemes[i]), s.len));
	return s;
}

/* The mailbox in a typed text. */
static struct jm_span typed_mailbox(struct jm_span s)
{
	size_t open;

	s = without_scheme(jm_address_form_bare(s));
	open = jm_span_rindex(s, '<');
	if (open < s.len) {
		s = jm_span_sub(s, open + 1, s.len);
		s = jm_address_form_bare(jm_span_sub(s, 0, jm_span_index(s, '>')));
		s = without_scheme(s);
	}
	return jm_address_form_bare(s);
}

int jm_address_form_typed(struct jm_span typed, struct jm_buf *out, struct jm_err *err)
{
	struct jm_buf wide;
	struct jm_span s;
	size_t at;
	int rc = 0;

	jm_buf_init(&wide, ADDRESS_BYTES);
	if (has_wide(typed)) {
		rc = jm_fold_text(typed, &wide, err);
		typed = jm_buf_span(&wide);
	}
	s = typed_mailbox(typed);
	at = s.len > 0 && s.p[0] == '*' ? 1 : 0;
	if (rc == 0 && at + 1 < s.len && s.p[at] == '@' && jm_span_index(s, ':') == s.len)
		rc = jm_err_set(err, JM_E_USAGE,
		    "\"%.*s\" is no address of a mailbox; --domain %.*s finds all senders and "
		    "recipients at this domain",
		    s.len > 100 ? 100 : (int)s.len, (const char *)s.p,
		    s.len > 100 ? 100 : (int)(s.len - at - 1), (const char *)s.p + at + 1);
	if (rc == 0)
		rc = jm_address_form_put(s, out, err);
	jm_buf_release(&wide);
	return rc;
}
