check_PROGRAMS += t/unit/service_admit.t t/unit/service_quota.t
UNIT_TESTS += t/unit/service_admit.t t/unit/service_quota.t
t_unit_service_admit_t_SOURCES = t/unit/service_admit.c
t_unit_service_admit_t_LDADD = $(UNIT_LIBS)
t_unit_service_quota_t_SOURCES = t/unit/service_quota.c
t_unit_service_quota_t_LDADD = $(UNIT_LIBS)
