# SPDX-License-Identifier: BSD-2-Clause
bin_PROGRAMS += milter/ctl/jmctl
milter_ctl_jmctl_SOURCES = milter/ctl/main.c milter/ctl/check.c milter/ctl/ctl.h milter/ctl/option.c milter/ctl/unwrap.c
milter_ctl_jmctl_LDADD = $(COMMON_LIBS)
