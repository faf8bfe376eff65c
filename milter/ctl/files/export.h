/* SPDX-License-Identifier: BSD-2-Clause */
/* jmctl export: the exact bytes of messages or reports. */
#ifndef JM_MILTER_CTL_FILES_EXPORT_H
#define JM_MILTER_CTL_FILES_EXPORT_H

/* Run the verb: argv[0] is its name. Returns the exit code. */
int jm_ctl_export(int argc, char **argv);

#endif
