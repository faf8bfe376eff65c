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

#endif
