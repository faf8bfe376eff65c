/* SPDX-License-Identifier: BSD-2-Clause */
/* jmctl rebuild and jmctl upgrade: a new catalog, or a newer format, for an archive. */
#ifndef JM_MILTER_CTL_FILES_REBUILD_H
#define JM_MILTER_CTL_FILES_REBUILD_H

/* Run the verbs: argv[0] is its name. Returns the exit code. */
int jm_ctl_rebuild(int argc, char **argv);
int jm_ctl_upgrade(int argc, char **argv);

#endif
