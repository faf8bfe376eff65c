/* SPDX-License-Identifier: BSD-2-Clause */
/* Comparing items with the criteria of a search: their rows, and their records. */
#include "common/query/matcher.h"

#include <string.h>

#include "common/archive/content.h"
#include "common/catalog/keys.h"
#include "common/catalog/row.h"
#include "common/json/value.h"
#include "common/mail/date.h"
#include "common/mail/part.h"
#include "common/query/bcc.h"
#include "common/query/item.h"

#define ROW_TEXT_BYTES 990u /* a longer text of a row may have been cut (applying.c) */
#define WORDS_BYTES 4096u
#define TEXT_BYTES (64u * 1024 * 1024)

int jm_matcher_fold(struct jm_matcher *m, struct jm_span text, struct jm_err *err)
{
	return jm_fold_text(&m->fold, text, &m->text, err);
}

/* ---- rows, with the catalog held ---- */

static bool has_service(const json_t *row, const char *service)
{
	const json_t *list = json_object_get(row, "more_services");
	const char *first = json_string_value(json_object_get(row, "service"));

	if (first && strcmp(first, service) == 0)
		return true;
	for (size_t i = 0; i < json_array_size(list); i++)
		if (strcmp(json_string_value(json_array_get(list, i)), service) == 0)
			return true;
	return false;
}

static bool row_of_state(const struct jm_archive_filter *f, const json_t *row)
{
	return (json_object_get(row, "set_aside") != NULL) == f->set_aside &&
	    (f->waiting || !json_object_get(row, "queued")) &&
	    (json_object_get(row, "expired_ms") != NULL) == f->expired;
}

static bool row_in_ranges(const struct jm_archive_filter *f, const json_t *row)
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
	return jm_date_parse(jm_json_span(row, "date"), &sent_ms) == 0 &&
	    (f->sent_since_ms == 0 || sent_ms >= f->sent_since_ms) &&
	    (f->sent_until_ms == 0 || sent_ms < f->sent_until_ms);
}

static int has_words(struct jm_matcher *m, struct jm_span subject, struct jm_err *err)
{
	if (jm_matcher_fold(m, subject, err) != 0)
		return -1;
	return jm_fold_has_words(jm_buf_span(&m->text), jm_buf_span(&m->words));
}

static int row_has_words(
    struct jm_matcher *m, const json_t *row, enum jm_matched *v, struct jm_err *err)
{
	struct jm_span subject = jm_json_span(row, "subject");
	int rc = m->words.len == 0 ? 1 : has_words(m, subject, err);

	if (rc == 0 && subject.len > ROW_TEXT_BYTES) {
		*v = JM_MATCHED_READ;
		return 1;
	}
	return rc;
}

/* An address to search for, and its roles. */
struct address_criterion {
	const char *address; /* NULL: no such criterion */
	bool as_sender, as_recipient;
};

/* Does item id have the address? A recipient may be Bcc, which only the records say: then *v
 * becomes READ. 1; 0; -1 with err. */
static int row_has_address(struct jm_matcher *m, struct jm_catalog *c, uint64_t id,
    const struct address_criterion *x, enum jm_matched *v, struct jm_err *err)
{
	unsigned char key[JM_CATALOG_KEY_MAX];
	struct jm_span at, roles;
	int rc;

	if (!x->address)
		return 1;
	at = jm_keys_index(jm_span_str(x->address), true, id, key);
	rc = jm_catalog_get(c, NULL, JM_T_BY_ADDRESS, at, &m->entry, err);
	if (rc < 0)
		return -1;
	roles = rc == 1 ? jm_buf_span(&m->entry) : jm_span_str("");
	if (x->as_sender && jm_span_index(roles, 's') < roles.len)
		return 1;
	if (!x->as_recipient || jm_span_index(roles, 'r') == roles.len)
		return 0;
	if (!m->f->bcc && jm_span_index(roles, 'o') == roles.len)
		*v = JM_MATCHED_READ;
	return 1;
}

