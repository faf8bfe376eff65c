/* SPDX-License-Identifier: BSD-2-Clause */
/* Comparing items with the criteria of a search: their rows, and their records. */
#include "common/query/matcher.h"

#include <inttypes.h>
#include <string.h>

#include "common/archive/content.h"
#include "common/archive/reader.h"
#include "common/catalog/keys.h"
#include "common/catalog/row.h"
#include "common/json/value.h"
#include "common/mail/date.h"
#include "common/mail/field.h"
#include "common/mail/address_form.h"
#include "common/mail/message_id.h"
#include "common/mail/part.h"
#include "common/query/bcc.h"
#include "common/query/reports.h"

#define ROW_TEXT_BYTES 990u /* a longer text of a row may have been cut (applying.c) */
#define TYPED_BYTES 65536u  /* a request has at most so many */
#define TEXT_BYTES (64u * 1024 * 1024)

int jm_matcher_fold(struct jm_matcher *m, struct jm_span text, struct jm_err *err)
{
	return jm_fold_text(text, &m->text, err);
}

/* ---- rows, with the catalog held ---- */

static int is_service(struct jm_matcher *m, const json_t *name, struct jm_err *err)
{
	return jm_address_form_fits(jm_json_string_span(name), jm_buf_span(&m->service), err);
}

static int has_service(struct jm_matcher *m, const json_t *row, struct jm_err *err)
{
	const json_t *list = json_object_get(row, "more_services");
	int rc;

	if (!m->f->service)
		return 1;
	rc = is_service(m, json_object_get(row, "service"), err);
	for (size_t i = 0; rc == 0 && i < json_array_size(list); i++)
		rc = is_service(m, json_array_get(list, i), err);
	return rc;
}

static bool row_of_state(const struct jm_archive_filter *f, const json_t *row)
{
	return (json_object_get(row, "set_aside") != NULL) == f->set_aside &&
	    (f->waiting || !json_object_get(row, "queued")) &&
	    (json_object_get(row, "expired_ms") != NULL) == f->expired;
}

static bool row_in_ranges(
    const struct jm_archive_filter *f, const json_t *row, struct jm_matched *v)
{
	int64_t time_ms = (int64_t)json_integer_value(json_object_get(row, "time_ms")), sent_ms;
	uint64_t size = (uint64_t)json_integer_value(json_object_get(row, "size"));

	if ((f->since_ms != 0 && time_ms < f->since_ms) ||
	    (f->until_ms != 0 && time_ms >= f->until_ms) ||
	    (f->min_bytes != 0 && size < f->min_bytes) ||
	    (f->max_bytes != 0 && size > f->max_bytes))
		return false;
	if (f->sent_since_ms == 0 && f->sent_until_ms == 0)
		return true;
	v->undated = jm_date_parse(jm_json_span(row, "date"), &sent_ms) != 0;
	return v->undated ||
	    ((f->sent_since_ms == 0 || sent_ms >= f->sent_since_ms) &&
		(f->sent_until_ms == 0 || sent_ms < f->sent_until_ms));
}

static int has_words(struct jm_matcher *m, struct jm_span subject, struct jm_err *err)
{
	if (jm_matcher_fold(m, subject, err) != 0)
		return -1;
	return jm_fold_has_words(jm_buf_span(&m->text), jm_buf_span(&m->words));
}

static int row_has_words(
    struct jm_matcher *m, const json_t *row, struct jm_matched *v, struct jm_err *err)
{
	struct jm_span subject = jm_json_span(row, "subject");
	int rc = m->words.len == 0 ? 1 : has_words(m, subject, err);

	if (rc == 0 && subject.len > ROW_TEXT_BYTES) {
		v->by_row = JM_MATCHED_READ;
		return 1;
	}
	return rc;
}

/* Capital letters are the roles of an address that reports write in another form. */
static bool has_role(struct jm_span roles, char letter)
{
	for (size_t i = 0; i < roles.len; i++)
		if (jm_lower(roles.p[i]) == (unsigned char)letter)
			return true;
	return false;
}

/* Does item id have the address? A recipient may be Bcc, which only the records say: then *v
 * becomes READ. 1; 0; -1 with err. */
