# SPDX-License-Identifier: BSD-2-Clause
# The published state, the status page, the service manager.
SYSTEM_TESTS += t/system/publish.t
EXTRA_DIST += t/system/publish.t
