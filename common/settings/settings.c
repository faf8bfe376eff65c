/* SPDX-License-Identifier: BSD-2-Clause */
/* Loaded settings: references, look-ups, what a reload cannot change. Loading is in loader.c. */
#include "common/settings/settings.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/settings/member.h"
#include "common/settings/table.h"

struct jm_settings *jm_settings_ref(struct jm_settings *s)
{
	__atomic_add_fetch(&s->refs, 1, __ATOMIC_RELAXED);
	return s;
}

void jm_settings_unref(struct jm_settings **s)
{
	struct jm_settings *old = *s;

	*s = NULL;
	/* Release: this thread's reads happen before the free. Acquire: the free happens after the
	 * reads of other threads. */
	if (!old || __atomic_sub_fetch(&old->refs, 1, __ATOMIC_ACQ_REL) != 0)
		return;
	jm_members_release(JM_SETTINGS_ROOT, old);
	free(old->journal_domains);
	free(old->report_sender_names);
	free(old->path);
	free(old);
}

const struct jm_service *jm_settings_service_for(
    const struct jm_settings *s, struct jm_span local, struct jm_span domain)
{
	for (size_t i = 0; i < s->services_n; i++) {
		struct jm_span address = jm_span_str(s->services[i].email_address);
		size_t at = jm_span_rindex(address, '@');

		if (jm_span_eq(jm_span_sub(address, at + 1, address.len), domain) &&
		    jm_span_eq_nocase(jm_span_sub(address, 0, at), local))
			return &s->services[i];
	}
	return NULL;
}

bool jm_settings_is_journal_domain(const struct jm_settings *s, struct jm_span domain)
{
	for (const char **d = s->journal_domains; *d; d++)
		if (jm_span_eq(jm_span_str(*d), domain))
			return true;
	return false;
}

int jm_settings_internal_line(const struct jm_settings *s, struct jm_span domain)
{
	for (size_t i = 0; i < s->internal_domains_n; i++) {
		struct jm_span internal = jm_span_str(s->internal_domains[i].name);

		if (jm_span_eq(internal, domain))
			return s->internal_domains[i].line;
		if (s->internal_domains[i].sub_domains && domain.len > internal.len + 1 &&
		    domain.p[domain.len - internal.len - 1] == '.' &&
		    jm_span_eq(
			jm_span_sub(domain, domain.len - internal.len, internal.len), internal))
			return s->internal_domains[i].line;
	}
	return -1;
}

bool jm_settings_is_internal_domain(const struct jm_settings *s, struct jm_span domain)
{
	return jm_settings_internal_line(s, domain) >= 0;
}

int jm_settings_mailbox_port(const struct jm_mailbox *m)
{
	return m->port ? m->port : m->encrypted && !m->starttls ? 995 : 110;
}

int jm_settings_line(
    const struct jm_settings *s, const struct jm_service *service, const char *name)
{
	const int *lines = service ? service->lines : s->lines;
	const char *slash = strchr(name, '/');
	size_t n;
	const struct jm_setting *table = jm_settings_table(&n);

	for (size_t i = 0; i < n; i++)
		if (lines[i] && strcmp(table[i].name, slash ? slash + 1 : name) == 0 &&
		    (!slash ||
			jm_span_eq(jm_span_str(table[i].section),
			    jm_span_of(name, (size_t)(slash - name)))))
			return lines[i];
	return 0;
}

size_t jm_settings_restart_needed(
    const struct jm_settings *old, const struct jm_settings *new_, char *text, size_t text_bytes)
{
	size_t n, len = 0, differ = 0;
	const struct jm_setting *table = jm_settings_table(&n);

	if (text_bytes)
		text[0] = '\0';
	for (const struct jm_setting *t = table; t < table + n; t++) {
		/* Only members of struct jm_settings itself need a restart, never those of a
		 * service. */
		if (!t->restart || jm_members_equal(t, old, new_))
			continue;
		differ++;
		if (len < text_bytes) {
			int added = snprintf(text + len, text_bytes - len, "%s%s/%s",
			    len ? ", " : "", t->section, t->name);

			len += added > 0 ? (size_t)added : 0;
		}
	}
	return differ;
}
