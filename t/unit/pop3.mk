check_PROGRAMS += t/unit/pop3_dot.t t/unit/pop3_session.t t/unit/pop3_plan.t \
	t/unit/pop3_certificate.t t/unit/pop3_cause.t
UNIT_TESTS += t/unit/pop3_dot.t t/unit/pop3_session.t t/unit/pop3_plan.t \
	t/unit/pop3_certificate.t t/unit/pop3_cause.t
t_unit_pop3_dot_t_SOURCES = t/unit/pop3_dot.c
t_unit_pop3_dot_t_LDADD = $(UNIT_LIBS)
t_unit_pop3_session_t_SOURCES = t/unit/pop3_session.c
t_unit_pop3_session_t_LDADD = $(UNIT_LIBS)
t_unit_pop3_plan_t_SOURCES = t/unit/pop3_plan.c
t_unit_pop3_plan_t_LDADD = $(UNIT_LIBS)
t_unit_pop3_cause_t_SOURCES = t/unit/pop3_cause.c
t_unit_pop3_cause_t_LDADD = $(UNIT_LIBS)
t_unit_pop3_certificate_t_SOURCES = t/unit/pop3_certificate.c
t_unit_pop3_certificate_t_LDADD = $(UNIT_LIBS)
check_PROGRAMS += t/unit/settings_pop3.t
UNIT_TESTS += t/unit/settings_pop3.t
t_unit_settings_pop3_t_SOURCES = t/unit/settings_pop3.c
t_unit_settings_pop3_t_LDADD = $(UNIT_LIBS)
check_PROGRAMS += t/unit/archive_pop3.t
UNIT_TESTS += t/unit/archive_pop3.t
t_unit_archive_pop3_t_SOURCES = t/unit/archive_pop3.c $(ARCHIVE_TEST_LIB)
t_unit_archive_pop3_t_LDADD = $(UNIT_LIBS)
check_PROGRAMS += t/unit/pop3_mailbox.t
UNIT_TESTS += t/unit/pop3_mailbox.t
t_unit_pop3_mailbox_t_SOURCES = t/unit/pop3_mailbox.c
t_unit_pop3_mailbox_t_LDADD = $(UNIT_LIBS)
