# SPDX-License-Identifier: BSD-2-Clause
# jmctl doctor: a file a group of checks.
milter_ctl_jmctl_SOURCES += \
	milter/ctl/doctor/doctor.c milter/ctl/doctor/doctor.h \
	milter/ctl/doctor/finding.c milter/ctl/doctor/finding.h \
	milter/ctl/doctor/machine.c milter/ctl/doctor/machine.h \
	milter/ctl/doctor/port.c milter/ctl/doctor/port.h \
	milter/ctl/doctor/postfix.c milter/ctl/doctor/postfix.h \
	milter/ctl/doctor/postfix_conf.c milter/ctl/doctor/postfix_conf.h \
	milter/ctl/doctor/postfix_listen.c milter/ctl/doctor/postfix_listen.h \
	milter/ctl/doctor/route.c milter/ctl/doctor/route.h \
	milter/ctl/doctor/run.c milter/ctl/doctor/run.h \
	milter/ctl/doctor/sendmail.c milter/ctl/doctor/sendmail.h \
	milter/ctl/doctor/sendmail_conf.c milter/ctl/doctor/sendmail_conf.h \
	milter/ctl/doctor/sendmail_listen.c milter/ctl/doctor/sendmail_listen.h \
	milter/ctl/doctor/socket.c milter/ctl/doctor/socket.h \
	milter/ctl/doctor/tls.c milter/ctl/doctor/tls.h
