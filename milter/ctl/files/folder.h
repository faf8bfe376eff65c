/* SPDX-License-Identifier: BSD-2-Clause */
/* The folder that a verb writes into or reads, before its first file is used. One thread. */
#ifndef JM_MILTER_CTL_FILES_FOLDER_H
#define JM_MILTER_CTL_FILES_FOLDER_H

#include <stdbool.h>

#include "common/base/err.h"

/* Does dir hold an archive? */
bool jm_folder_is_archive(const char *dir);

/* Refuse dir, which need not exist yet, when it is inside an archive; unless copy, also when it is
 * an archive. copy: dir may be an archive that no daemon has. USAGE. */
int jm_folder_outside(const char *dir, bool copy, struct jm_err *err) JM_MUST_CHECK;

/* Is dir, where a copy of an archive is or will be, such that nobody else can lead writing into it
 * elsewhere? A folder that is not there yet is. 0, or -1: USAGE when every user may write there, or
 * it has a link, a FIFO and so on, or a file with another name; DENIED, TEMP. */
int jm_folder_safe(const char *dir, struct jm_err *err) JM_MUST_CHECK;

#endif
