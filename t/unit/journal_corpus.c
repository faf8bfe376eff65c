/* SPDX-License-Identifier: BSD-2-Clause */
/* Every message of t/corpus through jm_unwrap(), each key held against its .json. */
#include <jansson.h>
#include <stdio.h>

#include "common/base/digest.h"
#include "t/lib/journaled.h"
#include "t/lib/tap.h"

static const char *key_name; /* of the message at hand, for the claims */

/* A JSON string or null against a span. */
static void is_text(struct jm_span got, const json_t *want, const char *key)
{
	if (!want || json_is_null(want))
		tap_ok(jm_span_none(got), "%s: no %s", key_name, key);
	else
		tap_is_mem(got.p, got.len, json_string_value(want), json_string_length(want),
		    "%s: %s", key_name, key);
}

static void is_digest(const struct jm_content *c, const char *want, const char *key)
{
	char hex[JM_SHA256_HEX_BYTES] = "";
	unsigned char digest[JM_SHA256_BYTES];
	struct jm_buf b;

	jm_buf_init(&b, 16u * 1024 * 1024);
	journaled_bytes(c, &b);
	tap_ok(jm_sha256_of(jm_buf_span(&b), digest, NULL) == 0 && b.len == c->size_bytes,
	    "%s: its bytes", key_name);
	tap_is_str(jm_sha256_hex(digest, hex), want, "%s: %s", key_name, key);
	jm_buf_release(&b);
}

static void are_recipients(const struct jm_recipient *v, size_t n, const json_t *want)
{
	size_t k;

	if (!tap_is_int((long long)n, (long long)json_array_size(want), "%s: number of recipients",
		key_name))
		return;
	for (k = 0; k < n; k++) {
		const struct jm_recipient *r = &v[k];
		const json_t *one = json_array_get(want, k),
			     *list = json_object_get(one, "expanded_from"),
			     *box = json_object_get(one, "forwarded_from");

		is_text(r->address, json_object_get(one, "address"), "recipient");
		tap_is_str(jm_recipient_type_name(r->type),
		    json_string_value(json_object_get(one, "type")), "%s: its type", key_name);
		tap_is_int(r->via,
		    list      ? JM_VIA_EXPANDED
			: box ? JM_VIA_FORWARDED
			      : JM_VIA_NONE,
		    "%s: its way", key_name);
		is_text(r->via_address, list ? list : box, "original address");
	}
}

static void are_levels(const struct jm_unwrap *u, const json_t *want)
{
	const json_t *list = json_object_get(want, "levels"), *l;
	const char *rule = json_string_value(json_object_get(want, "inner_report"));

	/* Results of before the levels were kept name none. */
	if (list || u->nesting < 2)
		tap_is_int((long long)u->levels_n, (long long)json_array_size(list),
		    "%s: number of levels", key_name);
	for (size_t k = 0; list && k < u->levels_n; k++) {
		const struct jm_level *got = &u->levels[k];

		l = json_array_get(list, k);
		tap_is_str(jm_variant_name(got->variant),
		    json_string_value(json_object_get(l, "variant")), "%s: level: variant",
		    key_name);
		is_text(got->null_sender ? jm_span_str("") : got->sender,
		    json_object_get(l, "envelope_sender"), "level: envelope_sender");
		is_text(
		    got->on_behalf_of, json_object_get(l, "on_behalf_of"), "level: on_behalf_of");
		is_text(got->subject, json_object_get(l, "subject"), "level: subject");
		is_text(got->message_id, json_object_get(l, "message_id"), "level: message_id");
		are_recipients(
		    got->recipients, got->recipients_n, json_object_get(l, "recipients"));
	}
	tap_is_str(
	    jm_inner_rule_name(u->inner), rule ? rule : "no-report", "%s: inner_report", key_name);
}

static void are_removed(const struct jm_content *c, const json_t *want)
{
	size_t k;

	if (tap_is_int((long long)c->cuts_n, (long long)json_array_size(want),
		"%s: number of removed fields", key_name))
		for (k = 0; k < c->cuts_n; k++)
			is_text(c->cuts[k].name, json_array_get(want, k), "removed field");
}

static const char *string_of(const json_t *o, const char *key)
{
	return json_string_value(json_object_get(o, key));
}

