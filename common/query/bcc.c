/* SPDX-License-Identifier: BSD-2-Clause */
/* Applying the Bcc rule, from the reports and from the message's own header. */
#include "common/query/bcc.h"

#include <stdlib.h>
#include <string.h>

#include "common/archive/content.h"
#include "common/journal/strip.h"
#include "common/json/value.h"
#include "common/mail/address.h"
#include "common/mail/address_form.h"
#include "common/mail/field.h"
#include "common/mail/token.h"

#define FIELD_BYTES (16u * 1024 * 1024) /* of one address field */

static int bcc_no_memory(struct jm_err *err)
{
	return jm_err_set(err, JM_E_TEMP, "no memory for recipients");
}

static int add_address(json_t *set, struct jm_span address, struct jm_err *err)
{
	json_t *text = jm_json_text(address);
	char *folded = text ? jm_address_form_name(jm_json_string_span(text)) : NULL;
	int rc = folded ? json_object_set_new_nocheck(set, folded, json_true()) : -1;

	free(folded);
	json_decref(text);
	return rc == 0 ? 0 : bcc_no_memory(err);
}

static int keep_address(void *set, const struct jm_address *a, struct jm_err *err)
{
	return add_address(set, a->text, err);
}

static int add_header(json_t *set, struct jm_span message, struct jm_err *err)
{
	static const char *const names[] = { "To", "Cc", "Resent-To", "Resent-Cc" };
	struct jm_fields w;
	struct jm_field f;
	unsigned ignored = 0;
	int rc = 0;

	jm_fields_start(&w, message);
	while (rc == 0 && jm_fields_next(&w, &f))
		for (size_t i = 0; rc == 0 && i < sizeof names / sizeof *names; i++)
			if (!jm_span_none(f.name) &&
			    jm_span_eq_nocase(f.name, jm_span_str(names[i])))
				rc = jm_addresses_read(jm_span_sub(f.value, 0, FIELD_BYTES),
				    keep_address, set, &ignored, err);
	return rc;
}

/* Read the addresses. A damaged message counts as one without addresses. */
static int read_header(struct jm_bcc_header *h, struct jm_err *err)
{
	struct jm_loaded l;
	struct jm_raw raw;
	int rc;

	h->addresses = json_object();
	if (!h->addresses)
		return bcc_no_memory(err);
	if (jm_content_load(h->a, h->id, &l, err) != 0)
		return err->kind == JM_E_CORRUPT ? 0 : -1;
	rc = jm_content_raw(&l, "content", &raw, err);
	if (rc == 0) {
		rc = add_header(h->addresses, raw.bytes, err);
		jm_raw_release(&raw);
	}
	jm_loaded_release(&l);
	return rc == 0 || err->kind == JM_E_CORRUPT ? 0 : -1;
}

/* Do To and Cc have the address? 1; 0; -1 with err. */
static int header_has(struct jm_bcc_header *h, const json_t *address, struct jm_err *err)
{
	char *folded;
	int found;

	if (!json_is_string(address))
		return 0;
	if (!h->addresses && read_header(h, err) != 0)
		return -1;
	folded = jm_address_form_name(jm_json_string_span(address));
	if (!folded)
		return bcc_no_memory(err);
	found = json_object_get(h->addresses, folded) != NULL;
	free(folded);
	return found;
}

void jm_bcc_header_release(struct jm_bcc_header *h)
{
	json_decref(h->addresses);
	h->addresses = NULL;
}

int jm_bcc_is_open(
    struct jm_bcc_header *h, const json_t *address, const json_t *naming, struct jm_err *err)
{
	const char *type = json_string_value(json_object_get(naming, "type"));
	int rc;

	if (!type || strcmp(type, "bcc") == 0)
		return 0;
	if (strcmp(type, "recipient") != 0)
		return 1;
	rc = header_has(h, address, err);
	if (rc == 0)
		rc = header_has(h, json_object_get(naming, "expanded_from"), err);
	if (rc == 0)
		rc = header_has(h, json_object_get(naming, "forwarded_from"), err);
	return rc;
}

