# SPDX-License-Identifier: BSD-2-Clause
EXTRA_DIST += contrib/prometheus/rules.yml contrib/prometheus/rules-test.yml \
	contrib/grafana/journal-milter.json contrib/icinga/check_journal_milter
EXTRA_DIST += contrib/readers/stats.c contrib/readers/stats.pl contrib/readers/stats.py
EXTRA_DIST += .clang-tidy contrib/analyze
EXTRA_DIST += contrib/check contrib/coverage contrib/packages contrib/newcomer
EXTRA_DIST += contrib/upstream/libmilter-macros.txt
EXTRA_DIST += contrib/quickstart contrib/quickstart.py
EXTRA_DIST += contrib/CHANGES contrib/debian contrib/package contrib/try-package
EXTRA_DIST += contrib/release .ci/run
include contrib/exchange/local.mk
include contrib/systemd/local.mk

bashcompletiondir = $(datadir)/bash-completion/completions
dist_bashcompletion_DATA = contrib/bash-completion/jmctl
