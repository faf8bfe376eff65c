/* SPDX-License-Identifier: BSD-2-Clause */
/* The metadata of a record: making the JSON from a report or an event, and reading the steps and
 * cuts back. */
#include "common/volume/metadata.h"

#include <stdlib.h>
#include <string.h>

#include "common/json/value.h"

/* Set key to the text, unless the span is "none". 0, or -1 without memory. */
static int set_span(json_t *o, const char *key, struct jm_span s)
{
	return jm_span_none(s) ? 0 : json_object_set_new_nocheck(o, key, jm_json_text(s));
}

static int set_str(json_t *o, const char *key, const char *s)
{
	return !s ? 0 : json_object_set_new_nocheck(o, key, jm_json_text(jm_span_str(s)));
}

static int set_int(json_t *o, const char *key, uint64_t n)
{
	return json_object_set_new_nocheck(o, key, json_integer((json_int_t)n));
}

static int set_true(json_t *o, const char *key, bool on)
{
	return on ? json_object_set_new_nocheck(o, key, json_true()) : 0;
}

static int set_digest(json_t *o, const char *key, const unsigned char *digest)
{
	char hex[JM_SHA256_HEX_BYTES];

	return json_object_set_new_nocheck(o, key, json_string_nocheck(jm_sha256_hex(digest, hex)));
}

/* The object if rc is 0; else NULL, and the object is freed. */
static json_t *object_or_null(json_t *o, int rc)
{
	if (!o || rc == 0)
		return o;
	json_decref(o);
	return NULL;
}

/* An SMTP path as an address: a milter gets "<a@b>" or "a@b"; the record holds "a@b". */
static json_t *describe_path(const char *path)
{
	struct jm_span s = jm_span_str(path);

	if (s.len >= 2 && s.p[0] == '<' && s.p[s.len - 1] == '>')
		s = jm_span_sub(s, 1, s.len - 2);
	return jm_json_text(s);
}

static json_t *describe_arrival(const struct jm_arrival *r)
{
	json_t *o = json_object(), *to = json_array();
	int rc = 0;

	if (!o || !to) {
		json_decref(to);
		return object_or_null(o, -1);
	}
	rc |= set_str(o, "transport", r->transport) | set_str(o, "service", r->service) |
	    set_str(o, "queue_id", r->queue_id);
	rc |= set_str(o, "client", r->client) | set_str(o, "helo", r->helo) |
	    set_str(o, "tls", r->tls) | set_str(o, "login", r->login);
	if (r->mail_from)
		rc |= json_object_set_new_nocheck(o, "mail_from", describe_path(r->mail_from));
	for (const char *const *p = r->rcpt_to; p && *p; p++)
		rc |= json_array_append_new(to, describe_path(*p));
	rc |= json_object_set_new_nocheck(o, "rcpt_to", to);
	rc |= json_object_set_new_nocheck(
	    o, "received_ms", json_integer((json_int_t)r->received_ms));
	rc |= set_str(o, "direction", r->direction);
	if (r->pop3_mailbox) {
		json_t *pop3 = json_object();

		rc |= set_str(pop3, "mailbox", r->pop3_mailbox) |
		    set_str(pop3, "uidl", r->pop3_uidl) | set_int(pop3, "size", r->pop3_size_bytes);
		rc |= json_object_set_new_nocheck(o, "pop3", pop3);
	}
	return object_or_null(o, rc);
}

static json_t *describe_recipients(const struct jm_recipient *v, size_t n)
{
	json_t *list = json_array();
	int rc = 0;

	for (size_t i = 0; list && rc == 0 && i < n; i++) {
		const struct jm_recipient *r = &v[i];
		json_t *o = json_object();

		if (!o)
			return object_or_null(list, -1);
		rc |= json_object_set_new_nocheck(o, "address", jm_json_text(r->address));
		rc |= set_str(o, "type", jm_recipient_type_name(r->type));
		if (r->via != JM_VIA_NONE)
			rc |= set_span(o,
			    r->via == JM_VIA_EXPANDED ? "expanded_from" : "forwarded_from",
			    r->via_address);
		rc |= json_array_append_new(list, o);
	}
	return object_or_null(list, rc);
}

/* A report around the innermost one. The null path is "". */
static json_t *describe_level(const struct jm_level *l)
{
	json_t *o = json_object();
	int rc = !o ? -1 : 0;

	if (rc == 0) {
		rc |= set_str(o, "variant", jm_variant_name(l->variant)) |
		    set_span(o, "sender", l->null_sender ? jm_span_str("") : l->sender);
		rc |= set_span(o, "on_behalf_of", l->on_behalf_of) |
		    set_span(o, "subject", l->subject) | set_span(o, "message_id", l->message_id);
		rc |= json_object_set_new_nocheck(
		    o, "recipients", describe_recipients(l->recipients, l->recipients_n));
	}
	return object_or_null(o, rc);
}

