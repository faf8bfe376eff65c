/* SPDX-License-Identifier: BSD-2-Clause */
/* Print the table of settings for t/style/settings.t: section, name, type, default, unit, change,
 * required, many; tab-separated. */
#include <stdio.h>

#include "common/settings/table.h"

int main(void)
{
	size_t n;
	const struct jm_setting *table = jm_settings_table(&n);

	for (const struct jm_setting *t = table; t < table + n; t++)
		printf("%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", t->section, t->name,
		    jm_setting_type_name(t->type),
		    t->required          ? "required"
			: t->preset      ? t->preset
			: t->preset_note ? t->preset_note
					 : "-",
		    t->unit ? t->unit : "-", t->restart ? "restart" : "reload",
		    t->required ? "required" : "optional", t->many_size ? "many" : "one",
		    t->preset ? "preset" : "-");
	return 0;
}
