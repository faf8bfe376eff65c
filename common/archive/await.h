/* SPDX-License-Identifier: BSD-2-Clause */
/* Waiting for the applier: readers want to see all durable records, and depositors must not get too
 * far ahead of it. */
#ifndef JM_ARCHIVE_AWAIT_H
#define JM_ARCHIVE_AWAIT_H

#include "common/archive/archive.h"

/* Wait until all records that are durable now are in the catalog. TEMP: the catalog cannot be
 * brought up. Any thread that holds no lock of the archive but change_lock. */
int jm_await_catalog(struct jm_archive *a, struct jm_err *err) JM_MUST_CHECK;

/* Wait until applied_more is signalled: the applier has applied records or has failed, claims were
 * released, or the archive closes. The caller holds the archive's lock, which is released
 * meanwhile, and checks its condition again. Makes the applier hurry: it does not wait for more
 * records. */
void jm_await_applier(struct jm_archive *a);

#endif
