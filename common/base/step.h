/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The steps that threads are at: work that may take long, or for ever when a disk or a library
 * hangs. For the message of a stop that does not end. No function here waits for a lock. Any thread
 * may call any function.
 */
#ifndef JM_BASE_STEP_H
#define JM_BASE_STEP_H

#include <stddef.h>

#define JM_STEPS 64 /* in progress at a time that are remembered */
#define JM_STEP_TEXT_BYTES 400

/* Begin a step. name: static, for people. Returns a number for jm_step_end(), which is to be called
 * once. More than JM_STEPS at a time are not remembered. */
unsigned jm_step_begin(const char *name);
void jm_step_end(unsigned step);

/* Write the steps in progress into text, the longest first, as "applier for 81 s, queue for 3 s",
 * or nothing. Returns text. */
char *jm_step_list(char text[JM_STEP_TEXT_BYTES]);

#endif
