# SPDX-License-Identifier: BSD-2-Clause
# Verbs that write or read files: exports, dumps, backups, imports.
milter_ctl_libjmctl_a_SOURCES += \
	milter/ctl/files/backup.c milter/ctl/files/backup.h \
	milter/ctl/files/begin.c milter/ctl/files/begin.h \
	milter/ctl/files/dump.c milter/ctl/files/dump.h \
	milter/ctl/files/dumpdir.c milter/ctl/files/dumpdir.h \
	milter/ctl/files/edrm.c milter/ctl/files/edrm.h \
	milter/ctl/files/export.c milter/ctl/files/export.h \
	milter/ctl/files/export_files.c milter/ctl/files/export_files.h \
	milter/ctl/files/exporter.c milter/ctl/files/exporter.h \
	milter/ctl/files/folder.c milter/ctl/files/folder.h \
	milter/ctl/files/import.c milter/ctl/files/import.h \
	milter/ctl/files/load.c milter/ctl/files/load.h \
	milter/ctl/files/mail_line.c milter/ctl/files/mail_line.h \
	milter/ctl/files/mbox.c milter/ctl/files/mbox.h \
	milter/ctl/files/mbox_quote.c milter/ctl/files/mbox_quote.h \
	milter/ctl/files/owner.c milter/ctl/files/owner.h \
	milter/ctl/files/rebuild.c milter/ctl/files/rebuild.h \
	milter/ctl/files/source.c milter/ctl/files/source.h \
	milter/ctl/files/tree.c milter/ctl/files/tree.h
