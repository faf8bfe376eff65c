/* SPDX-License-Identifier: BSD-2-Clause */
/* jmctl backup and jmctl restore: a verified copy of the archive, and a new archive from a copy. */
#ifndef JM_MILTER_CTL_FILES_BACKUP_H
#define JM_MILTER_CTL_FILES_BACKUP_H

/* Run the verbs: argv[0] is its name. Returns the exit code. */
int jm_ctl_backup(int argc, char **argv);
int jm_ctl_restore(int argc, char **argv);

#endif
