/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * jmctl ranges: print the addresses of Microsoft 365 that came with the program, and what a newer
 * list changes. Downloads nothing.
 */
#include "milter/ctl/setup/ranges.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "common/base/io.h"
#include "common/settings/loader.h"
#include "common/settings/settings.h"
#include "milter/ctl/cli/data.h"
#include "milter/ctl/cli/endpoints.h"
#include "milter/ctl/cli/option.h"
#include "milter/ctl/cli/outcome.h"
#include "milter/ctl/cli/print.h"

#define LIST_MAX_BYTES (16u * 1024 * 1024)
#define DIFFERENT 1

struct ranges {
	const char *config;  /* NULL: compare with the list that came with the program */
	const char *against; /* the name of the list that is compared with */
	bool json;
	struct jm_endpoints ours, newer;
	struct jm_cidr *known; /* owned with config, else ours.v */
	size_t known_n;
};

static int load_ours(struct ranges *r, struct jm_err *err)
{
	unsigned char *p = NULL;
	size_t n = 0;
	int rc = jm_data_read(JM_ENDPOINTS_FILE, &p, &n, err);

	if (rc == 0)
		rc = jm_endpoints_parse(jm_span_of(p, n), &r->ours, err);
	free(p);
	return rc == 0 ? 0 : jm_err_wrap(err, "the list that came with the program");
}

static int load_newer(struct ranges *r, const char *path, struct jm_err *err)
{
	unsigned char *p = NULL;
	size_t n = 0;
	int rc = jm_io_read_file(path, LIST_MAX_BYTES, &p, &n, err);

	if (rc == 0 && (rc = jm_endpoints_parse(jm_span_of(p, n), &r->newer, err)) != 0)
		(void)jm_err_wrap(err, "%s", path);
	free(p);
	return rc;
}

/* Load all ranges of the settings, with those of the services: each of them accepts mail somewhere.
 */
static int load_settings(struct ranges *r, struct jm_err *err)
{
	struct jm_settings *s = NULL;
	size_t n;

	if (jm_settings_load(r->config, &s, NULL, err) != 0)
		return -1;
	n = s->authorized_outbounds.n;
	for (size_t i = 0; i < s->services_n; i++)
		n += s->services[i].source_ranges.n;
	r->known = calloc(n + 1, sizeof *r->known);
	for (size_t k = 0; r->known && k < s->authorized_outbounds.n; k++)
		r->known[r->known_n++] = s->authorized_outbounds.v[k];
	for (size_t i = 0; r->known && i < s->services_n; i++)
		for (size_t k = 0; k < s->services[i].source_ranges.n; k++)
			r->known[r->known_n++] = s->services[i].source_ranges.v[k];
	jm_settings_unref(&s);
	return r->known ? 0 : jm_err_set(err, JM_E_TEMP, "out of memory");
}

static json_t *not_covered(const struct jm_cidr *v, size_t n, const struct jm_cidr *by, size_t by_n)
{
	json_t *list = json_array();
	char text[JM_CIDR_TEXT_BYTES];

	for (size_t i = 0; i < n; i++)
		if (!jm_endpoints_cover(by, by_n, &v[i]))
			(void)json_array_append_new(list, json_string(jm_cidr_format(&v[i], text)));
	return list;
}

static void print_each(const char *sign, const char *what, const json_t *list)
{
	json_t *range;
	size_t i;

	json_array_foreach(list, i, range)
		jm_print(stdout, "%s %-22s %s\n", sign, json_string_value(range), what);
}

/* True when the settings take mail from some of the n ranges v. */
static bool takes_any(const struct ranges *r, const struct jm_cidr *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (jm_endpoints_cover(r->known, r->known_n, &v[i]))
			return true;
	return false;
}

