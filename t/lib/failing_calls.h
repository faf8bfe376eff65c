/* SPDX-License-Identifier: BSD-2-Clause */
/* Private to failing.c and failing_calls.c. */
#ifndef JM_T_LIB_FAILING_CALLS_H
#define JM_T_LIB_FAILING_CALLS_H

#include "t/lib/failing.h"

/* Must this call fail? errno is then set. */
bool t_failing_hits(enum t_failing failing);

/* The blocks of memory that our code has taken and not freed yet. */
size_t t_failing_blocks(void);

#endif
