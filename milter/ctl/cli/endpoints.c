/* SPDX-License-Identifier: BSD-2-Clause */
/* Parsing Microsoft's list of endpoints. See endpoints.h. */
#include "milter/ctl/cli/endpoints.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/json/read.h"

/* "25", "25,587", "80,443": is 25 one of them? */
static bool has_port_25(const char *ports)
{
	struct jm_span rest = jm_span_str(ports);

	while (rest.len) {
		size_t n = jm_span_index(rest, ',');

		if (jm_span_eq(jm_span_trim(jm_span_sub(rest, 0, n)), jm_span_str("25")))
			return true;
		rest = jm_span_sub(rest, n + 1, rest.len);
	}
	return false;
}

static int endpoints_compare(const void *a, const void *b)
{
	const struct jm_cidr *x = a, *y = b;
	static const unsigned char v4[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };
	bool x4 = memcmp(x->addr, v4, 12) == 0, y4 = memcmp(y->addr, v4, 12) == 0;
	int order;

	if (x4 != y4)
		return x4 ? -1 : 1;
	order = memcmp(x->addr, y->addr, sizeof x->addr);
	return order ? order : (int)x->bits - (int)y->bits;
}

static int take_ips(const json_t *ips, struct jm_endpoints *e, struct jm_err *err)
{
	json_t *ip;
	size_t i;

	json_array_foreach(ips, i, ip) {
		const char *text = json_string_value(ip);

		if (e->n >= JM_ENDPOINTS_MAX)
			return jm_err_set(err, JM_E_LIMIT, "more than %d ranges", JM_ENDPOINTS_MAX);
		if (!text)
			return jm_err_set(err, JM_E_CORRUPT, "an entry of \"ips\" is no text");
		if (jm_cidr_parse(jm_span_str(text), &e->v[e->n], err) != 0) {
			err->kind = JM_E_CORRUPT;
			return jm_err_wrap(err, "range \"%.60s\"", text);
		}
		e->n++;
	}
	return 0;
}

static void endpoints_sort(struct jm_endpoints *e)
{
	size_t kept = 0;

	qsort(e->v, e->n, sizeof *e->v, endpoints_compare);
	for (size_t i = 0; i < e->n; i++)
		if (kept == 0 || endpoints_compare(&e->v[kept - 1], &e->v[i]) != 0)
			e->v[kept++] = e->v[i];
	e->n = kept;
}

static void take_text(const json_t *entry, const char *name, char *text, size_t text_bytes)
{
	const char *given = json_string_value(json_object_get(entry, name));

	if (given)
		snprintf(text, text_bytes, "%s", given);
}

int jm_endpoints_parse(struct jm_span text, struct jm_endpoints *e, struct jm_err *err)
{
	json_t *list, *entry;
	int rc = -1;
	size_t i;

	memset(e, 0, sizeof *e);
	if (jm_json_read_strict(text.p, text.len, &list, err) != 0)
		goto out;
	e->v = calloc(JM_ENDPOINTS_MAX, sizeof *e->v);
	if (!e->v) {
		(void)jm_err_set(err, JM_E_TEMP, "out of memory");
		goto out;
	}
	json_array_foreach(list, i, entry) {
		const char *area = json_string_value(json_object_get(entry, "serviceArea"));
		const char *ports = json_string_value(json_object_get(entry, "tcpPorts"));

		take_text(entry, "date", e->date, sizeof e->date);
		take_text(entry, "version", e->version, sizeof e->version);
		if (!area || strcmp(area, "Exchange") != 0 || !ports || !has_port_25(ports))
			continue;
		if (take_ips(json_object_get(entry, "ips"), e, err) != 0)
			goto out;
	}
	if (e->n == 0) {
		(void)jm_err_set(err, JM_E_CORRUPT,
		    "no endpoint of Exchange with TCP port 25 in it: is it the list of "
		    "https://endpoints.office.com/endpoints/worldwide ?");
		goto out;
	}
	endpoints_sort(e);
	rc = 0;
out:
	json_decref(list);
	if (rc != 0)
		jm_endpoints_release(e);
	return rc;
}

void jm_endpoints_release(struct jm_endpoints *e)
{
	free(e->v);
	memset(e, 0, sizeof *e);
}

bool jm_endpoints_cover(const struct jm_cidr *v, size_t n, const struct jm_cidr *c)
{
	struct jm_cidr first = *c;

	first.bits = 128;
	for (size_t i = 0; i < n; i++)
		if (v[i].bits <= c->bits && jm_cidr_contains(&v[i], &first))
			return true;
	return false;
}
