/* SPDX-License-Identifier: BSD-2-Clause */
/* jmctl reload: the daemon reads its settings file again. */
#ifndef JM_MILTER_CTL_ASK_ASK_RELOAD_H
#define JM_MILTER_CTL_ASK_ASK_RELOAD_H

/* The verb. Returns the exit code. */
int jm_ctl_reload(int argc, char **argv);

#endif
