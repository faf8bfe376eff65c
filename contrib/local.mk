# SPDX-License-Identifier: BSD-2-Clause
EXTRA_DIST += contrib/readers/stats.c contrib/readers/stats.pl contrib/readers/stats.py
EXTRA_DIST += contrib/check contrib/packages contrib/quickstart contrib/quickstart.py
include contrib/exchange/local.mk
