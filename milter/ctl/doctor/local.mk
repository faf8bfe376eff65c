# SPDX-License-Identifier: BSD-2-Clause
# jmctl doctor: a file a group of checks.
milter_ctl_jmctl_SOURCES += \
	milter/ctl/doctor/doctor.c milter/ctl/doctor/doctor.h \
	milter/ctl/doctor/doctor_listen.c \
	milter/ctl/doctor/doctor_machine.c \
	milter/ctl/doctor/doctor_postfix.c \
	milter/ctl/doctor/doctor_route.c milter/ctl/doctor/doctor_route.h \
	milter/ctl/doctor/doctor_run.c \
	milter/ctl/doctor/doctor_sendmail.c milter/ctl/doctor/doctor_sendmail.h \
	milter/ctl/doctor/doctor_sendmail_listen.c \
	milter/ctl/doctor/postfix_conf.c milter/ctl/doctor/postfix_conf.h \
	milter/ctl/doctor/sendmail_conf.c milter/ctl/doctor/sendmail_conf.h
