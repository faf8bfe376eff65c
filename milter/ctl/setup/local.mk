# SPDX-License-Identifier: BSD-2-Clause
# Set-up, and trying things: needs no archive.
milter_ctl_libjmctl_a_SOURCES += \
	milter/ctl/setup/check.c milter/ctl/setup/check.h \
	milter/ctl/setup/check_machine.c milter/ctl/setup/check_machine.h \
	milter/ctl/setup/domain.c milter/ctl/setup/domain.h \
	milter/ctl/setup/explain.c milter/ctl/setup/explain.h \
	milter/ctl/setup/ranges.c milter/ctl/setup/ranges.h \
	milter/ctl/setup/services.c milter/ctl/setup/services.h \
	milter/ctl/setup/setup.c milter/ctl/setup/setup.h \
	milter/ctl/setup/setup_plan.c milter/ctl/setup/setup_plan.h \
	milter/ctl/setup/template.c milter/ctl/setup/template.h \
	milter/ctl/setup/test.c milter/ctl/setup/test.h \
	milter/ctl/setup/unwrap.c milter/ctl/setup/unwrap.h
