# SPDX-License-Identifier: BSD-2-Clause
common_libjm_a_SOURCES += common/archive/state.h \
	common/archive/applier.c common/archive/applier.h \
	common/archive/archive.c common/archive/archive.h \
	common/archive/await.c common/archive/await.h \
	common/archive/batch.c common/archive/batch.h \
	common/archive/body.c common/archive/body.h \
	common/archive/change.c common/archive/change.h \
	common/archive/commit.c common/archive/commit.h \
	common/archive/compress.c common/archive/compress.h \
	common/archive/content.c common/archive/content.h \
	common/archive/deposit.c common/archive/deposit.h \
	common/archive/disk.c common/archive/disk.h \
	common/archive/domain.c common/archive/domain.h \
	common/archive/flight.c common/archive/flight.h \
	common/archive/gauge.c common/archive/gauge.h \
	common/archive/health.c common/archive/health.h \
	common/archive/marks.c common/archive/marks.h \
	common/archive/match.c common/archive/match.h \
	common/archive/note.c common/archive/note.h \
	common/archive/reader.c common/archive/reader.h \
	common/archive/recover.c common/archive/recover.h \
	common/archive/replay.c common/archive/replay.h \
	common/archive/rows.c common/archive/rows.h \
	common/archive/second.c common/archive/second.h \
	common/archive/splice.c common/archive/splice.h \
	common/archive/tail.c common/archive/tail.h \
	common/archive/tally.c common/archive/tally.h \
	common/archive/ticket.c common/archive/ticket.h \
	common/archive/tip.c common/archive/tip.h \
	common/archive/verbatim.c common/archive/verbatim.h \
	common/archive/writer.c common/archive/writer.h
common_libjm_a_SOURCES += common/archive/map.c common/archive/map.h
EXTRA_DIST += common/archive/SCHEMA.md
