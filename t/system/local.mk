# SPDX-License-Identifier: BSD-2-Clause
# System tests drive the real programs on real mail servers. Each can be run alone:
# prove t/system/NAME.t
MAIL_TESTS = t/system/milter.t t/system/corpus_postfix.t t/system/corpus_sendmail.t \
	t/system/mixed.t t/system/refusals.t \
	t/system/tls_auth.t t/system/traps.t t/system/piler.t t/system/kill.t t/system/reload.t \
	t/system/start.t t/system/stop.t t/system/hang.t t/system/diskfull.t \
	t/system/starvation.t t/system/places.t t/system/service_fields.t t/system/domain.t \
	t/system/milter_fuzz.t t/system/silent.t
SYSTEM_TESTS += $(MAIL_TESTS)
EXTRA_DIST += $(MAIL_TESTS)
SYSTEM_TESTS += t/system/hardened.t
EXTRA_DIST += t/system/hardened.t
SYSTEM_TESTS += t/system/check.t t/system/install-settings.t t/system/import.t \
	t/system/import_sources.t t/system/links.t \
	t/system/restored.t
EXTRA_DIST += t/lib/certs.py t/lib/corpus.py t/lib/corpus_test.py t/lib/daemon.py t/lib/dns.py \
	t/lib/jmctl.py t/lib/milter.py t/lib/milter_fuzz.py t/lib/postfix.py \
	t/lib/hang.c t/lib/hanging.py \
	t/lib/run.py t/lib/scene.py t/lib/sendmail.py t/lib/sendmail-shim.c t/lib/disk-fault.c \
	t/lib/open.h t/lib/hooks.c t/lib/slow-sync.c t/lib/smtp.py t/lib/tap.py t/lib/tsan.supp
EXTRA_DIST += t/system/check.t t/system/install-settings.t t/system/import.t \
	t/system/import_sources.t t/system/links.t \
	t/system/restored.t

# The same walk through the milter protocol for as long as wanted: make fuzz-milter SECONDS=3600
SECONDS = 600
fuzz-milter: $(PROGRAMS_UNDER_TEST)
	JM_FUZZ_SECONDS='$(SECONDS)' JM_FUZZ_SEED="$${JM_FUZZ_SEED-$$(date +%s)}" $(TEST_ENV) \
		$(srcdir)/t/system/milter_fuzz.t
.PHONY: fuzz-milter
