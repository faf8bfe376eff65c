# SPDX-License-Identifier: BSD-2-Clause
EXTRA_PROGRAMS += t/lib/deposit_files
TEST_TOOLS += t/lib/deposit_files
t_lib_deposit_files_SOURCES = t/lib/deposit_files.c milter/ctl/cli/option.c \
	milter/ctl/cli/print.c \
	milter/ctl/cli/help.c milter/ctl/cli/completion.c
t_lib_deposit_files_LDADD = $(COMMON_LIBS)
EXTRA_PROGRAMS += t/lib/publish_state
TEST_TOOLS += t/lib/publish_state
t_lib_publish_state_SOURCES = t/lib/publish_state.c
t_lib_publish_state_LDADD = $(COMMON_LIBS)
SYSTEM_TESTS += t/system/movable.t t/system/damage.t t/system/pages.t t/system/pages_full.t
EXTRA_DIST += t/system/movable.t t/system/damage.t t/system/pages.t t/system/pages_full.t \
	t/lib/pages.py
SYSTEM_TESTS += t/system/jmctl.t t/system/verbs.t t/system/json.t t/system/live.t
EXTRA_DIST += t/system/jmctl.t t/system/verbs.t t/system/json.t t/system/live.t
SYSTEM_TESTS += t/system/hostile_text.t
EXTRA_DIST += t/system/hostile_text.t
SYSTEM_TESTS += t/system/search.t t/system/show.t t/system/search_forms.t t/system/progress.t
EXTRA_DIST += t/system/search.t t/system/show.t t/system/search_forms.t t/system/progress.t
