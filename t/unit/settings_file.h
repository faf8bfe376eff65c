/* SPDX-License-Identifier: BSD-2-Clause */
/* Settings files for the tests: pieces of text, and loading them from the test's folder. */
#ifndef JM_T_UNIT_SETTINGS_FILE_H
#define JM_T_UNIT_SETTINGS_FILE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/settings/loader.h"
#include "common/settings/settings.h"
#include "t/lib/tap.h"

#define REPORT_BYTES (64u * 1024)

/* Lines 1 to 3; what follows begins in line 4. */
#define HEAD \
	"<journal-milter>\n<milter><socket>unix:/run/m.sock</socket></milter>\n<archive>" \
	"<directory>/a</directory></archive>\n"
#define TAIL "</journal-milter>\n"
/* After HEAD: the service in line 4, its address in 5, more from line 6 on. */
#define SERVICE(more) \
	"<journal-service>\n<email-address>j@journal.example.com</email-address>\n" more \
	"</journal-service>\n"
#define INTERNAL "<internal-domains><domain>example.com</domain></internal-domains>\n"
#define OUTBOUND "<authorized-outbounds><range>192.0.2.0/24</range></authorized-outbounds>\n"

/* The path of a file in the test's folder; the next call overwrites it. */
static inline const char *file_path(const char *name)
{
	static char path[4096];

	snprintf(path, sizeof path, "%s/%s", tap_folder(), name);
	return path;
}

static inline void file_write(const char *path, const void *p, size_t n)
{
	FILE *f = fopen(path, "wb");

	if (!f || fwrite(p, 1, n, f) != n || fclose(f) != 0) {
		perror(path);
		exit(1);
	}
}

/* Load text as a file. report is filled anew; the settings, or NULL. */
static inline struct jm_settings *file_load(
    const void *text, size_t n, struct jm_buf *report, struct jm_err *err)
{
	const char *path = file_path("s.xml");
	struct jm_settings *s = NULL;

	file_write(path, text, n);
	jm_buf_reset(report);
	*err = (struct jm_err){ JM_E_NONE, 0, "" };
	if (jm_settings_load(path, &s, report, err) != 0)
		return NULL;
	return s;
}

#endif
