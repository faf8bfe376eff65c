common_libjm_a_SOURCES += \
	common/pop3/cause.c common/pop3/cause.h \
	common/pop3/connect.c common/pop3/connect.h \
	common/pop3/dot.c common/pop3/dot.h \
	common/pop3/listing.c common/pop3/listing.h \
	common/pop3/mailbox.c common/pop3/mailbox.h \
	common/pop3/plan.c common/pop3/plan.h \
	common/pop3/probe.c common/pop3/probe.h \
	common/pop3/session.c common/pop3/session.h \
	common/pop3/transfer.c common/pop3/transfer.h
