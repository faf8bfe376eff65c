# SPDX-License-Identifier: BSD-2-Clause
# The published state, the status page, alerting, the service manager.
PUBLISH_TESTS = t/system/alerts.t t/system/publish.t t/system/service.t t/system/web.t
SYSTEM_TESTS += $(PUBLISH_TESTS)
EXTRA_DIST += $(PUBLISH_TESTS) t/lib/browser.py
