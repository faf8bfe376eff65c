# SPDX-License-Identifier: BSD-2-Clause
sbin_PROGRAMS += milter/web/journal-milter-web
milter_web_journal_milter_web_SOURCES = milter/web/main.c milter/web/chart.c milter/web/html.c milter/web/html.h \
	milter/web/listen.c milter/web/page.c milter/web/serve.c milter/web/state.c milter/web/style.c milter/web/web.h
milter_web_journal_milter_web_CFLAGS = $(AM_CFLAGS) $(MICROHTTPD_CFLAGS)
# Not the archive's libraries: this program has no business there.
milter_web_journal_milter_web_LDADD = common/libjm.a $(JANSSON_LIBS) $(MICROHTTPD_LIBS)
dist_man_MANS += milter/web/journal-milter-web.8
