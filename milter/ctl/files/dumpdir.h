/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The folder of a dump: names of its files, and lines of its manifest. Pure, but for the digest.
 *
 * 	DIR/manifest.jsonl
 * 		a line for each record, in order: {"seq":N,"time":...,"type":...,
 * 		"item":ID,"report":PATH,"message":PATH,"metadata":{...}}
 * 	DIR/reports/000/012/000012345-SHA256.eml
 * 		a message as received, which is usually a journal report
 * 	DIR/messages/000/012/000012345-SHA256.eml
 * 		a message as archived, with the number of the first report that had it
 * 	DIR/SHA256SUMS
 * 		digests of all files, for sha256sum -c
 * 	DIR/DUMP.json
 * 		the archive, the format, and the last record
 */
#ifndef JM_MILTER_CTL_FILES_DUMPDIR_H
#define JM_MILTER_CTL_FILES_DUMPDIR_H

#include <stdint.h>
#include <stdio.h>

#include "common/base/buf.h"
#include "common/base/digest.h"

#define JM_DUMP_FORMAT 1
#define JM_DUMP_PATH_BYTES 160 /* path within the folder */
#define JM_DUMP_LINE_MAX (256u * 1024u * 1024u)

/*
 * Write "KIND/000/012/000012345-SHA256.eml" into path, which is returned. kind: "reports",
 * "messages". sha256: 64 digits.
 */
char *jm_dump_path(
    const char *kind, uint64_t seq, const char *sha256, char path[JM_DUMP_PATH_BYTES]);

/*
 * Read the next line of a manifest, with its line end, into *line, whose cap is that
 * of a line, JM_DUMP_LINE_MAX. 1; 0 at the end of the file; -1: LIMIT for a longer line, CORRUPT
 * for a NUL, so that a file with a hole of many GB takes no memory; TEMP.
 */
int jm_dump_next_line(FILE *f, struct jm_buf *line, struct jm_err *err) JM_MUST_CHECK;

/* The sequence number that a line of a manifest begins with; 0 when it is malformed. */
uint64_t jm_dump_line_seq(const char *line);

/* Compute the SHA-256 of a file from its begin to its end as 64 digits. 0, or -1: TEMP. */
int jm_dump_digest(int fd, char hex[JM_SHA256_HEX_BYTES], struct jm_err *err) JM_MUST_CHECK;

#endif
