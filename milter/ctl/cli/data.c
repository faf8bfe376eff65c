/* SPDX-License-Identifier: BSD-2-Clause */
/* Finding and reading files of the program, and filling templates. See data.h. */
#include "milter/ctl/cli/data.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/io.h"

#define FILE_MAX_BYTES (256u * 1024)

char *jm_data_path(const char *name, char *path, size_t path_bytes)
{
	const char *folder = getenv("JM_DATADIR"), *slash = strrchr(name, '/');

	if (folder) {
		snprintf(path, path_bytes, "%s/%s", folder, name);
		if (access(path, F_OK) == 0)
			return path;
	}
	snprintf(
	    path, path_bytes, "%s/%s", folder ? folder : JM_PKGDATADIR, slash ? slash + 1 : name);
	return path;
}

int jm_data_read(const char *name, unsigned char **p_r, size_t *n_r, struct jm_err *err)
{
	char path[4096];

	return jm_io_read_file(
	    jm_data_path(name, path, sizeof path), FILE_MAX_BYTES, p_r, n_r, err);
}

/* The length of the name after the "@" that text begins with; 0 when it is not a placeholder. */
static size_t name_length(struct jm_span text)
{
	size_t n = 1;

	while (n < text.len &&
	    ((text.p[n] >= 'A' && text.p[n] <= 'Z') ||
		(n > 1 && text.p[n] >= '0' && text.p[n] <= '9') || text.p[n] == '_'))
		n++;
	return n > 1 && n < text.len && text.p[n] == '@' ? n - 1 : 0;
}

static const char *value_of(struct jm_span name, const struct jm_data_value *values)
{
	for (; values->name; values++)
		if (jm_span_eq(name, jm_span_str(values->name)))
			return values->text;
	return NULL;
}

int jm_data_fill(
    struct jm_span text, const struct jm_data_value *values, struct jm_buf *out, struct jm_err *err)
{
	while (text.len > 0) {
		size_t at = jm_span_index(text, '@'), n;
		struct jm_span name;
		const char *value;

		if (jm_buf_add_span(out, jm_span_sub(text, 0, at), err) != 0)
			return -1;
		text = jm_span_sub(text, at, text.len);
		n = text.len ? name_length(text) : 0;
		if (text.len && n == 0) {
			if (jm_buf_add_byte(out, '@', err) != 0)
				return -1;
			text = jm_span_sub(text, 1, text.len);
		} else if (n > 0) {
			name = jm_span_sub(text, 1, n);
			value = value_of(name, values);
			if (!value)
				return jm_err_set(err, JM_E_BUG, "no value for @%.*s@", (int)n,
				    (const char *)name.p);
			if (jm_buf_add_span(out, jm_span_str(value), err) != 0)
				return -1;
			text = jm_span_sub(text, n + 2, text.len);
		}
	}
	return 0;
}
