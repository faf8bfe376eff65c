# SPDX-License-Identifier: BSD-2-Clause
# System tests drive the real programs behind real mail servers; each stands alone: prove t/system/NAME.t
SYSTEM_TESTS += t/system/check.t t/system/examples.t t/system/install-settings.t
EXTRA_DIST += t/lib/certs.py t/lib/corpus.py t/lib/corpus_test.py t/lib/daemon.py t/lib/jmctl.py t/lib/milter.py t/lib/postfix.py \
	t/lib/run.py t/lib/scene.py t/lib/sendmail.py t/lib/sendmail-shim.c t/lib/slow-sync.c t/lib/smtp.py t/lib/tap.py t/lib/tsan.supp
EXTRA_DIST += t/system/check.t t/system/examples.t t/system/install-settings.t
