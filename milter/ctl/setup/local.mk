# SPDX-License-Identifier: BSD-2-Clause
# Set-up, and trying things: needs no archive.
milter_ctl_jmctl_SOURCES += \
	milter/ctl/setup/check.c \
	milter/ctl/setup/dns.c milter/ctl/setup/dns.h \
	milter/ctl/setup/domain.c \
	milter/ctl/setup/explain.c \
	milter/ctl/setup/ranges.c \
	milter/ctl/setup/setup.c \
	milter/ctl/setup/test.c \
	milter/ctl/setup/unwrap.c
