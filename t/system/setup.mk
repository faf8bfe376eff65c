# SPDX-License-Identifier: BSD-2-Clause
SETUP_TESTS = t/system/setup.t t/system/setup_pop3.t t/system/powershell.t t/system/ranges.t \
	t/system/doctor.t t/system/doctor-sendmail.t t/system/setup_login.t
SYSTEM_TESTS += $(SETUP_TESTS)
EXTRA_DIST += $(SETUP_TESTS) t/lib/doctor.py t/lib/powershell.py t/lib/journal_setup.py \
	t/lib/other_milter.py