static json_t *describe_levels(const struct jm_unwrap *u)
{
	json_t *list = json_array();
	int rc = 0;

	for (size_t i = 0; list && rc == 0 && i < u->levels_n; i++)
		rc = json_array_append_new(list, describe_level(&u->levels[i]));
	return object_or_null(list, rc);
}

static json_t *describe_defects(const struct jm_unwrap *u)
{
	json_t *o = json_object();
	int rc = 0;

	for (int d = 0; o && d < JM_DEFECTS_N; d++)
		if (u->defects[d] > 0)
			rc |= set_int(o, jm_defect_name((enum jm_defect)d), u->defects[d]);
	return object_or_null(o, rc);
}

/* Octets as text: each is the character of its number, NUL is U+FFFD. */
static json_t *describe_octets(struct jm_span s)
{
	struct jm_buf text;
	json_t *value = NULL;
	int rc = 0;

	jm_buf_init(&text, 3 * s.len + 1);
	for (size_t i = 0; rc == 0 && i < s.len; i++) {
		unsigned char c = s.p[i],
			      two[2] = { (unsigned char)(0xc0 | c >> 6),
				      (unsigned char)(0x80 | (c & 0x3f)) };

		rc = c == 0    ? jm_buf_add(&text, "\xef\xbf\xbd", 3, NULL)
		    : c < 0x80 ? jm_buf_add_byte(&text, c, NULL)
			       : jm_buf_add(&text, two, 2, NULL);
	}
	if (rc == 0)
		value = jm_json_text(jm_buf_span(&text));
	jm_buf_release(&text);
	return value;
}

static json_t *describe_original(const struct jm_original *original)
{
	json_t *o = json_object();
	int rc = !o ? -1 : 0;

	if (rc == 0)
		rc |= json_object_set_new_nocheck(o, "subject", describe_octets(original->octets)) |
		    json_object_set_new_nocheck(o, "charset", describe_octets(original->charset)) |
		    set_true(o, "header", original->header);
	return object_or_null(o, rc);
}

static json_t *describe_journal(const struct jm_unwrap *u)
{
	json_t *o = json_object();
	int rc = 0;

	if (!o)
		return NULL;
	rc |= set_str(o, "variant", jm_variant_name(u->variant)) |
	    set_true(o, "step_down", u->step_down) | set_true(o, "ndr", u->ndr);
	rc |= set_int(o, "nesting", u->nesting) |
	    set_span(o, "envelope_sender", u->envelope_sender);
	rc |= set_span(o, "on_behalf_of", u->on_behalf_of) | set_span(o, "subject", u->subject) |
	    set_span(o, "message_id", u->message_id);
	rc |= json_object_set_new_nocheck(
	    o, "recipients", describe_recipients(u->recipients, u->recipients_n));
	rc |= set_span(o, "label", u->label) | set_span(o, "mailbox", u->mailbox) |
	    set_span(o, "sent_utc", u->sent_utc);
	rc |= set_span(o, "received_utc", u->received_utc) | set_span(o, "date", u->date) |
	    set_span(o, "from", u->from);
	rc |= set_span(o, "report_date", u->report_date);
	if (!jm_span_none(u->original.octets))
		rc |= json_object_set_new_nocheck(o, "original", describe_original(&u->original));
	if (u->levels_n > 0)
		rc |= json_object_set_new_nocheck(o, "levels", describe_levels(u));
	if (u->inner != JM_INNER_NONE)
		rc |= set_str(o, "inner_report", jm_inner_rule_name(u->inner));
	if (u->limits > 0)
		rc |= set_int(o, "limits", u->limits);
	if (jm_unwrap_defects(u) > 0)
		rc |= json_object_set_new_nocheck(o, "defects", describe_defects(u));
	return object_or_null(o, rc);
}

/* The octets again, into out. Other characters than those of describe_octets() are NUL. */
static int read_octets(struct jm_span text, struct jm_buf *out, struct jm_err *err)
{
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = text.p[i];

		if (c >= 0xc0) {
			c = (unsigned char)(c <= 0xc3 && i + 1 < text.len
				? (c & 0x03) << 6 | (text.p[i + 1] & 0x3f)
				: 0);
			while (i + 1 < text.len && (text.p[i + 1] & 0xc0) == 0x80)
				i++;
		}
		if (jm_buf_add_byte(out, c, err) != 0)
			return -1;
	}
	return 0;
}