static int ranges_diff(struct ranges *r)
{
	json_t *added = not_covered(r->newer.v, r->newer.n, r->known, r->known_n), *removed;
	bool same,
	    none = r->config && !takes_any(r, r->ours.v, r->ours.n) &&
	    !takes_any(r, r->newer.v, r->newer.n);

	/* The settings have other addresses, too: only those from our list can be missing in the
	 * newer one. */
	removed = r->config ? not_covered(r->ours.v, r->ours.n, r->newer.v, r->newer.n)
			    : not_covered(r->known, r->known_n, r->newer.v, r->newer.n);
	if (none) { /* these addresses are not wanted */
		(void)json_array_clear(added);
		(void)json_array_clear(removed);
	}
	same = json_array_size(added) == 0 && json_array_size(removed) == 0;
	if (r->json) {
		json_t *all = json_pack("{s:b, s:s, s:O, s:O}", "same", same, "against", r->against,
		    "added", added, "removed", removed);

		jm_print_json(stdout, all);
		json_decref(all);
	} else {
		print_each("+",
		    "new: reports from there would be refused; add it to the <range> elements",
		    added);
		print_each(
		    "-", "no longer listed: Microsoft 365 does not send from there", removed);
		if (none)
			puts("these settings take no mail from the addresses of Microsoft 365");
		jm_print(stdout, "%s: %zu new, %zu gone, compared with %s\n",
		    same ? "nothing changed" : "changed", json_array_size(added),
		    json_array_size(removed), r->against);
	}
	json_decref(added);
	json_decref(removed);
	return same ? EX_OK : DIFFERENT;
}

static int ranges_list(const struct ranges *r)
{
	char text[JM_CIDR_TEXT_BYTES];
	json_t *all = not_covered(r->ours.v, r->ours.n, NULL, 0), *object;

	if (r->json) {
		object = json_pack("{s:s, s:s, s:O}", "date", r->ours.date, "version",
		    r->ours.version, "ranges", all);
		jm_print_json(stdout, object);
		json_decref(object);
	} else {
		for (size_t i = 0; i < r->ours.n; i++)
			jm_print(stdout, "%s\n", jm_cidr_format(&r->ours.v[i], text));
		jm_print(stderr,
		    "as of %s (version %s); compare with a newer list: jmctl ranges diff FILE\n",
		    r->ours.date, r->ours.version);
	}
	json_decref(all);
	return EX_OK;
}

static int ranges_run(struct ranges *r, int n, char **argv, struct jm_err *err)
{
	if (load_ours(r, err) != 0)
		return -1;
	if (strcmp(argv[1], "list") == 0)
		return ranges_list(r);
	if (n < 2)
		return jm_err_set(
		    err, JM_E_USAGE, "diff wants the newer list: jmctl ranges diff FILE");
	if (load_newer(r, argv[2], err) != 0 || (r->config && load_settings(r, err) != 0))
		return -1;
	r->against = r->config ? r->config : "the list that came with the program";
	if (!r->config) {
		r->known = r->ours.v;
		r->known_n = r->ours.n;
	}
	return ranges_diff(r);
}

int jm_ctl_ranges(int argc, char **argv)
{
	struct ranges r = { .config = NULL };
	const struct jm_ctl_option options[] = {
		{ "config", JM_CTL_TEXT, &r.config, "FILE",
		    "compare with the ranges of these settings" },
		{ "json", JM_CTL_FLAG, &r.json, NULL, "one JSON object" },
		{ NULL, JM_CTL_FLAG, NULL, NULL, NULL },
	};
	struct jm_err err = { JM_E_NONE, 0, "" };
	int rc = EX_OK,
	    n = jm_ctl_options(argc, argv, options, "[options] list | diff FILE",
		"Print the addresses of Microsoft 365, and what a newer list changes.", &rc);

	if (n < 0)
		return rc;
	if (n == 0 || n > 2)
		return n == 0 ? jm_ctl_fail_missing("ranges", "list or diff")
			      : jm_ctl_fail_usage("ranges", argv[3]);
	if ((strcmp(argv[1], "list") != 0 && strcmp(argv[1], "diff") != 0) ||
	    (argv[1][0] == 'l' && n == 2))
		return jm_ctl_fail_usage("ranges", argv[n]);
	rc = ranges_run(&r, n, argv, &err);
	if (rc < 0)
		rc = jm_ctl_fail("ranges", &err);
	if (r.known != r.ours.v)
		free(r.known);
	jm_endpoints_release(&r.ours);
	jm_endpoints_release(&r.newer);
	return rc;
}
