/* SPDX-License-Identifier: BSD-2-Clause */
/* Names of the files of a dump, and its manifest. See dumpdir.h. */
#include "milter/ctl/files/dumpdir.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

char *jm_dump_path(
    const char *kind, uint64_t seq, const char *sha256, char path[JM_DUMP_PATH_BYTES])
{
	snprintf(path, JM_DUMP_PATH_BYTES, "%s/%03" PRIu64 "/%03" PRIu64 "/%09" PRIu64 "-%.64s.eml",
	    kind, seq / 1000000, seq / 1000 % 1000, seq, sha256);
	return path;
}

int jm_dump_next_line(FILE *f, struct jm_buf *line, struct jm_err *err)
{
	char piece[4096];
	size_t n;
	int c = 0;

	jm_buf_reset(line);
	do {
		for (n = 0; n < sizeof piece && c != '\n' && (c = getc_unlocked(f)) > 0; n++)
			piece[n] = (char)c;
		if (c == '\0')
			return jm_err_set(err, JM_E_CORRUPT, "a line has a NUL byte");
		if (jm_buf_add(line, piece, n, err) != 0)
			return err->kind != JM_E_LIMIT
			    ? -1
			    : jm_err_set(err, JM_E_LIMIT, "a line of more than %zu bytes",
				  line->max_bytes);
	} while (n == sizeof piece && c != '\n');
	if (ferror(f))
		return jm_err_sys(err, JM_E_TEMP, "cannot read");
	return line->len > 0;
}

uint64_t jm_dump_line_seq(const char *line)
{
	static const char begin[] = "{\"seq\":";
	uint64_t seq = 0;

	if (strncmp(line, begin, sizeof begin - 1) != 0)
		return 0;
	for (line += sizeof begin - 1; *line >= '0' && *line <= '9' && seq < UINT64_MAX / 16;
	     line++)
		seq = seq * 10 + (uint64_t)(*line - '0');
	return seq;
}

int jm_dump_digest(int fd, char hex[JM_SHA256_HEX_BYTES], struct jm_err *err)
{
	unsigned char digest[JM_SHA256_BYTES], chunk[65536];
	struct jm_sha256 sha;
	off_t at = 0;
	ssize_t n = 1;
	int rc = jm_sha256_start(&sha, err);

	while (rc == 0 && n != 0) {
		n = pread(fd, chunk, sizeof chunk, at);
		if (n > 0) {
			at += n;
			rc = jm_sha256_add(&sha, chunk, (size_t)n, err);
		} else if (n < 0 && errno != EINTR) {
			rc = jm_err_sys(err, JM_E_TEMP, "cannot read");
		}
	}
	if (rc == 0 && (rc = jm_sha256_finish(&sha, digest, err)) == 0)
		jm_sha256_hex(digest, hex);
	return rc;
}
