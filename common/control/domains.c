/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/control/domains.h"

#include <string.h>

static const char *text_of(const json_t *row, const char *key)
{
	return json_string_value(json_object_get(row, key));
}

static const json_t *row_of(const json_t *rows, const char *domain)
{
	const json_t *row;
	size_t i;

	json_array_foreach(rows, i, row)
		if (text_of(row, "domain") && strcmp(text_of(row, "domain"), domain) == 0)
			return row;
	return NULL;
}

const char *jm_domains_verified_by(const json_t *rows, const char *domain)
{
	for (; domain; domain = strchr(domain, '.') ? strchr(domain, '.') + 1 : NULL) {
		const json_t *row = row_of(rows, domain);

		if (row && text_of(row, "state") && strcmp(text_of(row, "state"), "verified") == 0)
			return text_of(row, "domain");
	}
	return NULL;
}

static int add(json_t *list, const json_t *rows, const char *name, const struct jm_domain *internal)
{
	const json_t *row = row_of(rows, name);
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
		rc = add(
		    list, rows, settings->internal_domains[i].name, &settings->internal_domains[i]);
	json_array_foreach(rows, i, row) {
		const char *name = text_of(row, "domain");

		for (k = 0; settings && name && k < settings->internal_domains_n; k++)
			if (strcmp(settings->internal_domains[k].name, name) == 0)
				break;
		if (rc == 0 && name && (!settings || k == settings->internal_domains_n))
			rc = add(list, rows, name, NULL);
	}
	if (rc != 0) {
		json_decref(list);
		return NULL;
	}
	return list;
}
