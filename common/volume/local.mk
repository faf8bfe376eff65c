# SPDX-License-Identifier: BSD-2-Clause
common_libjm_a_SOURCES += \
	common/volume/apart.c common/volume/apart.h \
	common/volume/file.c common/volume/file.h \
	common/volume/metadata.c common/volume/metadata.h \
	common/volume/mirror.c common/volume/mirror.h \
	common/volume/record.c common/volume/record.h \
	common/volume/stored_report.c common/volume/stored_report.h \
	common/volume/salvage.c common/volume/salvage.h \
	common/volume/scan.c common/volume/scan.h \
	common/volume/volume.c common/volume/volume.h \
	common/volume/volumes.c common/volume/volumes.h \
	common/volume/walk.c common/volume/walk.h
