/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of settings is consistent, and the distance of words. */
#include <stdio.h>

#include "common/settings/member.h"
#include "common/settings/near.h"
#include "common/settings/table.h"
#include "t/lib/tap.h"

static const struct {
	const char *word, *known;
	unsigned distance;
} near[] = {
	{ "encrypted", "encrypted", 0 },
	{ "Encrypted", "encrypted", 0 },
	{ "journal_type", "journal-type", 0 },
	{ "journalType", "journal-type", 0 },
	{ "encripted", "encrypted", 1 },
	{ "encyrpted", "encrypted", 1 },
	{ "encryptd", "encrypted", 1 },
	{ "encrypteed", "encrypted", 1 },
	{ "quux", "encrypted", JM_NEAR_NONE },
	{ "", "encrypted", JM_NEAR_NONE },
	{ "-", "encrypted", JM_NEAR_NONE },
	{ "no", "yes", JM_NEAR_NONE },
	{ "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
	    "encrypted", JM_NEAR_NONE },
	{ "service-email-address", "email-address", 27 },
};

static void test_near(void)
{
	for (size_t i = 0; i < sizeof near / sizeof near[0]; i++)
		tap_is_int(jm_near_distance(jm_span_str(near[i].word), near[i].known),
		    near[i].distance, "\"%s\" to \"%s\"", near[i].word, near[i].known);
}

static bool has_section(const struct jm_setting *table, size_t n, const char *section)
{
	if (strcmp(section, JM_SETTINGS_ROOT) == 0)
		return true;
	for (size_t i = 0; i < n; i++)
		if (strcmp(table[i].name, section) == 0 &&
		    (table[i].type == JM_SETTING_GROUP || table[i].type == JM_SETTING_DOMAIN))
			return true;
	return false;
}

static void test_table(void)
{
	struct jm_settings s;
	struct jm_err err = { JM_E_NONE, 0, "" };
	char allowed[300];
	size_t n;
	const struct jm_setting *table = jm_settings_table(&n);

	memset(&s, 0, sizeof s);
	if (!tap_ok(jm_members_preset(JM_SETTINGS_ROOT, &s, &err) == 0,
		"every default is a right value"))
		tap_diag("%s", err.text);
	jm_members_release(JM_SETTINGS_ROOT, &s);
	for (size_t i = 0; i < n; i++) {
		const struct jm_setting *t = &table[i];
		bool twice = false;

		for (size_t j = 0; j < i; j++)
			twice = twice ||
			    (strcmp(table[j].section, t->section) == 0 &&
				strcmp(table[j].name, t->name) == 0);
		tap_ok(!twice && has_section(table, n, t->section) && t->doc,
		    "%s/%s stands once, in a known section, with its words", t->section, t->name);
		if (t->type == JM_SETTING_GROUP)
			continue;
		tap_ok(t->required + (t->preset != NULL) + (t->preset_note != NULL) == 1,
		    "%s is required, or has a default, or a word about it", t->name);
		tap_ok(strlen(jm_setting_allowed(t, allowed, sizeof allowed)) > 3 &&
			jm_setting_type_name(t->type),
		    "%s: what is allowed is known", t->name);
		if (t->restart)
			tap_ok(!strcmp(t->section, "milter") || !strcmp(t->section, "daemon") ||
				!strcmp(t->section, "archive") || !strcmp(t->section, "publish"),
			    "%s needs a restart, so it is a field of the whole", t->name);
	}
}

int main(void)
{
	test_near();
	test_table();
	return tap_done();
}
