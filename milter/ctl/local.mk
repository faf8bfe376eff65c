# SPDX-License-Identifier: BSD-2-Clause
# jmctl-net has the verbs that connect to mail servers. jmctl has elsewhere.c in their place, so the
# linker takes neither them nor libcurl, and jmctl starts in half the time.
bin_PROGRAMS += milter/ctl/jmctl
pkglibexec_PROGRAMS += milter/ctl/jmctl-net
noinst_LIBRARIES += milter/ctl/libjmctl.a
milter_ctl_libjmctl_a_SOURCES =
milter_ctl_jmctl_SOURCES = milter/ctl/main.c milter/ctl/elsewhere.c
milter_ctl_jmctl_LDADD = milter/ctl/libjmctl.a $(ARCHIVE_LIBS) -lresolv
milter_ctl_jmctl_net_SOURCES = milter/ctl/main.c
milter_ctl_jmctl_net_LDADD = milter/ctl/libjmctl.a $(COMMON_LIBS) -lresolv
dist_man_MANS += milter/ctl/jmctl.8
include milter/ctl/cli/local.mk
include milter/ctl/ask/local.mk
include milter/ctl/files/local.mk
include milter/ctl/doctor/local.mk
include milter/ctl/setup/local.mk
include milter/ctl/schema/local.mk
