common_libjm_a_SOURCES += \
	common/base/err.c common/base/err.h \
	common/base/span.c common/base/span.h \
	common/base/visible.c common/base/visible.h \
	common/base/buf.c common/base/buf.h \
	common/base/arena.c common/base/arena.h \
	common/base/log.c common/base/log.h \
	common/base/clock.c common/base/clock.h \
	common/base/num.c common/base/num.h \
	common/base/cidr.c common/base/cidr.h \
	common/base/io.c common/base/io.h \
	common/base/program.c common/base/program.h \
	common/base/peer.c common/base/peer.h \
	common/base/socket.c common/base/socket.h \
	common/base/scratch.c common/base/scratch.h \
	common/base/spool.c common/base/spool.h \
	common/base/digest.c common/base/digest.h \
	common/base/certificate.c common/base/certificate.h
