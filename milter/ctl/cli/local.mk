# SPDX-License-Identifier: BSD-2-Clause
# Shared by the verbs: options, help, completion, printing, progress, outcome, the target.
milter_ctl_libjmctl_a_SOURCES += \
	milter/ctl/cli/completion.c milter/ctl/cli/completion.h \
	milter/ctl/cli/confirm.c milter/ctl/cli/confirm.h \
	milter/ctl/cli/criteria.c milter/ctl/cli/criteria.h \
	milter/ctl/cli/data.c milter/ctl/cli/data.h \
	milter/ctl/cli/dns.c milter/ctl/cli/dns.h \
	milter/ctl/cli/endpoints.c milter/ctl/cli/endpoints.h \
	milter/ctl/cli/help.c milter/ctl/cli/help.h \
	milter/ctl/cli/instance.c milter/ctl/cli/instance.h \
	milter/ctl/cli/item.c milter/ctl/cli/item.h \
	milter/ctl/cli/left_out.c milter/ctl/cli/left_out.h \
	milter/ctl/cli/offline.c milter/ctl/cli/offline.h \
	milter/ctl/cli/option.c milter/ctl/cli/option.h \
	milter/ctl/cli/outcome.c milter/ctl/cli/outcome.h \
	milter/ctl/cli/print.c milter/ctl/cli/print.h \
	milter/ctl/cli/progress.c milter/ctl/cli/progress.h \
	milter/ctl/cli/quote.c milter/ctl/cli/quote.h \
	milter/ctl/cli/target.c milter/ctl/cli/target.h \
	milter/ctl/cli/unit.c milter/ctl/cli/unit.h
