/* SPDX-License-Identifier: BSD-2-Clause */
/* The daemon's systemd unit, as systemd has it: may the daemon write to a folder? One thread. */
#ifndef JM_MILTER_CTL_CLI_UNIT_H
#define JM_MILTER_CTL_CLI_UNIT_H

#include "common/settings/sandbox.h"

struct jm_unit_verdict {
	enum jm_sandbox state;
	/* For people; both are "" for OPEN. The cure is one line to be pasted into a shell. */
	char text[1024];
	char cure[JM_SANDBOX_CURE_BYTES];
};

/*
 * Ask systemd whether the unit journal-milter.service lets the daemon write to dir, an absolute
 * path, which need not exist. OPEN when it does, and when systemd is not there or has no such unit.
 */
void jm_unit_judge(const char *dir, struct jm_unit_verdict *v);

#endif
