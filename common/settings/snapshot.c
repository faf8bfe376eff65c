/* SPDX-License-Identifier: BSD-2-Clause */
/* Writing loaded settings as XML with masked secrets, and unmasking them. The texts of values come
 * from typed_value.c. See snapshot.h. */
#include "common/settings/snapshot.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/base/digest.h"
#include "common/base/visible.h"
#include "common/settings/member.h"
#include "common/settings/table.h"
#include "common/settings/typed_value.h"

#define SALT_DIGITS 16
#define DIGEST_DIGITS 4
#define MASK_BYTES (SALT_DIGITS + 1 + DIGEST_DIGITS + 1)
#define SECRET_BYTES 2048

static int put_element(
    struct jm_buf *b, const char *name, const char *more, const char *text, struct jm_err *err)
{
	return jm_buf_printf(b, err, "<%s%s>", name, more) != 0 ||
		jm_visible_xml(b, jm_span_str(text), err) != 0 ||
		jm_buf_printf(b, err, "</%s>\n", name) != 0
	    ? -1
	    : 0;
}

/* Compute the mask of secret: SALT_DIGITS of salt, ":" and the first digits of a digest. */
static int mask_secret(
    const char *secret, const char *salt, char mask_r[MASK_BYTES], struct jm_err *err)
{
	char both[SALT_DIGITS + SECRET_BYTES], hex[JM_SHA256_HEX_BYTES];
	unsigned char digest[JM_SHA256_BYTES];

	snprintf(both, sizeof both, "%.*s%s", SALT_DIGITS, salt, secret);
	if (jm_sha256_of(jm_span_str(both), digest, err) != 0)
		return -1;
	snprintf(mask_r, MASK_BYTES, "%.*s:%.*s", SALT_DIGITS, salt, DIGEST_DIGITS,
	    jm_sha256_hex(digest, hex));
	return 0;
}

/* Write the mask of secret, with a new salt. */
static int put_secret(
    struct jm_buf *b, const struct jm_setting *t, const char *secret, struct jm_err *err)
{
	unsigned char random[SALT_DIGITS / 2];
	char salt[SALT_DIGITS + 1], text[MASK_BYTES];

	if (jm_random_bytes(random, sizeof random, err) != 0)
		return -1;
	for (size_t i = 0; i < sizeof random; i++)
		snprintf(salt + 2 * i, 3, "%02x", random[i]);
	return mask_secret(secret, salt, text, err) != 0 ? -1
							 : put_element(b, t->name, "", text, err);
}

static int put_value(
    struct jm_buf *b, const struct jm_setting *t, const void *base, struct jm_err *err)
{
	char number[JM_VALUE_BYTES];
	const char *text = jm_value_text(t, base, number);

	if (!text)
		return 0;
	return jm_setting_is_secret(t) ? put_secret(b, t, text, err)
				       : put_element(b, t->name, "", text, err);
}

static int put_section(
    struct jm_buf *b, const char *section, const void *base, const int *lines, struct jm_err *err);

/* Write all elements of a setting with many. */
static int put_many(
    struct jm_buf *b, const struct jm_setting *t, const void *base, struct jm_err *err)
{
	const char *array;
	size_t n;
	int rc = 0;

	memcpy(&array, (const char *)base + t->offset, sizeof array);
	memcpy(&n, (const char *)base + t->many_offset, sizeof n);
	for (size_t i = 0; i < n && rc == 0; i++) {
		const void *element = array + i * t->many_size;
		char text[JM_CIDR_TEXT_BYTES];

		if (t->type == JM_SETTING_GROUP)
			rc = jm_buf_printf(b, err, "<%s>\n", t->name) != 0 ||
				put_section(b, t->name, element,
				    ((const struct jm_service *)element)->lines, err) != 0 ||
				jm_buf_printf(b, err, "</%s>\n", t->name) != 0
			    ? -1
			    : 0;
		else if (t->type == JM_SETTING_RANGE)
			rc = put_element(b, t->name, "", jm_cidr_format(element, text), err);
		else
			rc = put_element(b, t->name,
			    t->type == JM_SETTING_DOMAIN &&
				    ((const struct jm_domain *)element)->sub_domains
				? " sub-domains=\"yes\""
				: "",
			    /* the name comes first in struct jm_domain, too */
			    ((const struct jm_source *)element)->name, err);
	}
	return rc;
}

/* Write a group, but not an empty one. */
static int put_group(struct jm_buf *b, const struct jm_setting *t, const void *base,
    const int *lines, struct jm_err *err)
{
	size_t before = b->len, inner;

	if (jm_buf_printf(b, err, "<%s>\n", t->name) != 0)
		return -1;
	inner = b->len;
	if (put_section(b, t->name, (const char *)base + t->offset, lines, err) != 0)
		return -1;
	if (b->len > inner)
		return jm_buf_printf(b, err, "</%s>\n", t->name);
	b->len = before;
	return 0;
}

static int put_section(
    struct jm_buf *b, const char *section, const void *base, const int *lines, struct jm_err *err)
{
	size_t n;
	const struct jm_setting *table = jm_settings_table(&n);
	int rc = 0;

	for (size_t i = 0; i < n && rc == 0; i++) {
		const struct jm_setting *t = &table[i];

		if (strcmp(t->section, section) != 0)
			continue;
		if (t->many_size)
			rc = put_many(b, t, base, err);
		else if (t->type == JM_SETTING_GROUP)
			rc = put_group(b, t, base, lines, err);
		else if (lines[i])
			rc = put_value(b, t, base, err);
	}
	return rc;
}

int jm_settings_text(const struct jm_settings *s, struct jm_buf *b, struct jm_err *err)
{
	return jm_buf_printf(b, err, "<%s>\n", JM_SETTINGS_ROOT) != 0 ||
		put_section(b, JM_SETTINGS_ROOT, s, s->lines, err) != 0 ||
		jm_buf_printf(b, err, "</%s>\n", JM_SETTINGS_ROOT) != 0
	    ? -1
	    : 0;
}

/* Unmask the secrets of one mailbox. */
static int unmask_mailbox(struct jm_mailbox *old, const struct jm_mailbox *now, struct jm_err *err)
{
	size_t n;
	const struct jm_setting *table = jm_settings_table(&n);

	for (size_t i = 0; i < n; i++) {
		const struct jm_setting *t = &table[i];
		char **field, text[MASK_BYTES], number[JM_VALUE_BYTES], *copy;
		const char *secret;

		if (strcmp(t->section, "pop3") != 0 || !jm_setting_is_secret(t))
			continue;
		field = jm_members_at(t, old);
		secret = jm_value_text(t, now, number);
		if (!*field || !secret || strlen(*field) != MASK_BYTES - 1)
			continue;
		if (mask_secret(secret, *field, text, err) != 0)
			return -1;
		if (strcmp(text, *field) != 0)
			continue;
		copy = strdup(secret);
		if (!copy)
			return jm_err_set(err, JM_E_TEMP, "out of memory");
		free(*field);
		*field = copy;
	}
	return 0;
}

int jm_settings_unmask(struct jm_settings *old, const struct jm_settings *now, struct jm_err *err)
{
	for (size_t i = 0; i < old->services_n; i++)
		for (size_t k = 0; k < now->services_n; k++)
			if (strcmp(old->services[i].email_address,
				now->services[k].email_address) == 0 &&
			    unmask_mailbox(&old->services[i].pop3, &now->services[k].pop3, err) !=
				0)
				return -1;
	return 0;
}