int jm_described_subject(const json_t *meta, struct jm_buf *out, bool *any_r, struct jm_err *err)
{
	const json_t *journal = json_object_get(meta, "journal"),
		     *o = json_object_get(journal, "original");
	struct jm_span text = jm_json_span(o, "subject"), label = jm_json_span(o, "charset");
	struct jm_original original = { .header = json_is_true(json_object_get(o, "header")) };
	struct jm_buf octets;
	size_t n;
	int rc = -1;

	jm_buf_reset(out);
	*any_r = true;
	if (jm_span_none(text)) {
		text = jm_json_span(journal, "subject");
		*any_r = !jm_span_none(text);
		return jm_buf_add_span(out, text, err);
	}
	jm_buf_init(&octets, text.len + label.len + 1);
	if (read_octets(text, &octets, err) == 0) {
		n = octets.len;
		if (read_octets(label, &octets, err) == 0) {
			original.octets = jm_span_of(octets.p, n);
			original.charset = jm_span_of(octets.p + n, octets.len - n);
			rc = jm_original_decode(&original, out, err);
		}
	}
	jm_buf_release(&octets);
	return rc;
}

static const char *const cte_names[] = {
	[JM_CTE_IDENTITY] = "identity", [JM_CTE_BASE64] = "base64", [JM_CTE_QP] = "quoted-printable"
};

static json_t *describe_content(
    const struct jm_content *c, const unsigned char *raw, const unsigned char *message)
{
	json_t *o = json_object(), *steps = json_array(), *cuts = json_array();
	int rc = !o || !steps || !cuts ? -1 : 0;

	if (rc == 0) {
		rc |= set_digest(o, "sha256", message) | set_int(o, "size", c->size_bytes);
		rc |= set_digest(o, "raw_sha256", raw) | set_int(o, "raw_size", c->raw.len);
	}
	for (size_t i = 0; rc == 0 && i < c->steps_n; i++)
		rc |= json_array_append_new(steps,
		    json_pack("[I,I,s]", (json_int_t)c->steps[i].off, (json_int_t)c->steps[i].len,
			cte_names[c->steps[i].cte]));
	for (size_t i = 0; rc == 0 && i < c->cuts_n; i++)
		rc |= json_array_append_new(cuts,
		    json_pack("[I,I,o]", (json_int_t)c->cuts[i].off, (json_int_t)c->cuts[i].len,
			jm_json_text(c->cuts[i].name)));
	if (rc != 0) {
		json_decref(steps);
		json_decref(cuts);
		return object_or_null(o, -1);
	}
	rc |= json_object_set_new_nocheck(o, "steps", steps);
	rc |= json_object_set_new_nocheck(o, "cuts", cuts);
	return object_or_null(o, rc);
}

int jm_describe_splice(json_t *o, const struct jm_splice *s)
{
	json_t *p;

	if (s->holder == 0)
		return 0;
	p = json_object();
	if (!p)
		return -1;
	if (set_int(p, "holder", s->holder) |
	    set_str(p, "part", s->as_received ? "received" : "content") |
	    set_int(p, "offset", s->offset) | set_int(p, "length", s->length)) {
		json_decref(p);
		return -1;
	}
	return json_object_set_new_nocheck(o, "splice", p);
}

json_t *jm_describe_report(const struct jm_deposit *d, const struct jm_digests *sums,
    const struct jm_splice *splice, struct jm_err *err)
{
	const struct jm_unwrap *u = d->unwrap;
	json_t *o = json_object(), *report = json_object();
	int rc = !o || !report ? -1 : 0;

	if (rc == 0) {
		rc |= set_digest(report, "sha256", sums->received) |
		    set_int(report, "size", d->received.len);
		rc |= json_object_set_new_nocheck(o, "report", json_incref(report));
		rc |= json_object_set_new_nocheck(o, "arrival", describe_arrival(&d->arrival));
		rc |= json_object_set_new_nocheck(o, "journal", describe_journal(u));
		rc |= json_object_set_new_nocheck(
		    o, "content", describe_content(&u->message, sums->raw, sums->message));
		if (u->has_companion) {
			rc |= json_object_set_new_nocheck(o, "companion",
			    describe_content(&u->companion, sums->companion_raw, sums->companion));
			rc |= set_str(o, "companion_kind",
			    u->companion_is_clear ? "clear-text" : "protected");
		}
		rc |= set_digest(o, "key", sums->key) | set_str(o, "set_aside", d->set_aside) |
		    jm_describe_splice(o, splice);
		if (d->set_aside)
			rc |= set_span(o, "set_aside_address", d->set_aside_address);
		if (d->due_ms != 0 && !d->set_aside)
			rc |= json_object_set_new_nocheck(o, "queued",
			    json_pack("{s:I,s:b}", "due_ms", (json_int_t)d->due_ms, "match_first",
				d->match_first));
	}
	json_decref(report);
	o = object_or_null(o, rc);
	if (!o)
		jm_err_set(err, JM_E_TEMP, "no memory to describe a report");
	return o;
}

