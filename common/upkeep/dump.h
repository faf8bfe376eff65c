/* SPDX-License-Identifier: BSD-2-Clause */
/* What an archive holds, record by record, for a copy that needs nothing of us: metadata, the
 * message as received, the message as archived. Files and manifest are made by jmctl; load.h is the
 * way back. */
#ifndef JM_UPKEEP_DUMP_H
#define JM_UPKEEP_DUMP_H

#include "common/archive/archive.h"

/*
 * All records from since_seq on, in order. on_object gets {dump: "begin", format, uuid, last_seq};
 * then for each record {dump: "record", seq, time, type, item, metadata_bytes, report_bytes,
 * message_seq, message_bytes}, after which sink gets these bytes in this order (message_bytes 0:
 * the message is the report); {dump: "damage", seq, volume, offset, problem} for what cannot be
 * read; at the end {dump: "end", ok, records, reports, bytes, problems, last_seq}. on_object and
 * sink share ctx. Beside deposits; records that come meanwhile are left out. TEMP, or a visitor's
 * error. Any thread.
 */
int jm_archive_dump(struct jm_archive *a, uint64_t since_seq, jm_archive_visit *on_object,
    jm_archive_sink *sink, void *ctx, struct jm_err *err) JM_MUST_CHECK;

#endif
