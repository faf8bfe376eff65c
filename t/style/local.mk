# SPDX-License-Identifier: BSD-2-Clause
SYSTEM_TESTS += t/style/banned.t t/style/layers.t t/style/sizes.t t/style/texts.t
EXTRA_DIST += t/style/banned.t t/style/layers.t t/style/sizes.t t/style/texts.t t/lib/source.py \
	t/lib/rooms.py t/lib/declared.py

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
