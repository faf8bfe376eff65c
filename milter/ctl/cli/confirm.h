/* SPDX-License-Identifier: BSD-2-Clause */
/* The question before a change that cannot be undone. One thread. */
#ifndef JM_MILTER_CTL_CLI_CONFIRM_H
#define JM_MILTER_CTL_CLI_CONFIRM_H

#include <stdbool.h>

/* Is there a terminal at which a person can answer? */
bool jm_ctl_can_ask(void);

/* Print the question and " [y/N] " on standard error and read a line. True after y or yes. */
bool jm_ctl_confirm(const char *question);

#endif
