/* SPDX-License-Identifier: BSD-2-Clause */
/* Waiting for the applier: readers want to see what is durable, depositors must not run ahead. */
#ifndef JM_ARCHIVE_AWAIT_H
#define JM_ARCHIVE_AWAIT_H

#include "common/archive/archive.h"

/* Wait until everything that is durable now is in the catalog. TEMP: the catalog cannot be brought
 * up. Any thread that holds none of the archive's locks. */
int jm_await_catalog(struct jm_archive *a, struct jm_err *err) JM_MUST_CHECK;

/* Wait once until the applier gets further, fails, or something else of the state changes. The
 * caller holds the archive's lock, which is released meanwhile. The applier does not wait for more
 * records to come. */
void jm_await_applier(struct jm_archive *a);

#endif
