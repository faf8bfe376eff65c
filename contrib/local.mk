# SPDX-License-Identifier: BSD-2-Clause
EXTRA_DIST += contrib/check contrib/packages contrib/quickstart contrib/quickstart.py
include contrib/exchange/local.mk
