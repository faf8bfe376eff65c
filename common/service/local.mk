common_libjm_a_SOURCES += common/service/admit.c common/service/admit.h common/service/quota.c common/service/quota.h
