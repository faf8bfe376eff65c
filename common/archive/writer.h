/* SPDX-License-Identifier: BSD-2-Clause */
/* The committer: the one thread that writes volumes. */
#ifndef JM_ARCHIVE_WRITER_H
#define JM_ARCHIVE_WRITER_H

/* The function of the thread; archive is the struct jm_archive. It returns NULL when the archive is
 * stopping and no record waits. */
void *jm_writer_run(void *archive);

/* Make the thread's working memory, for a->group. The caller frees it. NULL without memory. */
void *jm_writer_group_new(void);

#endif
