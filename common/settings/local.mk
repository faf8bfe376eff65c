# SPDX-License-Identifier: BSD-2-Clause
common_libjm_a_SOURCES += \
	common/settings/settings.c common/settings/settings.h common/settings/default.h \
	common/settings/loader.c common/settings/loader.h \
	common/settings/read_document.c common/settings/read_document.h \
	common/settings/consistency.c common/settings/consistency.h \
	common/settings/schema.c common/settings/schema.h common/settings/schema_text.h \
	common/settings/member.c common/settings/member.h \
	common/settings/typed_value.c common/settings/typed_value.h \
	common/settings/table.c common/settings/table.h \
	common/settings/near.c common/settings/near.h \
	common/settings/difference.c common/settings/difference.h \
	common/settings/snapshot.c common/settings/snapshot.h \
	common/settings/findings.c common/settings/findings.h \
	common/settings/overlap.c common/settings/overlap.h \
	common/settings/sandbox.c common/settings/sandbox.h

# The schema becomes part of the program, so that it cannot be missing or of another version.
nodist_common_libjm_a_SOURCES = common/settings/schema_text.c
CLEANFILES += common/settings/schema_text.c
common/settings/schema_text.c: $(top_srcdir)/config/journal-milter.rng
	$(AM_V_GEN)$(MKDIR_P) common/settings && { \
	echo '#include "common/settings/schema_text.h"'; \
	echo 'const unsigned char jm_schema_text[] = {'; \
	od -An -v -tu1 $(top_srcdir)/config/journal-milter.rng | sed 's/  *\([0-9][0-9]*\)/\1,/g'; \
	echo '};'; \
	echo 'const size_t jm_schema_bytes = sizeof jm_schema_text;'; } >$@.tmp && mv $@.tmp $@
