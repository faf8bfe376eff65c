/* SPDX-License-Identifier: BSD-2-Clause */
/* The committer: the one thread that writes volumes. */
#ifndef JM_ARCHIVE_WRITER_H
#define JM_ARCHIVE_WRITER_H

/* The thread; archive is the struct jm_archive. Ends when that is stopping and nothing waits. */
void *jm_writer_run(void *archive);

/* The thread's working memory, for a->group; free(). NULL without memory. */
void *jm_writer_group_new(void);

#endif
