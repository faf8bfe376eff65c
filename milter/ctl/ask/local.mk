# SPDX-License-Identifier: BSD-2-Clause
# Verbs that ask the archive or the daemon.
milter_ctl_libjmctl_a_SOURCES += \
	milter/ctl/ask/events.c milter/ctl/ask/events.h \
	milter/ctl/ask/follow.c milter/ctl/ask/follow.h \
	milter/ctl/ask/list.c milter/ctl/ask/list.h \
	milter/ctl/ask/queue.c milter/ctl/ask/queue.h \
	milter/ctl/ask/ask_reload.c milter/ctl/ask/ask_reload.h \
	milter/ctl/ask/rows.c milter/ctl/ask/rows.h \
	milter/ctl/ask/search.c milter/ctl/ask/search.h \
	milter/ctl/ask/show.c milter/ctl/ask/show.h \
	milter/ctl/ask/show_message.c milter/ctl/ask/show_message.h \
	milter/ctl/ask/status.c milter/ctl/ask/status.h \
	milter/ctl/ask/status_days.c milter/ctl/ask/status_days.h \
	milter/ctl/ask/status_text.c milter/ctl/ask/status_text.h \
	milter/ctl/ask/top.c milter/ctl/ask/top.h \
	milter/ctl/ask/top_frame.c milter/ctl/ask/top_frame.h \
	milter/ctl/ask/verify.c milter/ctl/ask/verify.h \
	milter/ctl/ask/watch.c milter/ctl/ask/watch.h
