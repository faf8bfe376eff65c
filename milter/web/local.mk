# SPDX-License-Identifier: BSD-2-Clause
sbin_PROGRAMS += milter/web/journal-milter-web
milter_web_journal_milter_web_SOURCES = milter/web/main.c \
	milter/web/chart.c milter/web/chart.h \
	milter/web/host.c milter/web/host.h \
	milter/web/html.c milter/web/html.h \
	milter/web/listen.c milter/web/listen.h \
	milter/web/look.c milter/web/look.h \
	milter/web/page.c milter/web/page.h \
	milter/web/published.c milter/web/published.h \
	milter/web/serve.c milter/web/serve.h \
	milter/web/style.c milter/web/style.h \
	milter/web/verdict.c milter/web/verdict.h
milter_web_journal_milter_web_CFLAGS = $(AM_CFLAGS) $(MICROHTTPD_CFLAGS)
# Not linked with the archive's libraries: this program has no right to open it.
milter_web_journal_milter_web_LDADD = common/libjm.a $(JANSSON_LIBS) $(MICROHTTPD_LIBS)
dist_man_MANS += milter/web/journal-milter-web.8
