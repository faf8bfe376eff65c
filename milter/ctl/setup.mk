# SPDX-License-Identifier: BSD-2-Clause
# Set-up and doctor.
milter_ctl_jmctl_SOURCES += milter/ctl/setup.c milter/ctl/ranges.c milter/ctl/data.c milter/ctl/data.h milter/ctl/endpoints.c milter/ctl/endpoints.h
milter_ctl_jmctl_SOURCES += milter/ctl/doctor.c milter/ctl/doctor.h milter/ctl/doctor_run.c milter/ctl/doctor_machine.c \
	milter/ctl/doctor_postfix.c milter/ctl/doctor_route.c milter/ctl/doctor_route.h milter/ctl/doctor_listen.c milter/ctl/doctor_sendmail.c \
	milter/ctl/doctor_sendmail.h milter/ctl/doctor_sendmail_listen.c milter/ctl/sendmail_conf.c milter/ctl/sendmail_conf.h \
	milter/ctl/postfix_conf.c milter/ctl/postfix_conf.h
