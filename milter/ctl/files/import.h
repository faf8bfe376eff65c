/* SPDX-License-Identifier: BSD-2-Clause */
/* jmctl import: messages from files, mbox and Maildir. */
#ifndef JM_MILTER_CTL_FILES_IMPORT_H
#define JM_MILTER_CTL_FILES_IMPORT_H

/* Run the verb: argv[0] is its name. Returns the exit code. */
int jm_ctl_import(int argc, char **argv);

#endif
