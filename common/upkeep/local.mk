# SPDX-License-Identifier: BSD-2-Clause
common_libjm_a_SOURCES += common/upkeep/upkeep.h \
	common/upkeep/compare.c common/upkeep/compare.h \
	common/upkeep/copy.c common/upkeep/copy.h \
	common/upkeep/dump.c common/upkeep/dump.h \
	common/upkeep/import.c common/upkeep/import.h \
	common/upkeep/load.c common/upkeep/load.h \
	common/upkeep/receive.c common/upkeep/receive.h \
	common/upkeep/record_type.c common/upkeep/record_type.h \
	common/upkeep/verify.c common/upkeep/verify.h
