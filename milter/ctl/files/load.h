/* SPDX-License-Identifier: BSD-2-Clause */
/* jmctl load: a dump into a new archive. */
#ifndef JM_MILTER_CTL_FILES_LOAD_H
#define JM_MILTER_CTL_FILES_LOAD_H

/* Run the verb: argv[0] is its name. Returns the exit code. */
int jm_ctl_load(int argc, char **argv);

#endif