static int row_has_addresses(
    struct jm_matcher *m, struct jm_catalog *c, uint64_t id, enum jm_matched *v, struct jm_err *err)
{
	const struct address_criterion all[] = { { m->f->address, true, true },
		{ m->f->sender, true, false }, { m->f->recipient, false, true } };
	int rc = 1;

	for (size_t i = 0; i < 3 && rc == 1; i++)
		rc = row_has_address(m, c, id, &all[i], v, err);
	return rc;
}

static int row_has_message_id(
    struct jm_matcher *m, struct jm_catalog *c, uint64_t id, struct jm_err *err)
{
	unsigned char key[JM_CATALOG_KEY_MAX];
	struct jm_span at;

	if (!m->f->message_id || m->by_message_id)
		return 1;
	at = jm_keys_index(jm_keys_bare_id(jm_span_str(m->f->message_id)), false, id, key);
	return jm_catalog_get(c, NULL, JM_T_BY_MESSAGE_ID, at, &m->entry, err);
}

bool jm_matcher_at_domain(const struct jm_matcher *m, struct jm_span address)
{
	size_t at = jm_span_rindex(address, '@'), n = strlen(m->domain), len;
	char name[JM_DOMAIN_BYTES];

	if (at == address.len ||
	    jm_domain_normalise(jm_span_sub(address, at + 1, address.len), name) != 0)
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
	 * control characters. */
	if (!m->plain_words || raw.len > 2 * ROW_TEXT_BYTES ||
	    jm_matcher_fold(m, raw, &ignored) != 0)
		return false;
	return !jm_fold_has_words(jm_buf_span(&m->text), jm_buf_span(&m->words));
}

int jm_matcher_row(struct jm_matcher *m, struct jm_catalog *c, const json_t *row,
    enum jm_matched *v_r, struct jm_err *err)
{
	const struct jm_archive_filter *f = m->f;
	uint64_t id = jm_json_u64(row, "id");
	int rc;

	*v_r = m->pattern.len > 0 ? JM_MATCHED_READ : JM_MATCHED_YES;
	rc = row_of_state(f, row) && row_in_ranges(f, row) &&
	    (!f->service || has_service(row, f->service));
	if (rc == 1)
		rc = row_has_words(m, row, v_r, err);
	if (rc == 1)
		rc = row_has_message_id(m, c, id, err);
	if (rc == 1)
		rc = row_has_addresses(m, c, id, v_r, err);
	if (rc == 1 && m->domain[0] != '\0' &&
	    !jm_matcher_at_domain(m, jm_json_span(row, "sender")))
		*v_r = JM_MATCHED_READ;
	if (rc == 0)
		*v_r = JM_MATCHED_NO;
	return rc < 0 ? -1 : 0;
}

/* ---- records ---- */

static bool at_domain(const void *ctx, struct jm_span address)
{
	return jm_matcher_at_domain(ctx, address);
}

static bool is_address(const void *ctx, struct jm_span address)
{
	return jm_span_eq_nocase(address, jm_span_str(ctx));
}

/* Does one of the reports have a wanted address under this name? */
static bool by_a_report(const json_t *item, const char *key, jm_bcc_wanted *wanted, const void *ctx)
{
	const json_t *reports = json_object_get(item, "reports");

	for (size_t i = 0; i < json_array_size(reports); i++) {
		struct jm_span text = jm_json_span(json_array_get(reports, i), key);

		if (!jm_span_none(text) && wanted(ctx, text))
			return true;
	}
	return false;
}

static bool sent_by(const json_t *item, jm_bcc_wanted *wanted, const void *ctx)
{
	return by_a_report(item, "envelope_sender", wanted, ctx) ||
	    by_a_report(item, "on_behalf_of", wanted, ctx);
}

static int received_by(struct jm_matcher *m, const json_t *item, jm_bcc_wanted *wanted,
    const void *ctx, struct jm_err *err)
{
	const json_t *list = json_object_get(item, "recipients");

	if (!m->f->bcc)
		return jm_bcc_open(m->a, item, wanted, ctx, err);
	for (size_t i = 0; i < json_array_size(list); i++)
		if (wanted(ctx, jm_json_span(json_array_get(list, i), "address")))
			return 1;
	return 0;
}

