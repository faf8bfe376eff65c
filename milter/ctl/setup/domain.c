/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * jmctl domain: prove that an internal domain is yours. add makes a code for a TXT record, verify
 * looks it up in DNS; both are recorded in the archive. Also list and remove.
 */
#include "milter/ctl/setup/domain.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "common/base/digest.h"
#include "common/control/answer.h"
#include "common/control/domain_list.h"
#include "common/mail/domain.h"
#include "common/settings/default.h"
#include "common/settings/loader.h"
#include "milter/ctl/cli/option.h"
#include "milter/ctl/cli/outcome.h"
#include "milter/ctl/cli/print.h"
#include "milter/ctl/cli/target.h"
#include "milter/ctl/cli/dns.h"

#define LABEL "_journal-milter."
#define VALUE "journal-milter-verification="
#define CODE_BYTES 16
#define LONGEST 253 /* bytes of a name in DNS (RFC 1035) */
#define TEXTS_BYTES (256u * 1024)

struct domain {
	struct jm_target target;
	const char *server; /* --server */
	char name[JM_DOMAIN_BYTES];
	json_t *rows; /* the domains that the archive knows; owned */
};

static int domain_keep(void *ctx, const json_t *row, struct jm_err *err)
{
	struct domain *d = ctx;

	return json_array_append(d->rows, (json_t *)(uintptr_t)row) == 0
	    ? 0
	    : jm_err_set(err, JM_E_TEMP, "out of memory");
}

static int domain_ask(struct domain *d, json_t *request, struct jm_err *err)
{
	const struct jm_answer_out out = { .object = domain_keep, .ctx = d };
	int rc = request ? jm_target_ask(&d->target, request, &out, err)
			 : jm_err_set(err, JM_E_TEMP, "out of memory");

	json_decref(request);
	return rc;
}

static int domain_note(
    struct domain *d, const char *state, const char *code, const char *text, struct jm_err *err)
{
	return domain_ask(d,
	    json_pack("{s:s, s:s, s:s, s:s*, s:s*}", "verb", "domain", "domain", d->name, "state",
		state, "code", code, "text", text),
	    err);
}

static const json_t *row_of(const struct domain *d)
{
	const json_t *row;
	size_t i;

	json_array_foreach(d->rows, i, row)
		if (strcmp(json_string_value(json_object_get(row, "domain")), d->name) == 0)
			return row;
	return NULL;
}

/* Print what is known about the domain. */
static int domain_show(
    const struct domain *d, const char *state, const char *code, const char *text)
{
	json_t *o;

	if (!d->target.json) {
		jm_print(stdout, "domain  %s\nstate   %s%s%s\n", d->name, state, text ? ": " : "",
		    text ? text : "");
		if (*code)
			jm_print(
			    stdout, "record  %s%s. IN TXT \"%s%s\"\n", LABEL, d->name, VALUE, code);
		return 0;
	}
	o = json_pack("{s:s, s:s, s:s, s:s*, s:s+, s:s+}", "domain", d->name, "state", state,
	    "code", code, "text", text, "record_name", LABEL, d->name, "record_text", VALUE, code);
	jm_print_json(stdout, o);
	json_decref(o);
	return 0;
}

/* A domain below a verified one needs no record of its own. 1 when this is one, after printing
 * that. */
static int is_covered(const struct domain *d)
{
	const char *by = jm_domains_verified_by(d->rows, d->name);
	char text[JM_DOMAIN_BYTES + 60];

	if (!by || strcmp(by, d->name) == 0)
		return 0;
	snprintf(text, sizeof text, "%s is verified, which holds for all below it", by);
	domain_show(d, "verified", "", text);
	return 1;
}