static int row_has_address(struct jm_matcher *m, struct jm_catalog *c, uint64_t id,
    const struct jm_matcher_address *x, struct jm_matched *v, struct jm_err *err)
{
	unsigned char key[JM_CATALOG_KEY_MAX];
	struct jm_span at, roles;
	int rc;

	if (!x->wanted)
		return 1;
	at = jm_keys_index(jm_buf_span(&x->key), id, key);
	rc = jm_catalog_get(c, NULL, JM_T_BY_ADDRESS, at, &m->entry, err);
	if (rc < 0)
		return -1;
	roles = rc == 1 ? jm_buf_span(&m->entry) : jm_span_str("");
	if (x->as_sender && has_role(roles, 's'))
		return 1;
	if (!x->as_recipient || !has_role(roles, 'r'))
		return 0;
	if (!m->f->bcc && !has_role(roles, 'o'))
		v->by_row = JM_MATCHED_READ;
	return 1;
}

static int row_has_addresses(struct jm_matcher *m, struct jm_catalog *c, uint64_t id,
    struct jm_matched *v, struct jm_err *err)
{
	int rc = 1;

	for (size_t i = 0; i < JM_MATCHER_ADDRESSES && rc == 1; i++)
		rc = row_has_address(m, c, id, &m->address[i], v, err);
	return rc;
}

static int row_has_message_id(
    struct jm_matcher *m, struct jm_catalog *c, uint64_t id, struct jm_err *err)
{
	unsigned char key[JM_CATALOG_KEY_MAX];
	struct jm_span at;

	if (!m->f->message_id || m->by_message_id)
		return 1;
	at = jm_keys_index(jm_buf_span(&m->message_id), id, key);
	return jm_catalog_get(c, NULL, JM_T_BY_MESSAGE_ID, at, &m->entry, err);
}

bool jm_matcher_at_domain(const struct jm_matcher *m, struct jm_span address)
{
	size_t at = jm_span_rindex(address, '@'), n = strlen(m->domain), len;
	char name[JM_DOMAIN_BYTES];

	if (at == address.len ||
	    jm_address_form_domain(
		jm_field_strip(jm_span_sub(address, at + 1, address.len)), name) != 0)
		return false;
	len = strlen(name);
	if (len == n)
		return memcmp(name, m->domain, n) == 0;
	return m->f->subdomains && len > n && name[len - n - 1] == '.' &&
	    memcmp(name + len - n, m->domain, n) == 0;
}

bool jm_matcher_raw_fails(struct jm_matcher *m, struct jm_span raw)
{
	const struct jm_archive_filter *f = m->f;
	struct jm_err ignored;
	uint64_t n;

	if ((f->min_bytes != 0 || f->max_bytes != 0) && jm_row_size(raw, &n) &&
	    ((f->min_bytes != 0 && n < f->min_bytes) || (f->max_bytes != 0 && n > f->max_bytes)))
		return true;
	/* The stored text has the subject unchanged, except for quotation marks, backslashes and
	 * control characters, and for its end when it is long. */
	if (!m->plain_words || raw.len > ROW_TEXT_BYTES || jm_matcher_fold(m, raw, &ignored) != 0)
		return false;
	return !jm_fold_has_words(jm_buf_span(&m->text), jm_buf_span(&m->words));
}

int jm_matcher_row(struct jm_matcher *m, struct jm_catalog *c, const json_t *row,
    struct jm_matched *v_r, struct jm_err *err)
{
	const struct jm_archive_filter *f = m->f;
	uint64_t id = jm_json_u64(row, "id");
	int rc;

	*v_r = (struct jm_matched){ m->pattern.len > 0 ? JM_MATCHED_READ : JM_MATCHED_YES, false };
	rc = row_of_state(f, row) && row_in_ranges(f, row, v_r);
	if (rc == 1)
		rc = has_service(m, row, err);
	if (rc == 1)
		rc = row_has_words(m, row, v_r, err);
	if (rc == 1)
		rc = row_has_message_id(m, c, id, err);
	if (rc == 1)
		rc = row_has_addresses(m, c, id, v_r, err);
	if (rc == 1 && m->domain[0] != '\0' &&
	    !jm_matcher_at_domain(m, jm_json_span(row, "sender")))
		v_r->by_row = JM_MATCHED_READ;
	if (rc == 0)
		v_r->by_row = JM_MATCHED_NO;
	return rc < 0 ? -1 : 0;
}

