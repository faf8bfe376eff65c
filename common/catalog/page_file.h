/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A check of the pages that Berkeley DB reads from a catalog's file, before it uses them. Berkeley
 * DB checks a page's checksum itself, but takes a page of another place, and a page of zeros, for
 * what it looked for; with that page as the root of a table it never returns. Any thread.
 */
#ifndef JM_CATALOG_PAGE_FILE_H
#define JM_CATALOG_PAGE_FILE_H

#include <stdbool.h>
#include <sys/types.h>

#include "common/base/err.h"

#define JM_PAGE_FILES 16 /* that are guarded at once */

/* Guard the file at path. recovering: its pages may be zeros, since recovery will fill them. The
 * guard replaces an earlier one in *guard, 0: none; the caller releases it. NOTFOUND: it is
 * missing; TEMP. */
int jm_page_file_guard(
    const char *path, bool recovering, unsigned *guard, struct jm_err *err) JM_MUST_CHECK;

/* Has a page of zeros been read since the guard was set with recovering? */
bool jm_page_file_had_zeros(unsigned guard);

/* *guard becomes 0. */
void jm_page_file_release(unsigned *guard);

/* As pread(2), for all files of Berkeley DB. A page of a guarded file that is not what belongs
 * there is replaced by bytes whose checksum is wrong, since Berkeley DB reads again after an error.
 */
ssize_t jm_page_file_read(int fd, void *p, size_t n, off_t offset);

#endif
