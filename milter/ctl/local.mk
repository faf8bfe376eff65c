# SPDX-License-Identifier: BSD-2-Clause
bin_PROGRAMS += milter/ctl/jmctl
milter_ctl_jmctl_SOURCES = milter/ctl/main.c milter/ctl/ctl.h milter/ctl/option.c milter/ctl/help.c milter/ctl/completion.c \
	milter/ctl/print.c milter/ctl/print.h milter/ctl/progress.c milter/ctl/progress.h milter/ctl/client.c milter/ctl/client.h \
	milter/ctl/status.c milter/ctl/status.h milter/ctl/status_text.c milter/ctl/status_days.c milter/ctl/list.c milter/ctl/show.c milter/ctl/export.c milter/ctl/verify.c milter/ctl/events.c milter/ctl/follow.c milter/ctl/follow.h milter/ctl/watch.c milter/ctl/top.c milter/ctl/top_frame.c milter/ctl/top.h milter/ctl/queue.c \
	milter/ctl/check.c milter/ctl/explain.c milter/ctl/domain.c milter/ctl/dns.c milter/ctl/dns.h \
	milter/ctl/test.c milter/ctl/unwrap.c
milter_ctl_jmctl_LDADD = $(COMMON_LIBS) -lresolv
milter_ctl_jmctl_SOURCES += milter/ctl/dump.c milter/ctl/dumpdir.c milter/ctl/dumpdir.h milter/ctl/load.c milter/ctl/backup.c \
	milter/ctl/rebuild.c milter/ctl/import.c milter/ctl/mbox.c milter/ctl/mbox.h
dist_man_MANS += milter/ctl/jmctl.8
milter_ctl_jmctl_SOURCES += milter/ctl/search.c milter/ctl/rows.c milter/ctl/rows.h milter/ctl/criteria.c milter/ctl/criteria.h
milter_ctl_jmctl_SOURCES += milter/ctl/html.c milter/ctl/html.h milter/ctl/preview.c milter/ctl/preview.h
milter_ctl_jmctl_SOURCES += milter/ctl/bulk.c milter/ctl/exporter.h milter/ctl/export_files.c milter/ctl/edrm.c
