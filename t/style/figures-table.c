/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of figures as text, a row a line, for figures.t: key, type, metric, counter or gauge,
 * label, words, help. */
#include <stdio.h>

#include "common/publish/figure.h"

int main(void)
{
	static const char *const types[] = { "text", "word", "time", "number" };
	size_t n;
	const struct jm_figure *t = jm_figure_table(&n);

	for (size_t i = 0; i < n; i++) {
		printf("%s\t%s\t%s\t%s\t%s\t", t[i].key, types[t[i].type],
		    t[i].metric ? t[i].metric : "-",
		    t[i].family        ? "histogram"
			: t[i].counter ? "counter"
				       : "gauge",
		    t[i].label ? t[i].label : "-");
		for (size_t k = 0; t[i].words && t[i].words[k]; k++)
			printf("%s%s", k ? "," : "", t[i].words[k]);
		printf("\t%s\n", t[i].help);
	}
	return 0;
}
