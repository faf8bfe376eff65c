# SPDX-License-Identifier: BSD-2-Clause
# Units, user and folders for systemd, in its folders below the prefix.
UNITS = contrib/systemd/journal-milter.service contrib/systemd/journal-milter-web.service
SYSUSERS = contrib/systemd/sysusers.d/journal-milter.conf
TMPFILES = contrib/systemd/tmpfiles.d/journal-milter.conf
if SYSTEMD
sysusersdir = $(prefix)/lib/sysusers.d
tmpfilesdir = $(prefix)/lib/tmpfiles.d
nodist_systemdsystemunit_DATA = $(UNITS)
sysusers_DATA = $(SYSUSERS)
tmpfiles_DATA = $(TMPFILES)
endif
all-local: $(UNITS)
EXTRA_DIST += $(UNITS:=.in) $(SYSUSERS) $(TMPFILES)
CLEANFILES += $(UNITS)

# make writes the units, not configure, which does not know the value of sbindir.
$(UNITS): Makefile
	$(AM_V_GEN)$(MKDIR_P) contrib/systemd && \
		sed -e 's,@sbindir[@],$(sbindir),g' -e 's,@sysconfdir[@],$(sysconfdir),g' \
			"$(srcdir)/$@.in" > $@.tmp && mv $@.tmp $@
contrib/systemd/journal-milter.service: contrib/systemd/journal-milter.service.in
contrib/systemd/journal-milter-web.service: contrib/systemd/journal-milter-web.service.in