static void compare(const struct jm_unwrap *u, const json_t *want)
{
	const json_t *extra = json_object_get(want, "extra"),
		     *clear = json_object_get(want, "clear_text");
	char hex[JM_SHA256_HEX_BYTES];
	unsigned char digest[JM_SHA256_BYTES];

	tap_is_int(u->step_down, json_is_true(json_object_get(want, "step_down")), "%s: step_down",
	    key_name);
	tap_is_str(
	    jm_variant_name(u->variant), string_of(want, "variant"), "%s: variant", key_name);
	tap_is_int(u->ndr, json_is_true(json_object_get(want, "ndr")), "%s: ndr", key_name);
	tap_is_int(u->nesting, json_integer_value(json_object_get(want, "nesting")), "%s: nesting",
	    key_name);
	tap_is_int(u->limits, 0, "%s: no limit reached", key_name);
	is_text(u->envelope_sender, json_object_get(want, "envelope_sender"), "envelope_sender");
	is_text(u->on_behalf_of, json_object_get(want, "on_behalf_of"), "on_behalf_of");
	is_text(u->subject, json_object_get(want, "subject"), "subject");
	is_text(u->message_id, json_object_get(want, "message_id"), "message_id");
	are_recipients(u->recipients, u->recipients_n, json_object_get(want, "recipients"));
	are_levels(u, want);
	is_text(u->label, json_object_get(extra, "label"), "label");
	is_text(u->mailbox, json_object_get(extra, "mailbox"), "mailbox");
	is_text(u->sent_utc, json_object_get(extra, "sent_utc"), "sent_utc");
	is_text(u->received_utc, json_object_get(extra, "received_utc"), "received_utc");
	tap_is_int((long long)u->message.size_bytes,
	    json_integer_value(json_object_get(want, "inner_size")), "%s: inner_size", key_name);
	is_digest(&u->message, string_of(want, "inner_sha256"), "inner_sha256");
	tap_ok(jm_sha256_of(u->message.raw, digest, NULL) == 0, "%s: raw bytes", key_name);
	tap_is_str(jm_sha256_hex(digest, hex), string_of(want, "inner_raw_sha256"),
	    "%s: inner_raw_sha256", key_name);
	are_removed(&u->message, json_object_get(want, "removed_headers"));
	for (int d = 0; json_is_object(json_object_get(want, "defects")) && d < JM_DEFECTS_N; d++)
		tap_is_int(u->defects[d],
		    json_integer_value(json_object_get(
			json_object_get(want, "defects"), jm_defect_name((enum jm_defect)d))),
		    "%s: defects: %s", key_name, jm_defect_name((enum jm_defect)d));
	tap_is_int(u->has_companion, clear != NULL, "%s: clear text", key_name);
	if (clear && u->has_companion) {
		tap_ok(u->companion_is_clear, "%s: the clear text is the companion", key_name);
		is_digest(&u->companion, string_of(clear, "inner_sha256"), "clear_text");
		are_removed(&u->companion, json_object_get(clear, "removed_headers"));
	}
}

/* The same message with each option turned the other way. */
static void try_options(struct jm_span received, const json_t *want)
{
	struct jm_unwrap_options options = journaled_options();
	const json_t *clear = json_object_get(want, "clear_text");
	struct jm_unwrap u;

	options.remove_journal_headers = false;
	tap_is_str(journaled_try(received, &options, &u), NULL,
	    "%s: sound with journal headers kept", key_name);
	tap_ok(u.message.cuts_n == 0 && u.message.size_bytes == u.message.raw.len,
	    "%s: and nothing is cut", key_name);
	jm_unwrap_release(&u);
	options = journaled_options();
	options.prefer_clear_text = true;
	tap_is_str(journaled_try(received, &options, &u), NULL,
	    "%s: sound with clear text preferred", key_name);
	is_digest(&u.message, string_of(clear ? clear : want, "inner_sha256"),
	    "archived with clear text preferred");
	tap_ok(u.has_companion == (clear != NULL) && !u.companion_is_clear,
	    "%s: and the protected message is the companion", key_name);
	jm_unwrap_release(&u);
	options.type = JM_JOURNAL_EML;
	tap_is_str(journaled_try(received, &options, &u), NULL, "%s: sound as EML", key_name);
	tap_ok(u.variant == JM_VARIANT_PLAIN && !u.step_down && jm_span_eq(u.message.raw, received),
	    "%s: and never unwrapped", key_name);
	jm_unwrap_release(&u);
}

int main(void)
{
	struct jm_unwrap_options options = journaled_options();
	struct jm_buf eml, text;
	struct jm_unwrap u;
	char path[1024];
	size_t k, n;

	jm_buf_init(&eml, 16u * 1024 * 1024);
	jm_buf_init(&text, 16u * 1024 * 1024);
	const char *const *name = journaled_corpus(&n);
	tap_is_int((long long)n, 77, "the corpus is whole");
	for (k = 0; k < n; k++) {
		json_t *want;

		key_name = name[k] + sizeof "t/corpus/" - 1;
		snprintf(path, sizeof path, "%s.json", name[k]);
		journaled_read(path, &text);
		want = json_loadb(jm_buf_str(&text), text.len, 0, NULL);
		snprintf(path, sizeof path, "%s.eml", name[k]);
		journaled_read(path, &eml);
		tap_is_str(
		    journaled_try(jm_buf_span(&eml), &options, &u), NULL, "%s: sound", key_name);
		compare(&u, want);
		jm_unwrap_release(&u);
		try_options(jm_buf_span(&eml), want);
		json_decref(want);
	}
	jm_buf_release(&eml);
	jm_buf_release(&text);
	return tap_done();
}
