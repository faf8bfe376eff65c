# SPDX-License-Identifier: BSD-2-Clause
sbin_PROGRAMS += milter/daemon/journal-milter
milter_daemon_journal_milter_SOURCES = milter/daemon/main.c \
	milter/daemon/clients.c milter/daemon/clients.h \
	milter/daemon/collect.c milter/daemon/collect.h \
	milter/daemon/control.c milter/daemon/control.h \
	milter/daemon/daemon.c milter/daemon/daemon.h \
	milter/daemon/detail.c milter/daemon/detail.h \
	milter/daemon/document.c milter/daemon/document.h \
	milter/daemon/ending.c milter/daemon/ending.h \
	milter/daemon/ids.c milter/daemon/ids.h \
	milter/daemon/intake.c milter/daemon/intake.h \
	milter/daemon/kept.c milter/daemon/kept.h \
	milter/daemon/known_end.c milter/daemon/known_end.h \
	milter/daemon/notify.c milter/daemon/notify.h \
	milter/daemon/packets.c milter/daemon/packets.h \
	milter/daemon/pool.c milter/daemon/pool.h \
	milter/daemon/protocol.c milter/daemon/protocol.h \
	milter/daemon/publisher.c milter/daemon/publisher.h \
	milter/daemon/pull.c milter/daemon/pull.h \
	milter/daemon/queue.c milter/daemon/queue.h \
	milter/daemon/reload.c milter/daemon/reload.h \
	milter/daemon/reply.c milter/daemon/reply.h \
	milter/daemon/smtp.c milter/daemon/smtp.h \
	milter/daemon/start.c milter/daemon/start.h \
	milter/daemon/state.c milter/daemon/state.h \
	milter/daemon/watch.c milter/daemon/watch.h
milter_daemon_journal_milter_LDADD = $(COMMON_LIBS) $(MILTER_LIBS)
dist_man_MANS += milter/daemon/journal-milter.8 milter/daemon/journal-milter-security.7
