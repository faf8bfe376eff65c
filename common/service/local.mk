common_libjm_a_SOURCES += \
	common/service/admit.c common/service/admit.h \
	common/service/probe_name.h \
	common/service/decision.c common/service/decision.h \
	common/service/directory.c common/service/directory.h \
	common/service/judge.c common/service/judge.h \
	common/service/mta_table.c common/service/mta_table.h \
	common/service/quota.c common/service/quota.h \
	common/service/service_status.c common/service/service_status.h \
	common/service/table_bdb.c common/service/table_bdb.h \
	common/service/table_cdb.c common/service/table_cdb.h \
	common/service/table_lmdb.c common/service/table_lmdb.h \
	common/service/wait.c common/service/wait.h
