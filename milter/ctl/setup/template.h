/* SPDX-License-Identifier: BSD-2-Clause */
/* The files of jmctl setup: which are written, and from which templates. */
#ifndef JM_MILTER_CTL_SETUP_TEMPLATE_H
#define JM_MILTER_CTL_SETUP_TEMPLATE_H

#include "milter/ctl/setup/setup_plan.h"

/*
 * Write all files into the folder s->output, which is made; an existing one only with s->force.
 * each is called with the name of every file that is written.
 */
int jm_setup_write(const struct jm_setup *s, void (*each)(void *ctx, const char *name), void *ctx,
    struct jm_err *err) JM_MUST_CHECK;

#endif