/* ---- records ---- */

static bool at_domain(const void *ctx, struct jm_span address)
{
	return jm_matcher_at_domain(ctx, address);
}

/* An address to compare with. */
struct sought {
	struct jm_matcher *m;
	const struct jm_matcher_address *address;
};

static bool is_address(const void *ctx, struct jm_span address)
{
	const struct sought *s = ctx;
	struct jm_err ignored;
	int rc = jm_address_form_fits(address, jm_buf_span(&s->address->key), &ignored);

	s->m->no_memory = s->m->no_memory || rc < 0;
	return rc == 1;
}

/* The criteria that are met by what the reports say, while these are read one after the other. */
struct met {
	struct jm_matcher *m;
	struct jm_bcc_header header;
	bool words, damaged, look; /* look: in the message's own header, in a second pass */
	bool may;                  /* it decides about a recipient that is sought */
	bool address[JM_MATCHER_ADDRESSES], domain;
};

/* Does the report's subject have the words, as this version reads its octets? */
static int report_has_words(struct jm_matcher *m, const json_t *meta, struct jm_err *err)
{
	const json_t *journal = json_object_get(meta, "journal");
	struct jm_buf text;
	bool any;
	int rc;

	if (!json_object_get(journal, "original")) /* no octets are kept */
		return has_words(m, jm_json_span(journal, "subject"), err);
	jm_buf_init(&text, JM_DESCRIBED_SUBJECT_BYTES);
	rc = jm_described_subject(meta, &text, &any, NULL);
	rc = rc == 0 ? has_words(m, jm_buf_span(&text), err)
		     : has_words(m, jm_json_span(journal, "subject"), err);
	jm_buf_release(&text);
	return rc;
}

/* Says whether an address is searched for. */
typedef bool address_wanted(const void *ctx, struct jm_span address);

/* Does the report, or a level around it, come from a wanted address? */
static bool sent_by(const json_t *journal, address_wanted *wanted, const void *ctx)
{
	static const char *const keys[] = { "envelope_sender", "sender", "on_behalf_of" };
	const json_t *levels = json_object_get(journal, "levels");

	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		struct jm_span text = jm_json_span(journal, keys[i]);

		if (!jm_span_none(text) && wanted(ctx, text))
			return true;
	}
	for (size_t i = 0; i < json_array_size(levels); i++)
		if (sent_by(json_array_get(levels, i), wanted, ctx))
			return true;
	return false;
}

/* Is a wanted recipient among those of a report, and open? 1; 0; -1. */
static int received_by(
    struct met *x, const json_t *list, address_wanted *wanted, const void *ctx, struct jm_err *err)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < json_array_size(list); i++) {
		const json_t *r = json_array_get(list, i);

		if (!json_is_string(json_object_get(r, "address")) ||
		    !wanted(ctx, jm_json_span(r, "address")))
			continue;
		if (x->m->f->bcc || jm_described_is_open(r))
			return 1;
		x->may = true;
		if (x->look)
			rc = jm_bcc_is_open(&x->header, json_object_get(r, "address"), r, err);
	}
	return rc;
}

/* The same for a report and the levels around it. */
static int named_by(struct met *x, const json_t *journal, address_wanted *wanted, const void *ctx,
    struct jm_err *err)
{
	const json_t *levels = json_object_get(journal, "levels");
	int rc = received_by(x, json_object_get(journal, "recipients"), wanted, ctx, err);

	for (size_t i = 0; rc == 0 && i < json_array_size(levels); i++)
		rc = received_by(
		    x, json_object_get(json_array_get(levels, i), "recipients"), wanted, ctx, err);
	return rc;
}

static int report_has_address(struct met *x, size_t i, const json_t *journal, struct jm_err *err)
{
	const struct jm_matcher_address *address = &x->m->address[i];
	const struct sought s = { x->m, address };
	int rc = 0;

	if (!address->wanted || !address->as_recipient || x->address[i])
		return 0;
	if (address->as_sender && sent_by(journal, is_address, &s))
		rc = 1;
	if (rc == 0)
		rc = named_by(x, journal, is_address, &s, err);
	x->address[i] = rc == 1;
	return rc < 0 ? -1 : 0;
}

