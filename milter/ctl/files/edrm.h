/* SPDX-License-Identifier: BSD-2-Clause */
/* The format of jmctl export for e-discovery: an EDRM XML 1.2 load file. */
#ifndef JM_MILTER_CTL_FILES_EDRM_H
#define JM_MILTER_CTL_FILES_EDRM_H

#include "milter/ctl/files/exporter.h"

/* edrm.xml, and the messages as native files beside it. */
extern const struct jm_export_format jm_export_edrm;

#endif
