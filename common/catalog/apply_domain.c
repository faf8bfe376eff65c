/* SPDX-License-Identifier: BSD-2-Clause */
/* The rows of internal domains. Each step is an event that carries the domain's state. */
#include "common/catalog/apply_domain.h"

#include <stdio.h>
#include <string.h>

#include "common/json/value.h"

static struct jm_span domain_key(const char *domain, char key[JM_CATALOG_KEY_MAX])
{
	int n = snprintf(key, JM_CATALOG_KEY_MAX, JM_DOMAIN_ROWS "%.255s", domain);

	return jm_span_of(key, (size_t)n);
}

int jm_apply_domain(struct jm_apply *p, const struct jm_applied *r, struct jm_err *err)
{
	const json_t *change = json_object_get(r->meta, "domain");
	const char *name = jm_json_str(change, "domain"), *state = jm_json_str(change, "state");
	json_int_t now = (json_int_t)r->head->time_ms;
	char key[JM_CATALOG_KEY_MAX];
	json_t *row = NULL;
	int rc;

	if (!name || !state)
		return 0; /* a newer program's: not for us */
	if (strcmp(state, "removed") == 0)
		return jm_catalog_remove(p->txn, JM_T_META, domain_key(name, key), err);
	rc = jm_catalog_get_json(p->c, p->txn, JM_T_META, domain_key(name, key), &row, err);
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
		     : jm_catalog_put_json(p->txn, JM_T_META, domain_key(name, key), row, err);
	json_decref(row);
	return rc;
}