static int match_report(void *ctx, uint64_t seq, const struct jm_stored_report *report,
    const char *problem, struct jm_err *err)
{
	struct met *x = ctx;
	const json_t *journal = report ? json_object_get(report->meta, "journal") : NULL;
	int rc = 0;

	(void)seq, (void)problem;
	x->damaged |= !report;
	if (report && !x->words) {
		rc = report_has_words(x->m, report->meta, err);
		x->words = rc == 1;
	}
	for (size_t i = 0; rc >= 0 && i < JM_MATCHER_ADDRESSES; i++)
		rc = report_has_address(x, i, journal, err);
	if (rc >= 0 && !x->domain) {
		rc = sent_by(journal, at_domain, x->m) ? 1
						       : named_by(x, journal, at_domain, x->m, err);
		x->domain = rc == 1;
	}
	if (rc >= 0 && x->m->no_memory)
		return jm_err_set(err, JM_E_TEMP, "no memory to compare addresses");
	return rc < 0 ? -1 : 0;
}

/* Are all criteria met? */
static bool all_met(const struct met *x)
{
	bool met = x->words && x->domain;

	for (size_t i = 0; i < JM_MATCHER_ADDRESSES; i++)
		met = met &&
		    (x->address[i] || !x->m->address[i].wanted || !x->m->address[i].as_recipient);
	return met;
}

/* 1; 0, which counts a damaged item; -1. The first pass does not read the message. */
static int item_passes(struct jm_matcher *m, uint64_t id, struct jm_err *err)
{
	struct met x = { .m = m,
		.header = { .a = m->a, .id = id },
		.words = m->words.len == 0,
		.domain = m->domain[0] == '\0' };
	json_t *row = NULL;
	int rc = jm_reader_item(m->a, id, &row, err);

	if (rc == 0)
		rc = jm_err_set(err, JM_E_NOTFOUND, "there is no item %" PRIu64, id);
	if (rc == 1 && !x.words) {
		rc = has_words(m, jm_json_span(row, "subject"), err);
		x.words = rc == 1;
	}
	json_decref(row);
	if (rc >= 0)
		rc = jm_reports_visit(m->a, id, match_report, &x, err);
	if (rc == 0 && x.may && !all_met(&x)) {
		x.look = true;
		rc = jm_reports_visit(m->a, id, match_report, &x, err);
	}
	jm_bcc_header_release(&x.header);
	m->unreadable += rc == 0 && x.damaged && !all_met(&x);
	return rc < 0 ? -1 : all_met(&x);
}

struct look {
	struct jm_matcher *m;
	bool found;
};

static int match_part(void *ctx, const struct jm_part *p, struct jm_err *err)
{
	struct look *l = ctx;

	if (!p->attachment || jm_span_none(p->name))
		return 0;
	if (jm_matcher_fold(l->m, p->name, err) != 0)
		return -1;
	l->found = jm_fold_fits(jm_buf_span(&l->m->text), jm_buf_span(&l->m->pattern));
	return l->found;
}

/* Note an item whose parts were not all examined. */
static int note_partly(struct jm_matcher *m, uint64_t id, struct jm_err *err)
{
	m->partly++;
	if (!m->partly_ids)
		m->partly_ids = json_array();
	if (m->partly <= JM_MATCHER_PARTLY &&
	    json_array_append_new(m->partly_ids, json_integer((json_int_t)id)) != 0)
		return jm_err_set(err, JM_E_TEMP, "no memory for an item");
	return 0;
}

static int item_has_attachment(struct jm_matcher *m, uint64_t id, struct jm_err *err)
{
	struct look look = { m, false };
	bool whole = true;
	struct jm_loaded l;
	struct jm_raw raw;
	int rc;

	if (jm_content_load(m->a, id, &l, err) != 0)
		return -1;
	rc = jm_content_raw(&l, "content", &raw, err);
	if (rc == 0) {
		rc = jm_parts_look(raw.bytes, match_part, &look, &whole, err);
		jm_raw_release(&raw);
	}
	jm_loaded_release(&l);
	if (rc >= 0 && !look.found && !whole)
		rc = note_partly(m, id, err);
	return rc < 0 ? -1 : look.found;
}

