/* SPDX-License-Identifier: BSD-2-Clause */
/* Bytes that are not UTF-8. See bytes.h. */
#include "milter/ctl/doctor/bytes.h"

#include <stdlib.h>

#include "common/base/io.h"
#include "common/mail/charset.h"

#define FILE_MAX_BYTES (16u << 20)

void jm_doctor_bytes(struct jm_doctor *d, const char *path)
{
	unsigned char *p = NULL;
	struct jm_span text, line;
	unsigned number = 0;
	size_t n = 0;

	if (jm_io_read_file(path, FILE_MAX_BYTES, &p, &n, NULL) != 0)
		return; /* other checks say so */
	for (text = jm_span_of(p, n); text.len > 0; text = jm_span_sub(text, n + 1, text.len)) {
		n = jm_span_index(text, '\n');
		line = jm_span_sub(text, 0, n);
		number++;
		if (line.len == 0 || line.p[0] == '#' || jm_charset_is_utf8(line))
			continue;
		jm_doctor_add(d, JM_DOCTOR_NOTE, "not-utf8", NULL,
		    "%s:%u: the line is not UTF-8, so what it names may not be found here", path,
		    number);
		break;
	}
	free(p);
}