static int domain_add(struct domain *d, struct jm_err *err)
{
	const json_t *row = row_of(d);
	unsigned char random[CODE_BYTES];
	char code[2 * CODE_BYTES + 1];

	if (is_covered(d))
		return EX_OK;
	if (row) /* keep the code: the record may be in DNS already */
		return domain_show(d, json_string_value(json_object_get(row, "state")),
		    json_string_value(json_object_get(row, "code")), NULL);
	if (jm_random_bytes(random, sizeof random, err) != 0)
		return -1;
	for (size_t i = 0; i < sizeof random; i++)
		snprintf(code + 2 * i, 3, "%02x", random[i]);
	if (domain_note(d, "pending", code, NULL, err) != 0)
		return -1;
	return domain_show(d, "pending", code, "publish this record, then: jmctl domain verify");
}

/* Is there a line VALUE code? People type records, so letter case does not matter. */
static bool has_code(const struct jm_buf *texts, const char *code)
{
	struct jm_span rest = jm_buf_span(texts);
	char want[sizeof VALUE + 2 * CODE_BYTES + 1];

	snprintf(want, sizeof want, VALUE "%s", code);
	while (rest.len) {
		size_t end = jm_span_index(rest, '\n');

		if (jm_span_eq_nocase(jm_span_trim(jm_span_sub(rest, 0, end)), jm_span_str(want)))
			return true;
		rest = jm_span_sub(rest, end + 1, rest.len);
	}
	return false;
}

static int domain_verify(struct domain *d, struct jm_err *err)
{
	const json_t *row = row_of(d);
	const char *code, *text;
	char name[sizeof LABEL + JM_DOMAIN_BYTES];
	struct jm_buf texts;
	int found, rc = -1;

	if (is_covered(d))
		return EX_OK;
	if (!row)
		return jm_err_set(err, JM_E_NOTFOUND,
		    "domain %s was not added; jmctl domain add %s gives its verification code",
		    d->name, d->name);
	code = json_string_value(json_object_get(row, "code"));
	snprintf(name, sizeof name, "%s%s", LABEL, d->name);
	jm_buf_init(&texts, TEXTS_BYTES);
	found = jm_dns_txt(name, d->server, &texts, err);
	if (found < 0)
		goto out; /* keep the state: this says nothing about the domain */
	text = !found ? "DNS has no TXT record there"
		      : "a TXT record is there, but not with this code";
	if (found && has_code(&texts, code)) {
		if (domain_note(d, "verified", code, "DNS has the TXT record", err) == 0)
			rc = domain_show(d, "verified", "", "DNS has the TXT record");
	} else if (domain_note(d, "failed", code, text, err) == 0) {
		domain_show(d, "failed", code, text);
		rc = EX_UNAVAILABLE;
	}
out:
	jm_buf_release(&texts);
	return rc;
}

static int remove_domain(struct domain *d, struct jm_err *err)
{
	if (!row_of(d))
		return jm_err_set(err, JM_E_NOTFOUND, "domain %s was not added", d->name);
	return domain_note(d, "removed", "", NULL, err) == 0 ? domain_show(d, "removed", "", NULL)
							     : -1;
}

static int domain_list(struct domain *d, struct jm_err *err)
{
	struct jm_settings *s = NULL;
	json_t *all;
	const json_t *o;
	size_t i;

	/* With --archive alone there are no settings: list what the archive knows. */
	if ((d->target.config || !d->target.archive) &&
	    jm_settings_load(
		d->target.config ? d->target.config : JM_SETTINGS_DEFAULT_FILE, &s, NULL, err) != 0)
		return -1;
	all = jm_domains_list(s, d->rows);
	jm_settings_unref(&s);
	if (!all)
		return jm_err_set(err, JM_E_TEMP, "out of memory");
	json_array_foreach(all, i, o) {
		const char *by = json_string_value(json_object_get(o, "by")),
			   *domain = json_string_value(json_object_get(o, "domain"));

		if (d->target.json) {
			jm_print_json(stdout, o);
			continue;
		}
		jm_print_value(stdout, json_object_get(o, "domain"), 40, false);
		jm_print(stdout, "  %-12s",
		    by ? "verified"
			: json_object_get(o, "state")
			? json_string_value(json_object_get(o, "state"))
			: "unverified");
		jm_print(stdout, "%s%s%s%s\n",
		    json_is_true(json_object_get(o, "sub_domains")) ? "  and its sub-domains" : "",
		    json_is_true(json_object_get(o, "internal"))
			? ""
			: "  not an internal domain of the settings",
		    by && strcmp(by, domain) != 0 ? "  by " : "",
		    by && strcmp(by, domain) != 0 ? by : "");
	}
	json_decref(all);
	return EX_OK;
}

