common_libjm_a_SOURCES += common/service/admit.c common/service/admit.h common/service/quota.c common/service/quota.h \
	common/service/decision.c common/service/decision.h common/service/judge.c common/service/judge.h \
	common/service/directory.c common/service/directory.h
common_libjm_a_SOURCES += common/service/status.c common/service/status.h common/service/wait.c common/service/wait.h
