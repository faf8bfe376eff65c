common_libjm_a_SOURCES += common/control/answer.c common/control/answer.h common/control/frame.c common/control/frame.h common/control/domains.c common/control/domains.h \
	common/control/client.c common/control/client.h common/control/criterion.c common/control/criterion.h
