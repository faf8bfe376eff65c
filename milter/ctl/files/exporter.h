/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Exports of many messages: a folder that a format fills, with a manifest and with digests for
 * sha256sum -c. SHA256SUMS is written last, by rename: a folder without it is not a complete
 * export. export.json says which export it is: only the same one may be written into the folder
 * again, to complete it or to bring it up to date. exporter.c does what all formats share; the
 * formats are in export_files.h and edrm.h. One thread.
 */
#ifndef JM_MILTER_CTL_FILES_EXPORTER_H
#define JM_MILTER_CTL_FILES_EXPORTER_H

#include <stdio.h>

#include "common/base/below.h"
#include "common/base/spool.h"
#include "milter/ctl/cli/item.h"
#include "milter/ctl/cli/progress.h"
#include "milter/ctl/cli/target.h"

#define JM_EXPORT_PATH_BYTES 200 /* path within the folder */

struct jm_exporter;

/* One message of the export, borrowed for the call. */
struct jm_export_one {
	/* as "show" answers it, with Bcc recipients only when x->bcc; its lists are in whole */
	const json_t *item;
	struct jm_ctl_item *whole;
	struct jm_span bytes;
	const char *sha256; /* of bytes, 64 digits */
	uint64_t id;
	size_t which; /* index of it among the item's contents or reports */
};

struct jm_export_format {
	const char *name;
	const char *file; /* the single file that it appends to, "messages.mbox"; NULL: none */
	/* may be NULL, as may end and release */
	int (*begin)(struct jm_exporter *x, struct jm_err *err);
	/* Write one message; path_r gets the path within the folder of the file that has it. */
	int (*add)(struct jm_exporter *x, const struct jm_export_one *m,
	    char path_r[JM_EXPORT_PATH_BYTES], struct jm_err *err);
	int (*end)(struct jm_exporter *x, struct jm_err *err);
	void (*release)(struct jm_exporter *x);
};

struct jm_exporter {
	struct jm_target *target;
	const struct jm_export_format *format;
	const char *dir;
	bool report, raw, bcc;        /* which bytes to export; whether to name Bcc recipients */
	json_t *ids;                  /* of the items, owned by the caller */
	const json_t *asked;          /* how they were selected: the IDs, or a request; borrowed */
	int top;                      /* the folder */
	bool fresh;                   /* it was no export before */
	FILE *file, *manifest, *sums; /* file: format->file, while it is being written */
	struct jm_below file_to, manifest_to, sums_to;
	struct jm_spool spool;   /* the current message */
	struct jm_ctl_item item; /* the current item, owned */
	void *own;               /* data of the format */
	struct jm_progress bar;
	uint64_t messages, bytes, problems;
	uint64_t companions; /* messages whose report has a second form of them */
};

/*
 * Export the items x->ids into x->dir. The caller sets target, dir, format, ids, asked and the
 * flags; the rest is 0. A message that cannot be read does not end the export: it is reported on
 * standard error and in the manifest, and counted in x->problems. Returns 0, or -1: USAGE, also
 * when the folder holds another export; DENIED when one is under way there; TEMP, and the kinds of
 * jm_target_ask().
 */
int jm_exporter_run(struct jm_exporter *x, struct jm_err *err) JM_MUST_CHECK;

/*
 * Write a file of the folder; it gets its name when it is whole. name may have folders, which are
 * made. A file with the same bytes may be there. The file is not synced: the end of the export
 * syncs all. 0, or -1: DENIED, TEMP; USAGE when something else has that name.
 */
int jm_exporter_write(struct jm_exporter *x, const char *name, struct jm_span bytes,
    struct jm_err *err) JM_MUST_CHECK;

#endif