int jm_matcher_records(struct jm_matcher *m, uint64_t id, struct jm_err *err)
{
	const struct jm_archive_filter *f = m->f;
	int rc = 1;

	if (m->words.len > 0 || f->address || f->recipient || m->domain[0] != '\0')
		rc = item_passes(m, id, err);
	if (rc == 1 && m->pattern.len > 0)
		rc = item_has_attachment(m, id, err);
	if (rc < 0 && (err->kind == JM_E_CORRUPT || err->kind == JM_E_NOTFOUND)) {
		m->unreadable += err->kind == JM_E_CORRUPT;
		rc = 0;
	}
	return rc;
}

/* ---- the matcher ---- */

/* Fold the words of the subject. */
static int take_words(struct jm_matcher *m, struct jm_err *err)
{
	if (!m->f->subject)
		return 0;
	if (jm_fold_text(jm_span_str(m->f->subject), &m->words, err) != 0)
		return -1;
	/* In the stored text a mark may join a character that JSON writes for another one. */
	m->plain_words = m->words.len > 0 && !jm_fold_has_marks(jm_buf_span(&m->words));
	for (size_t i = 0; i < m->words.len; i++)
		m->plain_words = m->plain_words && m->words.p[i] >= ' ' && m->words.p[i] != '"' &&
		    m->words.p[i] != '\\' && m->words.p[i] != 0x7f;
	return 0;
}

static int take_addresses(struct jm_matcher *m, struct jm_err *err)
{
	const char *const text[JM_MATCHER_ADDRESSES] = { m->f->address, m->f->sender,
		m->f->recipient };

	for (size_t i = 0; i < JM_MATCHER_ADDRESSES; i++) {
		struct jm_matcher_address *x = &m->address[i];

		x->wanted = text[i] != NULL;
		x->as_sender = text[i] != m->f->recipient;
		x->as_recipient = text[i] != m->f->sender;
		if (x->wanted && jm_address_form_typed(jm_span_str(text[i]), &x->key, err) != 0)
			return -1;
	}
	if (m->f->service &&
	    jm_address_form_typed(jm_span_str(m->f->service), &m->service, err) != 0)
		return -1;
	return 0;
}

/* "example.com", "@example.com" or "*@example.com" */
static int take_domain(struct jm_matcher *m, struct jm_err *err)
{
	const char *domain = m->f->domain;

	if (!domain)
		return 0;
	if (domain[0] == '*' && domain[1] == '@')
		domain++;
	if (domain[0] == '@')
		domain++;
	if (jm_address_form_domain(jm_address_form_bare(jm_span_str(domain)), m->domain) != 0 ||
	    strchr(m->domain, '@'))
		return jm_err_set(err, JM_E_USAGE, "\"%.80s\" is no domain", m->f->domain);
	return 0;
}

int jm_matcher_init(struct jm_matcher *m, struct jm_archive *a, const struct jm_archive_filter *f,
    struct jm_err *err)
{
	memset(m, 0, sizeof *m);
	m->a = a;
	m->f = f;
	for (size_t i = 0; i < JM_MATCHER_ADDRESSES; i++)
		jm_buf_init(&m->address[i].key, TYPED_BYTES);
	jm_buf_init(&m->message_id, TYPED_BYTES);
	jm_buf_init(&m->service, TYPED_BYTES);
	jm_buf_init(&m->words, TYPED_BYTES);
	jm_buf_init(&m->pattern, TYPED_BYTES);
	jm_buf_init(&m->entry, 4096);
	jm_buf_init(&m->text, TEXT_BYTES);
	if (take_words(m, err) != 0 || take_addresses(m, err) != 0 || take_domain(m, err) != 0)
		return -1;
	if (f->message_id &&
	    jm_message_id_typed(jm_span_str(f->message_id), &m->message_id, err) != 0)
		return -1;
	if (f->attachment)
		return jm_fold_pattern(jm_span_str(f->attachment), &m->pattern, err);
	return 0;
}

void jm_matcher_release(struct jm_matcher *m)
{
	for (size_t i = 0; i < JM_MATCHER_ADDRESSES; i++)
		jm_buf_release(&m->address[i].key);
	jm_buf_release(&m->message_id);
	jm_buf_release(&m->service);
	jm_buf_release(&m->words);
	jm_buf_release(&m->pattern);
	jm_buf_release(&m->text);
	jm_buf_release(&m->entry);
	json_decref(m->partly_ids);
}
