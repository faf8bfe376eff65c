# SPDX-License-Identifier: BSD-2-Clause
bin_PROGRAMS += milter/ctl/jmctl
milter_ctl_jmctl_SOURCES = milter/ctl/main.c
milter_ctl_jmctl_LDADD = $(COMMON_LIBS) -lresolv
dist_man_MANS += milter/ctl/jmctl.8
include milter/ctl/cli/local.mk
include milter/ctl/ask/local.mk
include milter/ctl/files/local.mk
include milter/ctl/doctor/local.mk
include milter/ctl/setup/local.mk
include milter/ctl/schema/local.mk
