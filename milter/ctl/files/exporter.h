/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Exports of many messages: a folder that a format fills, a manifest, and digests for sha256sum -c.
 * SHA256SUMS comes last, by rename: a folder without it is no whole export. bulk.c does what all
 * formats share; a format is a row of its table.
 */
#ifndef JM_MILTER_CTL_FILES_EXPORTER_H
#define JM_MILTER_CTL_FILES_EXPORTER_H

#include <stdio.h>

#include "common/base/spool.h"
#include "milter/ctl/cli/progress.h"
#include "milter/ctl/cli/target.h"

#define JM_EXPORT_PATH_BYTES 200  /* of a path within the folder */
#define JM_EXPORT_FILE_BYTES 4400 /* with the folder */

struct jm_exporter;

/* One message of the export. Borrowed. */
struct jm_export_one {
	const json_t *item; /* as show gives it, Bcc recipients left out unless they are wanted */
	struct jm_span bytes;
	const char *sha256; /* of bytes, 64 digits */
	uint64_t id;
	size_t which; /* of its contents or reports, from 0 on */
};

struct jm_export_format {
	const char *name;
	const char *file; /* the one file that it appends to, "messages.mbox"; NULL: none */
	int (*begin)(struct jm_exporter *x, struct jm_err *err); /* any of these may be NULL */
	/* Write one; path_r: of the file it is in. */
	int (*add)(struct jm_exporter *x, const struct jm_export_one *m,
	    char path_r[JM_EXPORT_PATH_BYTES], struct jm_err *err);
	int (*end)(struct jm_exporter *x, struct jm_err *err);
	void (*release)(struct jm_exporter *x);
};

struct jm_exporter {
	struct jm_target *target;
	const struct jm_export_format *format;
	const char *dir;
	bool report, raw, bcc;        /* which bytes; whether Bcc recipients are told */
	json_t *ids;                  /* of the items, owned */
	FILE *file, *manifest, *sums; /* file: format->file while it is written */
	struct jm_spool spool;        /* the message at hand */
	json_t *item;                 /* what came for it */
	void *own;                    /* the format's */
	struct jm_progress bar;
	uint64_t messages, bytes, problems;
	uint64_t companions; /* messages whose report has them in a second form, too */
};

extern const struct jm_export_format jm_export_eml, jm_export_mbox, jm_export_maildir,
    jm_export_edrm;

/* Export all of x->ids into x->dir. What cannot be read is told on standard error, stands in the
 * manifest with its problem, and is counted. */
int jm_exporter_run(struct jm_exporter *x, struct jm_err *err) JM_MUST_CHECK;

/* DIR/name into path, which is returned. */
char *jm_exporter_path(
    const struct jm_exporter *x, const char *name, char path[JM_EXPORT_FILE_BYTES]);

/* Write a whole file of the folder (name: with folders, which are made), by a temporary name beside
 * it. Not synced: the end of the export does that. */
int jm_exporter_write(struct jm_exporter *x, const char *name, struct jm_span bytes,
    struct jm_err *err) JM_MUST_CHECK;

#endif
