/* SPDX-License-Identifier: BSD-2-Clause */
/* Running a program of the MTA. One thread. */
#ifndef JM_MILTER_CTL_DOCTOR_RUN_H
#define JM_MILTER_CTL_DOCTOR_RUN_H

#include "common/base/buf.h"

/*
 * Run a program and append its standard output to out, its standard error to complaint; both may be
 * NULL, and what does not fit is dropped. argv[0] is a path, or a name to be found in the folders
 * of programs and of system programs. It is killed after 10 seconds, which is -1. Returns the exit
 * status; 126 when a signal ended it; 127 when it does not exist; -1: TEMP.
 */
int jm_doctor_run(
    const char *const *argv, struct jm_buf *out, struct jm_buf *complaint, struct jm_err *err);

/* The same with a standard input. */
int jm_doctor_run_input(const char *const *argv, struct jm_span input, struct jm_buf *out,
    struct jm_buf *complaint, struct jm_err *err);

#endif
