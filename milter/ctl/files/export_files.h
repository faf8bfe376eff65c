/* SPDX-License-Identifier: BSD-2-Clause */
/* The formats of jmctl export that write plain mail files. */
#ifndef JM_MILTER_CTL_FILES_EXPORT_FILES_H
#define JM_MILTER_CTL_FILES_EXPORT_FILES_H

#include "milter/ctl/files/exporter.h"

/* A file for each message (eml), one mbox file, a Maildir. */
extern const struct jm_export_format jm_export_eml, jm_export_mbox, jm_export_maildir;

#endif
