check_PROGRAMS += t/unit/service_admit.t t/unit/service_judge.t t/unit/service_directory.t \
	t/unit/service_quota.t t/unit/service_table.t
UNIT_TESTS += t/unit/service_admit.t t/unit/service_judge.t t/unit/service_directory.t \
	t/unit/service_quota.t t/unit/service_table.t
t_unit_service_admit_t_SOURCES = t/unit/service_admit.c
t_unit_service_admit_t_LDADD = $(UNIT_LIBS)
t_unit_service_quota_t_SOURCES = t/unit/service_quota.c
t_unit_service_quota_t_LDADD = $(UNIT_LIBS)
t_unit_service_judge_t_SOURCES = t/unit/service_judge.c
t_unit_service_judge_t_LDADD = $(UNIT_LIBS)
t_unit_service_directory_t_SOURCES = t/unit/service_directory.c
t_unit_service_directory_t_LDADD = $(UNIT_LIBS)
check_PROGRAMS += t/unit/service_status.t t/unit/service_wait.t
UNIT_TESTS += t/unit/service_status.t t/unit/service_wait.t
t_unit_service_wait_t_SOURCES = t/unit/service_wait.c
t_unit_service_wait_t_LDADD = $(UNIT_LIBS)
t_unit_service_status_t_SOURCES = t/unit/service_status.c
t_unit_service_status_t_LDADD = $(UNIT_LIBS)
t_unit_service_table_t_SOURCES = t/unit/service_table.c
t_unit_service_table_t_LDADD = $(UNIT_LIBS)
