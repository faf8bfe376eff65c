/* SPDX-License-Identifier: BSD-2-Clause */
/* For tests that define malloc() or realloc() themselves, so that memory can be short: under a
 * sanitizer, which has its own, JM_T_MEMORY_IS_THEIRS is defined, and the test must not. */
#ifndef JM_T_LIB_MEMORY_H
#define JM_T_LIB_MEMORY_H

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define JM_T_MEMORY_IS_THEIRS
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define JM_T_MEMORY_IS_THEIRS
#endif

#endif