static int item_has_words(struct jm_matcher *m, const json_t *item, struct jm_err *err)
{
	const json_t *reports = json_object_get(item, "reports");
	int rc = has_words(m, jm_json_span(item, "subject"), err);

	for (size_t i = 0; rc == 0 && i < json_array_size(reports); i++)
		rc = has_words(m, jm_json_span(json_array_get(reports, i), "subject"), err);
	return rc;
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

static int item_has_attachment(struct jm_matcher *m, uint64_t id, struct jm_err *err)
{
	struct look look = { m, false };
	struct jm_loaded l;
	struct jm_raw raw;
	int rc;

	if (jm_content_load(m->a, id, &l, err) != 0)
		return -1;
	rc = jm_content_raw(&l, "content", &raw, err);
	if (rc == 0) {
		rc = jm_parts_walk(raw.bytes, match_part, &look, err);
		jm_raw_release(&raw);
	}
	jm_loaded_release(&l);
	return rc < 0 ? -1 : look.found;
}

static int item_passes(struct jm_matcher *m, const json_t *item, struct jm_err *err)
{
	const struct jm_archive_filter *f = m->f;
	int rc = m->words.len > 0 ? item_has_words(m, item, err) : 1;

	if (rc == 1 && f->address && !sent_by(item, is_address, f->address))
		rc = received_by(m, item, is_address, f->address, err);
	if (rc == 1 && f->recipient)
		rc = received_by(m, item, is_address, f->recipient, err);
	if (rc == 1 && m->domain[0] != '\0' && !sent_by(item, at_domain, m))
		rc = received_by(m, item, at_domain, m, err);
	return rc;
}

int jm_matcher_records(struct jm_matcher *m, uint64_t id, struct jm_err *err)
{
	const struct jm_archive_filter *f = m->f;
	json_t *item = NULL;
	int rc = 1;

	if (m->words.len > 0 || f->address || f->recipient || m->domain[0] != '\0')
		rc = jm_item_read(m->a, id, &item, err);
	if (rc == 0) {
		rc = item_passes(m, item, err);
		m->unreadable += rc == 0 && json_object_get(item, "damaged");
	}
	json_decref(item);
	if (rc == 1 && m->pattern.len > 0)
		rc = item_has_attachment(m, id, err);
	if (rc < 0 && (err->kind == JM_E_CORRUPT || err->kind == JM_E_NOTFOUND)) {
		m->unreadable += err->kind == JM_E_CORRUPT;
		rc = 0;
	}
	return rc;
}

/* ---- the matcher ---- */

int jm_matcher_init(struct jm_matcher *m, struct jm_archive *a, const struct jm_archive_filter *f,
    struct jm_err *err)
{
	memset(m, 0, sizeof *m);
	m->a = a;
	m->f = f;
	jm_fold_init(&m->fold);
	jm_buf_init(&m->words, WORDS_BYTES);
	jm_buf_init(&m->pattern, WORDS_BYTES);
	jm_buf_init(&m->entry, 4096);
	jm_buf_init(&m->text, TEXT_BYTES);
	if (f->subject && jm_fold_text(&m->fold, jm_span_str(f->subject), &m->words, err) != 0)
		return -1;
	m->plain_words = m->words.len > 0;
	for (size_t i = 0; i < m->words.len; i++)
		m->plain_words = m->plain_words && m->words.p[i] >= ' ' && m->words.p[i] != '"' &&
		    m->words.p[i] != '\\' && m->words.p[i] != 0x7f;
	if (f->attachment &&
	    jm_fold_text(&m->fold, jm_span_str(f->attachment), &m->pattern, err) != 0)
		return -1;
	if (f->domain &&
	    jm_domain_normalise(
		jm_span_str(f->domain[0] == '@' ? f->domain + 1 : f->domain), m->domain) != 0)
		return jm_err_set(err, JM_E_USAGE, "\"%.80s\" is no domain", f->domain);
	return 0;
}

void jm_matcher_release(struct jm_matcher *m)
{
	jm_buf_release(&m->words);
	jm_buf_release(&m->pattern);
	jm_buf_release(&m->text);
	jm_buf_release(&m->entry);
	jm_fold_release(&m->fold);
}
