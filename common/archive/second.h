/* SPDX-License-Identifier: BSD-2-Clause */
/* A second catalog in DIR/tmp, to compare with the archive's own. There is one at a time. */
#ifndef JM_ARCHIVE_SECOND_H
#define JM_ARCHIVE_SECOND_H

#include "common/archive/archive.h"
#include "common/catalog/catalog.h"

/* Open a new and empty second catalog. The caller closes *c_r and then sweeps. TEMP, CORRUPT. */
int jm_second_open(struct jm_archive *a, struct jm_catalog **c_r, struct jm_err *err) JM_MUST_CHECK;

/* Does the disk have room for a catalog as large as the archive's, and for more_bytes, besides the
 * reserve? No message shall be answered 4xx because of a second catalog. */
bool jm_second_has_room(const struct jm_archive *a, uint64_t more_bytes);

/* Remove the second catalog, also one that a crash left. It must not be open. */
void jm_second_sweep(const struct jm_archive *a);

#endif
