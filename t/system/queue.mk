# SPDX-License-Identifier: BSD-2-Clause
QUEUE_TESTS = t/system/queue.t t/system/status.t t/system/gateway.t t/system/waiting.t \
	t/system/canary.t
SYSTEM_TESTS += $(QUEUE_TESTS)
EXTRA_DIST += $(QUEUE_TESTS)