static int domain_run(struct domain *d, const char *word, struct jm_err *err)
{
	int rc = domain_ask(d, json_pack("{s:s}", "verb", "domains"), err);

	if (rc == 0)
		rc = strcmp(word, "add") == 0     ? domain_add(d, err)
		    : strcmp(word, "verify") == 0 ? domain_verify(d, err)
		    : strcmp(word, "remove") == 0 ? remove_domain(d, err)
						  : domain_list(d, err);
	return rc >= 0 && jm_print_flush(err) != 0 ? -1 : rc;
}

/* Put the domain that was typed into name. Returns what is wrong with it, or NULL. */
static const char *domain_fault(const char *typed, char name[JM_DOMAIN_BYTES])
{
	size_t n = strlen(typed);

	if (n == 0)
		return "it is empty";
	if (strstr(typed, "://") || strchr(typed, '/'))
		return "it is a URL or a path; give the domain alone";
	if (strchr(typed, '@'))
		return "it is an address; give the part after the @";
	if (strchr(typed, ':') || typed[0] == '[')
		return "an IP address is not a domain";
	if (strncmp(typed, "*.", 2) == 0 || typed[0] == '.')
		return "there are no wildcards; give the domain, which holds for all below it";
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)typed[i] <= ' ' || typed[i] == 0x7f)
			return "there is a blank or a control character in it";
	if (jm_domain_normalise(jm_span_str(typed), name) != 0 ||
	    strlen(name) > LONGEST - strlen(LABEL))
		return "it is too long";
	return jm_domain_fault(name);
}

int jm_ctl_domain(int argc, char **argv)
{
	static const char *const words[] = { "add", "verify", "list", "remove" };
	struct domain d = { .server = NULL };
	const struct jm_ctl_option options[] = { { "server", JM_CTL_TEXT, &d.server, "IP[:PORT]",
						     "ask this name server (verify)" },
		JM_TARGET_OPTIONS(&d.target), { NULL } };
	struct jm_err err;
	int code,
	    n = jm_ctl_options(argc, argv, options,
		"[options] list | add DOMAIN | verify DOMAIN | remove DOMAIN",
		"Show that an internal domain is yours: a code for a TXT record, and its look-up "
		"in DNS.",
		&code);
	const char *fault;
	bool is_list = n > 0 && strcmp(argv[1], "list") == 0;
	size_t i = 0;

	if (n < 0)
		return code;
	while (n > 0 && i < 4 && strcmp(argv[1], words[i]) != 0)
		i++;
	if (n < (is_list ? 1 : 2) || n > (is_list ? 1 : 2) || i == 4) {
		jm_print(stderr,
		    "jmctl domain: wants add, verify or remove and a DOMAIN, or list; see jmctl "
		    "domain --help\n");
		return EX_USAGE;
	}
	fault = is_list ? NULL : domain_fault(argv[2], d.name);
	if (fault) {
		fputs("jmctl domain: \"", stderr);
		jm_print_text(stderr, jm_span_str(argv[2]));
		jm_print(stderr, "\" is no domain name: %s\n", fault);
		return EX_USAGE;
	}
	d.rows = json_array();
	code = domain_run(&d, argv[1], &err);
	json_decref(d.rows);
	return code < 0 ? jm_ctl_fail(argv[0], &err) : code;
}
