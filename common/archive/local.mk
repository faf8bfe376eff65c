common_libjm_a_SOURCES += \
	common/archive/archive.c common/archive/archive.h common/archive/store.h \
	common/archive/record.c common/archive/record.h \
	common/archive/volume.c common/archive/volume.h \
	common/archive/catalog.c common/archive/catalog.h \
	common/archive/count.c common/archive/count.h \
	common/archive/apply.c common/archive/applier.c \
	common/archive/writer.c common/archive/apart.c common/archive/ticket.c \
	common/archive/metadata.c common/archive/text.c common/archive/row.c common/archive/content.c common/archive/splice.c \
	common/archive/reader.c common/archive/item.c common/archive/status.c common/archive/recent.c \
	common/archive/recover.c common/archive/salvage.c common/archive/verify.c common/archive/pop3.c \
	common/archive/apply.h common/archive/change.c common/archive/queue.c common/archive/tally.c \
	common/archive/domain.c
common_libjm_a_SOURCES += common/archive/walk.c common/archive/compare.c common/archive/dump.c common/archive/load.c common/archive/copy.c common/archive/disk.c common/archive/gauge.c
common_libjm_a_SOURCES += common/archive/follow.c
EXTRA_DIST += common/archive/SCHEMA.md
common_libjm_a_SOURCES += common/archive/search.c common/archive/bcc.c
