/* SPDX-License-Identifier: BSD-2-Clause */
/* jmctl dump: all messages as plain files. */
#ifndef JM_MILTER_CTL_FILES_DUMP_H
#define JM_MILTER_CTL_FILES_DUMP_H

/* Run the verb: argv[0] is its name. Returns the exit code. */
int jm_ctl_dump(int argc, char **argv);

#endif
