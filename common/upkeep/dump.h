/* SPDX-License-Identifier: BSD-2-Clause */
/* Dumping an archive record by record, for a copy that can be read without this program: metadata,
 * the message as received, the message as archived. jmctl makes the files and the manifest; load.h
 * reads them back. */
#ifndef JM_UPKEEP_DUMP_H
#define JM_UPKEEP_DUMP_H

#include "common/archive/archive.h"

/*
 * Dump all records from since_seq on, in order. on_object gets {dump: "begin", format, uuid,
 * last_seq}; then for each record {dump: "record", seq, time, type, item, metadata_bytes,
 * report_bytes, message_seq, message_bytes}, after which sink gets these bytes in this order
 * (message_bytes 0: the message is the report); {dump: "damage", seq, volume, offset, problem} for
 * each record that cannot be read; at the end {dump: "end", ok, records, reports, bytes, problems,
 * last_seq}. on_object and sink both get ctx. Deposits may run meanwhile; their records are left
 * out. TEMP, or a visitor's error. Any thread.
 */
int jm_archive_dump(struct jm_archive *a, uint64_t since_seq, jm_archive_visit *on_object,
    jm_archive_sink *sink, void *ctx, struct jm_err *err) JM_MUST_CHECK;

#endif
