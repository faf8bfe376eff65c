/* SPDX-License-Identifier: BSD-2-Clause */
/* Running a program of the MTA. */
#ifndef JM_MILTER_CTL_DOCTOR_RUN_H
#define JM_MILTER_CTL_DOCTOR_RUN_H

#include "common/base/buf.h"

/* Run a program (argv[0] looked for in PATH and the sbin folders) and collect what it writes. Its
 * exit status, 127 when it is not there, -1 with err filled when it could not be run. complaint may
 * be NULL. Not killed: only for programs that end by themselves. */
int jm_doctor_run(
    const char *const *argv, struct jm_buf *out, struct jm_buf *complaint, struct jm_err *err);

#endif
