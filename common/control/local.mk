common_libjm_a_SOURCES += \
	common/control/answer.c common/control/answer.h \
	common/control/argument.c common/control/argument.h \
	common/control/service_rows.c common/control/service_rows.h \
	common/control/client.c common/control/client.h \
	common/control/criterion.c common/control/criterion.h \
	common/control/domain_list.c common/control/domain_list.h \
	common/control/frame.c common/control/frame.h \
	common/control/known.c common/control/known.h \
	common/control/respond.c common/control/respond.h \
	common/control/answer_show.c common/control/answer_show.h