int jm_bcc_first_open(struct jm_archive *a, uint64_t seq, const json_t *recipients,
    const json_t **address_r, struct jm_err *err)
{
	struct jm_bcc_header h = { .a = a, .id = seq };
	const json_t *r, *address;
	int rc = 0;

	*address_r = NULL;
	/* The first pass does not read the message. */
	for (int look = 0; look < 2 && rc == 0; look++)
		for (size_t i = 0; rc == 0 && i < json_array_size(recipients); i++) {
			r = json_array_get(recipients, i);
			address = json_object_get(r, "address");
			rc = look == 0 ? jm_described_is_open(r)
				       : jm_bcc_is_open(&h, address, r, err);
			if (rc == 1)
				*address_r = address;
		}
	jm_bcc_header_release(&h);
	return rc;
}

int jm_bcc_unwrapped(const struct jm_unwrap *u, bool *open_r, struct jm_err *err)
{
	struct jm_bcc_header h = { .addresses = json_object() };
	int rc = h.addresses ? add_header(h.addresses, u->message.raw, err) : bcc_no_memory(err);

	for (size_t i = 0; rc == 0 && i < u->recipients_n; i++) {
		const struct jm_recipient *r = &u->recipients[i];
		json_t *address = jm_json_text(r->address), *via = jm_json_text(r->via_address);
		int has = r->type == JM_RCPT_TO || r->type == JM_RCPT_CC;

		if (!has && r->type == JM_RCPT_RECIPIENT)
			has = header_has(&h, address, err);
		if (has == 0 && r->type == JM_RCPT_RECIPIENT && r->via != JM_VIA_NONE)
			has = header_has(&h, via, err);
		open_r[i] = has == 1;
		rc = has < 0 ? -1 : 0;
		json_decref(address);
		json_decref(via);
	}
	jm_bcc_header_release(&h);
	return rc;
}

/* ---- bytes ---- */

/* Does the message's own header have a field such as Bcc or X-MS-Exchange-Organization-BCC that is
 * not empty? */
static bool has_bcc_field(struct jm_span message, bool stripped)
{
	struct jm_fields w;
	struct jm_field f;

	jm_fields_start(&w, message);
	while (jm_fields_next(&w, &f))
		if (f.name.len >= 3 && jm_span_trim(f.value).len > 0 &&
		    !(stripped && jm_strip_is_journal_header(f.name)) &&
		    jm_span_eq_nocase(jm_span_sub(f.name, f.name.len - 3, 3), jm_span_str("bcc")))
			return true;
	return false;
}

/* Does the line begin a field that marks journal reports (rule R2)? In doubt, when it has no token
 * and the next line may have it, it does. */
static bool is_marker(struct jm_span line)
{
	size_t colon = jm_span_index(line, ':');
	struct jm_span name = jm_span_trim(jm_span_sub(line, 0, colon));
	struct jm_token value;

	if (colon == line.len)
		return false;
	if (jm_span_eq_nocase(name, jm_span_str("X-MS-Journal-Report")) ||
	    jm_span_eq_nocase(name, jm_span_str("X-WM-Journal-Report")))
		return true;
	if (!jm_span_eq_nocase(name, jm_span_str("Content-Identifier")) &&
	    !jm_span_eq_nocase(name, jm_span_str("Content-Identifer")))
		return false;
	jm_token_read(line, colon + 1, &value);
	return value.text[0] == '\0' || strcmp(value.text, "exjournalreport") == 0;
}

static bool has_marker(struct jm_span bytes)
{
	while (bytes.len > 0) {
		size_t end = jm_span_index(bytes, '\n');

		if (is_marker(jm_span_sub(bytes, 0, end)))
			return true;
		bytes = jm_span_sub(bytes, end + 1, bytes.len);
	}
	return false;
}

bool jm_bcc_is_report(struct jm_span message)
{
	struct jm_fields w;
	struct jm_field f;

	jm_fields_start(&w, message);
	while (jm_fields_next(&w, &f))
		if (has_marker(f.all))
			return true;
	return false;
}

const char *jm_bcc_in_bytes(struct jm_span message, bool stripped)
{
	if (has_bcc_field(message, stripped))
		return "the message's own header has a Bcc field";
	if (has_marker(message))
		return "the message is a journal report that was not unwrapped, or has one "
		       "inside, and may name Bcc recipients";
	return NULL;
}
