/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is known about the ownership of internal domains. Each step is an event that carries the
 * domain's state, so it is durable, seen among the events, and found again when the catalog is made
 * anew. Rows: in the table meta, under "domain/NAME".
 */
#include <stdio.h>

#include "common/archive/apply.h"
#include "common/base/clock.h"

#define PREFIX "domain/"

static struct jm_span row_key(const char *domain, char key[JM_CATALOG_KEY_MAX])
{
	int n = snprintf(key, JM_CATALOG_KEY_MAX, PREFIX "%.255s", domain);

	return jm_span_of(key, (size_t)n);
}

int jm_domain_apply(struct jm_apply *p, const struct jm_applied *r, struct jm_err *err)
{
	const json_t *change = json_object_get(r->meta, "domain");
	const char *name = json_string_value(json_object_get(change, "domain")),
		   *state = json_string_value(json_object_get(change, "state"));
	json_int_t now = (json_int_t)r->head->time_ms;
	char key[JM_CATALOG_KEY_MAX];
	json_t *row = NULL;
	int rc;

	if (!name || !state)
		return 0; /* a newer program's: not for us */
	if (strcmp(state, "removed") == 0)
		return jm_catalog_remove(p->c, p->txn, JM_T_META, row_key(name, key), err);
	rc = jm_catalog_get_json(p->c, p->txn, JM_T_META, row_key(name, key), &row, err);
	if (rc < 0)
		return -1;
	if (rc == 0)
		row = json_pack("{s:I}", "added_ms", now);
	rc = json_object_update(row, (json_t *)(uintptr_t)change);
	if (strcmp(state, "pending") != 0)
		rc |= json_object_set_new(row, "checked_ms", json_integer(now));
	if (strcmp(state, "verified") == 0)
		rc |= json_object_set_new(row, "verified_ms", json_integer(now));
	rc = rc != 0 ? jm_err_set(err, JM_E_TEMP, "no memory for a domain")
		     : jm_catalog_put_json(p->c, p->txn, JM_T_META, row_key(name, key), row, err);
	json_decref(row);
	return rc < 0 ? -1 : 0;
}

static const char *kind_of(enum jm_domain_state state)
{
	static const char *const kinds[] = { [JM_DOMAIN_PENDING] = "domain-added",
		[JM_DOMAIN_VERIFIED] = "domain-verified",
		[JM_DOMAIN_FAILED] = "domain-not-verified",
		[JM_DOMAIN_REMOVED] = "domain-removed" };

	return kinds[state];
}

static const char *const words[] = { [JM_DOMAIN_PENDING] = "pending",
	[JM_DOMAIN_VERIFIED] = "verified",
	[JM_DOMAIN_FAILED] = "failed",
	[JM_DOMAIN_REMOVED] = "removed" };

int jm_archive_domain(
    struct jm_archive *a, const char *actor, const struct jm_domain_change *c, struct jm_err *err)
{
	char text[400];
	struct jm_event e = { .time_ms = jm_clock_now_ms(),
		.kind = kind_of(c->state),
		.actor = actor,
		.text = text };
	struct jm_ticket *t;
	json_t *meta;
	int rc;

	snprintf(text, sizeof text, "domain %.255s: %.120s", c->domain,
	    c->text ? c->text : words[c->state]);
	meta = jm_describe_event(&e, err);
	if (!meta)
		return -1;
	if (json_object_set_new(meta, "domain",
		json_pack("{s:s, s:s, s:s, s:s*}", "domain", c->domain, "state", words[c->state],
		    "code", c->code ? c->code : "", "text", c->text)) != 0) {
		json_decref(meta);
		return jm_err_set(
		    err, JM_E_TEMP, "no memory for a domain, or a name that is not UTF-8");
	}
	t = jm_ticket_new(JM_RECORD_EVENT, meta, err);
	if (!t)
		return -1;
	rc = jm_writer_commit(a, t, err);
	pthread_mutex_lock(&a->lock);
	jm_ticket_drop(t);
	pthread_mutex_unlock(&a->lock);
	return rc;
}

int jm_archive_domains(struct jm_archive *a, jm_archive_visit *visit, void *ctx, struct jm_err *err)
{
	static const struct jm_span prefix = { (const unsigned char *)PREFIX, sizeof PREFIX - 1 };
	unsigned char at[JM_CATALOG_KEY_MAX];
	struct jm_span after = prefix;
	struct jm_page page;
	int rc = 0;

	if (jm_applier_wait(a, err) < 0)
		return -1;
	while (rc == 0) {
		if (jm_reader_page(a, JM_T_META, prefix, after, false, &page, err) < 0)
			return -1;
		if (page.n == 0)
			break;
		memcpy(at, page.row[page.n - 1].key, page.row[page.n - 1].key_n);
		after = jm_span_of(at, page.row[page.n - 1].key_n);
		for (size_t i = 0; i < page.n && rc == 0; i++) {
			json_t *row = jm_json_row(page.row[i].value, page.row[i].value_n);

			if (row &&
			    (jm_reader_time(row, "added_ms", "added") |
				jm_reader_time(row, "checked_ms", "checked") |
				jm_reader_time(row, "verified_ms", "verified")) == 0)
				rc = visit(ctx, row, err);
			else
				rc = jm_err_set(err, JM_E_TEMP, "no memory for a domain");
			json_decref(row);
		}
		jm_page_release(&page);
	}
	return rc < 0 ? -1 : 0;
}
