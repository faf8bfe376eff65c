/* SPDX-License-Identifier: BSD-2-Clause */
/* Domain names and SMTP paths. Address lists of header fields are address.c's. See domain.h. */
#include "common/mail/domain.h"

#include <idn2.h>
#include <stdint.h>

int jm_domain_normalise(struct jm_span domain, char text_r[JM_DOMAIN_BYTES])
{
	bool ascii = true;
	uint8_t *ace = NULL;
	size_t k, n;

	if (domain.len > 0 && domain.p[domain.len - 1] == '.')
		domain.len--;
	text_r[0] = '\0';
	if (domain.len == 0 || domain.len >= JM_DOMAIN_BYTES || memchr(domain.p, '\0', domain.len))
		return -1;
	for (k = 0; k < domain.len; k++) {
		text_r[k] = (char)jm_lower(domain.p[k]);
		ascii = ascii && domain.p[k] < 0x80;
	}
	text_r[k] = '\0';
	if (ascii)
		return 0;
	if (idn2_lookup_u8((const uint8_t *)text_r, &ace, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) !=
	    IDN2_OK)
		return 0;
	n = strlen((const char *)ace);
	while (n > 0 && ace[n - 1] == '.') /* from dots of other kinds */
		n--;
	/* A blank of another kind is no part of a name either: then the text stays. */
	if (!memchr(ace, ' ', n) && n > 0 && n < JM_DOMAIN_BYTES) {
		memcpy(text_r, ace, n);
		text_r[n] = '\0';
	}
	idn2_free(ace);
	return n > 0 && n < JM_DOMAIN_BYTES ? 0 : -1;
}

bool jm_domain_among(struct jm_span address, const char *const *domains)
{
	char name[JM_DOMAIN_BYTES], other[JM_DOMAIN_BYTES];
	size_t at = jm_span_rindex(address, '@');

	if (at == address.len ||
	    jm_domain_normalise(jm_span_sub(address, at + 1, address.len), name) != 0)
		return false;
	for (; domains && *domains; domains++)
		if (jm_domain_normalise(jm_span_str(*domains), other) == 0 &&
		    strcmp(name, other) == 0)
			return true;
	return false;
}

static bool is_alphanumeric(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

const char *jm_domain_fault(const char *domain)
{
	struct jm_span s = jm_span_str(domain);
	bool all_digits = true;

	for (size_t from = 0;;) {
		struct jm_span label = jm_span_sub(
		    s, from, jm_span_index(jm_span_sub(s, from, s.len), '.'));

		if (label.len == 0)
			return "there is an empty label";
		if (label.len > 63)
			return "a label is longer than 63 bytes";
		if (label.p[0] == '-' || label.p[label.len - 1] == '-')
			return "a label begins or ends with '-'";
		all_digits = true;
		for (size_t i = 0; i < label.len; i++) {
			if (!is_alphanumeric(label.p[i]) && label.p[i] != '-')
				return label.p[i] >= 0x80 ? "it is no valid internationalised name"
							  : "there are characters other than "
							    "letters, digits, '-' and '.'";
			all_digits = all_digits && (label.p[i] >= '0' && label.p[i] <= '9');
		}
		from += label.len;
		if (from >= s.len)
			break;
		from++;
	}
	return all_digits ? "an IP address is not a domain" : NULL;
}

/* The offset of the last "@" outside of quoted strings; s.len when s does not have one. */
static size_t find_at(struct jm_span s)
{
	size_t k, at = s.len;
	bool quoted = false;

	for (k = 0; k < s.len; k++) {
		if (s.p[k] == '\\' && quoted)
			k++;
		else if (s.p[k] == '"')
			quoted = !quoted;
		else if (s.p[k] == '@' && !quoted)
			at = k;
	}
	return quoted ? s.len : at;
}

bool jm_domain_split_path(struct jm_span path, struct jm_span *local_r, struct jm_span *domain_r)
{
	static const unsigned char nothing[1];
	size_t at;

	*local_r = *domain_r = jm_span_of(nothing, 0);
	path = jm_span_trim(path);
	if (path.len > 0 && path.p[0] == '<') {
		if (path.p[path.len - 1] != '>')
			return false;
		path = jm_span_trim(jm_span_sub(path, 1, path.len - 2));
	}
	/* A source route is ignored: RFC 5321 appendix F.2. */
	if (path.len > 0 && path.p[0] == '@') {
		at = jm_span_index(path, ':');
		if (at == path.len)
			return false;
		path = jm_span_sub(path, at + 1, path.len);
	}
	if (path.len == 0)
		return true;
	at = find_at(path);
	if (at == 0)
		return false;
	*local_r = jm_span_sub(path, 0, at);
	if (at < path.len)
		*domain_r = jm_span_sub(path, at + 1, path.len);
	return true;
}
