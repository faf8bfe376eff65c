/* SPDX-License-Identifier: BSD-2-Clause */
/* The applier: the one thread that writes the catalog. */
#ifndef JM_ARCHIVE_APPLIER_H
#define JM_ARCHIVE_APPLIER_H

#define JM_APPLY_MANY 64 /* records that are enough for a transaction: do not wait for more */

/* The thread; archive is the struct jm_archive. Ends when the committer is gone and everything is
 * applied, or cannot be. */
void *jm_applier_run(void *archive);

#endif
