# SPDX-License-Identifier: BSD-2-Clause
STYLE_TESTS = t/style/banned.t t/style/circles.t t/style/files.t t/style/format.t \
	t/style/headers.t t/style/layers.t t/style/security.t t/style/sizes.t t/style/texts.t \
	t/style/words.t
# They only read sources, scripts and object files, and run no program of ours, so that a build with
# a sanitizer would find nothing more with them.
if !SANITIZED
SYSTEM_TESTS += $(STYLE_TESTS)
endif
EXTRA_DIST += $(STYLE_TESTS) t/lib/comments.py t/lib/declared.py t/lib/rooms.py t/lib/source.py \
	.clang-format

# The table of settings as text, for settings.t.
noinst_PROGRAMS += t/style/settings-table
t_style_settings_table_SOURCES = t/style/settings-table.c
t_style_settings_table_LDADD = $(COMMON_LIBS)
SYSTEM_TESTS += t/style/settings.t
EXTRA_DIST += t/style/settings.t

# The table of figures as text, for figures.t.
noinst_PROGRAMS += t/style/figures-table
t_style_figures_table_SOURCES = t/style/figures-table.c
t_style_figures_table_LDADD = $(COMMON_LIBS)
SYSTEM_TESTS += t/style/figures.t
EXTRA_DIST += t/style/figures.t t/lib/schema.py
