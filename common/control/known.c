/* SPDX-License-Identifier: BSD-2-Clause */
/* Comparing names with those that the archive has. See known.h. */
#include "common/control/known.h"

#include <string.h>

#include "common/json/value.h"
#include "common/mail/address_form.h"
#include "common/query/names.h"
#include "common/settings/near.h"

bool jm_known_is_kind(const char *kinds, const char *kind)
{
	size_t n, want = kind ? strlen(kind) : 0;

	if (!kinds)
		return true;
	for (;; kinds += n + 1) {
		n = strcspn(kinds, ",");
		if (n == want && n > 0 && memcmp(kinds, kind, n) == 0)
			return true;
		if (kinds[n] == '\0')
			return false;
	}
}

static int known_no_memory(struct jm_err *err)
{
	return jm_err_set(err, JM_E_TEMP, "no memory for names");
}

static bool has_name(const json_t *names, struct jm_span name)
{
	for (size_t i = 0; i < json_array_size(names); i++)
		if (jm_span_eq(jm_json_string_span(json_array_get(names, i)), name))
			return true;
	return false;
}

/* The name that is nearest to word; NULL: none is near. */
static const char *nearest(const json_t *names, struct jm_span word)
{
	const char *near = NULL;
	unsigned best = JM_NEAR_NONE;

	for (size_t i = 0; i < json_array_size(names); i++) {
		const char *name = json_string_value(json_array_get(names, i));
		unsigned d = name ? jm_near_distance(word, name) : JM_NEAR_NONE;

		if (d < best) {
			best = d;
			near = name;
		}
	}
	return near;
}

/* Fail for an unknown name, with the nearest one, or with what there is. */
static int unknown(const json_t *names, const char *what, struct jm_span word, struct jm_err *err)
{
	const char *near = nearest(names, word),
		   *first = json_string_value(json_array_get(names, 0));
	int n = word.len > 100 ? 100 : (int)word.len;

	if (near)
		return jm_err_set(err, JM_E_USAGE, "no %s \"%.*s\", did you mean \"%.100s\"?", what,
		    n, (const char *)word.p, near);
	if (!first)
		return jm_err_set(err, JM_E_USAGE, "no %s \"%.*s\"; there are none", what, n,
		    (const char *)word.p);
	return jm_err_set(err, JM_E_USAGE, "no %s \"%.*s\"; there are %zu, for example \"%.100s\"",
	    what, n, (const char *)word.p, json_array_size(names), first);
}

/* Is one of the names this mailbox? 1; 0; -1. */
static int has_mailbox(const json_t *names, const char *service, struct jm_err *err)
{
	struct jm_buf key;
	int rc;

	jm_buf_init(&key, 65536);
	rc = jm_address_form_typed(jm_span_str(service), &key, err);
	for (size_t i = 0; rc == 0 && i < json_array_size(names); i++)
		rc = jm_address_form_fits(
		    jm_json_string_span(json_array_get(names, i)), jm_buf_span(&key), err);
	jm_buf_release(&key);
	return rc;
}

int jm_known_service(struct jm_archive *a, const json_t *daemon_state, const char *service,
    bool any_form, struct jm_err *err)
{
	const json_t *list = json_object_get(daemon_state, "services");
	json_t *names = json_array();
	int rc = service ? jm_archive_service_names(a, names, err) : 0;

	for (size_t i = 0; rc == 0 && service && i < json_array_size(list); i++)
		if (json_array_append(
			names, json_object_get(json_array_get(list, i), "email_address")) != 0)
			rc = known_no_memory(err);
	if (rc == 0 && service && !has_name(names, jm_span_str(service))) {
		rc = any_form ? has_mailbox(names, service, err) : 0;
		if (rc == 0)
			rc = unknown(names, "service", jm_span_str(service), err);
	}
	json_decref(names);
	return rc < 0 ? -1 : 0;
}

/* Append the words of a text. */
static int add_words(json_t *names, const char *text, struct jm_err *err)
{
	for (size_t n; *text != '\0'; text += n + (text[n] != '\0')) {
		n = strcspn(text, " ");
		if (json_array_append_new(names, json_stringn(text, n)) != 0)
			return known_no_memory(err);
	}
	return 0;
}

int jm_known_kinds(struct jm_archive *a, const char *kinds, struct jm_err *err)
{
	json_t *names = json_array();
	struct jm_span left = jm_span_str(kinds);
	int rc = 0;

	if (kinds)
		rc = add_words(names, JM_KNOWN_KINDS, err) != 0 ||
			jm_archive_kind_names(a, names, err) != 0
		    ? -1
		    : 0;
	while (rc == 0 && kinds) {
		size_t n = jm_span_index(left, ',');

		if (!has_name(names, jm_span_sub(left, 0, n)))
			rc = unknown(names, "kind of events", jm_span_sub(left, 0, n), err);
		if (n == left.len)
			break;
		left = jm_span_sub(left, n + 1, left.len);
	}
	json_decref(names);
	return rc;
}
