# SPDX-License-Identifier: BSD-2-Clause
check_PROGRAMS += t/unit/ctl_setup.t
UNIT_TESTS += t/unit/ctl_setup.t
t_unit_ctl_setup_t_SOURCES = t/unit/ctl_setup.c milter/ctl/cli/data.c milter/ctl/cli/endpoints.c \
	milter/ctl/doctor/postfix_conf.c
t_unit_ctl_setup_t_LDADD = $(UNIT_LIBS)
check_PROGRAMS += t/unit/ctl_reading.t
UNIT_TESTS += t/unit/ctl_reading.t
t_unit_ctl_reading_t_SOURCES = t/unit/ctl_reading.c milter/ctl/cli/criteria.c
t_unit_ctl_reading_t_LDADD = $(UNIT_LIBS)
check_PROGRAMS += t/unit/ctl_mbox.t
UNIT_TESTS += t/unit/ctl_mbox.t
t_unit_ctl_mbox_t_SOURCES = t/unit/ctl_mbox.c milter/ctl/files/mail_line.c \
	milter/ctl/files/mbox.c milter/ctl/files/mbox_quote.c milter/ctl/files/source.c
t_unit_ctl_mbox_t_LDADD = $(UNIT_LIBS)
check_PROGRAMS += t/unit/ctl_top.t
UNIT_TESTS += t/unit/ctl_top.t
t_unit_ctl_top_t_SOURCES = t/unit/ctl_top.c milter/ctl/ask/top_frame.c milter/ctl/cli/print.c
t_unit_ctl_top_t_LDADD = $(UNIT_LIBS)
check_PROGRAMS += t/unit/ctl_criteria.t
UNIT_TESTS += t/unit/ctl_criteria.t
t_unit_ctl_criteria_t_SOURCES = t/unit/ctl_criteria.c milter/ctl/cli/criteria.c
t_unit_ctl_criteria_t_LDADD = $(UNIT_LIBS)
check_PROGRAMS += t/unit/ctl_print.t
UNIT_TESTS += t/unit/ctl_print.t
t_unit_ctl_print_t_SOURCES = t/unit/ctl_print.c milter/ctl/cli/print.c milter/ctl/cli/quote.c
t_unit_ctl_print_t_LDADD = $(UNIT_LIBS)
check_PROGRAMS += t/unit/ctl_manifest.t
UNIT_TESTS += t/unit/ctl_manifest.t
t_unit_ctl_manifest_t_SOURCES = t/unit/ctl_manifest.c milter/ctl/files/dumpdir.c \
	milter/ctl/files/dumpdir.h
t_unit_ctl_manifest_t_LDADD = $(UNIT_LIBS)
check_PROGRAMS += t/unit/ctl_owner.t
UNIT_TESTS += t/unit/ctl_owner.t
t_unit_ctl_owner_t_SOURCES = t/unit/ctl_owner.c milter/ctl/cli/print.c milter/ctl/files/owner.c
t_unit_ctl_owner_t_LDADD = $(UNIT_LIBS)
