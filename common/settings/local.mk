# SPDX-License-Identifier: BSD-2-Clause
common_libjm_a_SOURCES += \
	common/settings/settings.c common/settings/settings.h common/settings/default.h \
	common/settings/load.c \
	common/settings/walk.c common/settings/walk.h \
	common/settings/check.c common/settings/check.h \
	common/settings/schema.c common/settings/schema.h \
	common/settings/fields.c common/settings/fields.h \
	common/settings/value.c common/settings/value.h \
	common/settings/table.c common/settings/table.h \
	common/settings/near.c common/settings/near.h \
	common/settings/difference.c common/settings/difference.h \
	common/settings/keep.c common/settings/keep.h \
	common/settings/findings.c common/settings/findings.h

# The schema becomes a part of the program, so that no file can be missing or of another version.
nodist_common_libjm_a_SOURCES = common/settings/schema-text.c
CLEANFILES += common/settings/schema-text.c
common/settings/schema-text.c: $(top_srcdir)/config/journal-milter.rng
	$(AM_V_GEN)$(MKDIR_P) common/settings && { \
	echo '#include "common/settings/schema.h"'; \
	echo 'const unsigned char jm_schema_text[] = {'; \
	od -An -v -tu1 $(top_srcdir)/config/journal-milter.rng | sed 's/  *\([0-9][0-9]*\)/\1,/g'; \
	echo '};'; \
	echo 'const size_t jm_schema_bytes = sizeof(jm_schema_text);'; } >$@.tmp && mv $@.tmp $@
