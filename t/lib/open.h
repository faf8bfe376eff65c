/* SPDX-License-Identifier: BSD-2-Clause */
/* open() of a disk that fails: both names of it call do_open(path, flags, mode), which the file
 * that includes this has. */
#ifndef JM_T_LIB_OPEN_H
#define JM_T_LIB_OPEN_H

#include <fcntl.h>
#include <stdarg.h>

/* Declares mode, the argument after flags. */
#define OPEN_MODE \
	mode_t mode = 0; \
	if (flags & (O_CREAT | O_TMPFILE)) { \
		va_list v; \
		va_start(v, flags); \
		mode = va_arg(v, mode_t); \
		va_end(v); \
	}
#define OPEN_BODY OPEN_MODE return do_open(path, flags, mode)
int open(const char *path, int flags, ...)
{
	OPEN_BODY;
}
int open64(const char *path, int flags, ...)
{
	OPEN_BODY;
}
#undef OPEN_BODY

#endif