json_t *jm_describe_event(const struct jm_event *e, struct jm_err *err)
{
	json_t *o = json_object();
	int rc = !o ? -1 : 0;

	if (rc == 0) {
		rc |= json_object_set_new_nocheck(
		    o, "time_ms", json_integer((json_int_t)e->time_ms));
		rc |= set_str(o, "kind", e->kind ? e->kind : "other") |
		    set_str(o, "service", e->service) | set_str(o, "actor", e->actor);
		rc |= set_str(o, "text", e->text) | set_str(o, "status", e->status) |
		    set_str(o, "cure", e->cure);
		if (e->item > 0)
			rc |= set_int(o, "item", e->item);
	}
	o = object_or_null(o, rc);
	if (!o)
		jm_err_set(err, JM_E_TEMP, "no memory to describe an event");
	return o;
}

static int read_steps(const json_t *steps, struct jm_described *c)
{
	for (size_t i = 0; i < json_array_size(steps); i++) {
		const json_t *s = json_array_get(steps, i);
		const char *cte = json_string_value(json_array_get(s, 2));
		int found = -1;

		for (int k = 0; cte && k < 3; k++)
			if (strcmp(cte, cte_names[k]) == 0)
				found = k;
		if (found < 0 || i == JM_UNWRAP_MAX_STEPS)
			return -1;
		c->steps[i] = (struct jm_step){ (size_t)json_integer_value(json_array_get(s, 0)),
			(size_t)json_integer_value(json_array_get(s, 1)), (enum jm_cte)found };
		c->steps_n = i + 1;
	}
	return 0;
}

/* Cuts must be ascending, apart from each other, and within raw. */
static int read_cuts(const json_t *cuts, struct jm_described *c)
{
	uint64_t at = 0;

	for (size_t i = 0; i < json_array_size(cuts); i++) {
		const json_t *s = json_array_get(cuts, i);
		uint64_t off = (uint64_t)json_integer_value(json_array_get(s, 0)),
			 len = (uint64_t)json_integer_value(json_array_get(s, 1));

		if (off < at || off > c->raw_bytes || len > c->raw_bytes - off)
			return -1;
		at = off + len;
		c->cuts[i] = (struct jm_cut){ .off = (size_t)off, .len = (size_t)len };
		c->cuts_n = i + 1;
	}
	return 0;
}

static int read_digest(const json_t *o, const char *key, unsigned char *digest)
{
	return jm_sha256_unhex(jm_span_str(json_string_value(json_object_get(o, key))), digest);
}

int jm_described_read(const json_t *content, struct jm_described *c_r, struct jm_err *err)
{
	const json_t *cuts = json_object_get(content, "cuts");

	memset(c_r, 0, sizeof *c_r);
	c_r->cuts = calloc(json_array_size(cuts) + 1, sizeof *c_r->cuts);
	if (!c_r->cuts)
		return jm_err_set(err, JM_E_TEMP, "no memory to read metadata");
	c_r->raw_bytes = (uint64_t)json_integer_value(json_object_get(content, "raw_size"));
	c_r->bytes = (uint64_t)json_integer_value(json_object_get(content, "size"));
	if (read_digest(content, "sha256", c_r->sha256) == 0 &&
	    read_digest(content, "raw_sha256", c_r->raw_sha256) == 0 &&
	    read_steps(json_object_get(content, "steps"), c_r) == 0 && read_cuts(cuts, c_r) == 0)
		return 0;
	jm_described_release(c_r);
	return jm_err_set(err, JM_E_CORRUPT, "metadata describes no content");
}

void jm_described_release(struct jm_described *c)
{
	free(c->cuts);
	c->cuts = NULL;
	c->cuts_n = 0;
}

bool jm_described_is_open(const json_t *recipient)
{
	const char *type = jm_json_str(recipient, "type");

	return type && (strcmp(type, "to") == 0 || strcmp(type, "cc") == 0);
}
