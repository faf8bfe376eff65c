/* SPDX-License-Identifier: BSD-2-Clause */
/* The applier: the one thread that writes the catalog. */
#ifndef JM_ARCHIVE_APPLIER_H
#define JM_ARCHIVE_APPLIER_H

#define JM_APPLY_MANY 64 /* the applier does not wait for more records than these */

/* The function of the thread; archive is the struct jm_archive. It returns NULL when the committer
 * has ended and all records are applied, or cannot be applied. */
void *jm_applier_run(void *archive);

#endif
