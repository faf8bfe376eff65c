/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Joining two sources about a domain: the settings say that it is internal, the archive's rows
 * whether its ownership was verified. jmctl verifies; the archive stores the result.
 */
#include "common/control/domain_list.h"

#include <string.h>

static const char *row_text(const json_t *row, const char *key)
{
	return json_string_value(json_object_get(row, key));
}

static const json_t *row_find(const json_t *rows, const char *domain)
{
	const json_t *row;
	size_t i;

	json_array_foreach(rows, i, row)
		if (row_text(row, "domain") && strcmp(row_text(row, "domain"), domain) == 0)
			return row;
	return NULL;
}

const char *jm_domains_verified_by(const json_t *rows, const char *domain)
{
	for (; domain; domain = strchr(domain, '.') ? strchr(domain, '.') + 1 : NULL) {
		const json_t *row = row_find(rows, domain);

		if (row && row_text(row, "state") &&
		    strcmp(row_text(row, "state"), "verified") == 0)
			return row_text(row, "domain");
	}
	return NULL;
}

/* Append the domain name to list; internal is its setting, or NULL. */
static int list_add(
    json_t *list, const json_t *rows, const char *name, const struct jm_domain *internal)
{
	const json_t *row = row_find(rows, name);
	const char *by = jm_domains_verified_by(rows, name);
	json_t *o = row ? json_copy((json_t *)(uintptr_t)row) : json_object();
	int rc = json_object_set_new(o, "domain", json_string(name)) |
	    json_object_set_new(o, "internal", json_boolean(internal != NULL)) |
	    json_object_set_new(o, "verified", json_boolean(by != NULL)) |
	    json_object_set_new(o, "by", by ? json_string(by) : json_null());

	if (internal)
		rc |= json_object_set_new(o, "sub_domains", json_boolean(internal->sub_domains)) |
		    json_object_set_new(o, "line", json_integer(internal->line));
	if (rc != 0) {
		json_decref(o);
		return -1;
	}
	return json_array_append_new(list, o);
}

json_t *jm_domains_list(const struct jm_settings *settings, const json_t *rows)
{
	json_t *list = json_array();
	const json_t *row;
	size_t i, k;
	int rc = list ? 0 : -1;

	for (i = 0; settings && rc == 0 && i < settings->internal_domains_n; i++)
		rc = list_add(
		    list, rows, settings->internal_domains[i].name, &settings->internal_domains[i]);
	json_array_foreach(rows, i, row) {
		const char *name = row_text(row, "domain");

		for (k = 0; settings && name && k < settings->internal_domains_n; k++)
			if (strcmp(settings->internal_domains[k].name, name) == 0)
				break;
		if (rc == 0 && name && (!settings || k == settings->internal_domains_n))
			rc = list_add(list, rows, name, NULL);
	}
	if (rc != 0) {
		json_decref(list);
		return NULL;
	}
	return list;
}
