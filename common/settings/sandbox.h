/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The view that a systemd unit gives the daemon of a folder: whether the daemon can write there,
 * and the commands that let it. Pure; asking systemd is in milter/ctl/cli/unit.c.
 */
#ifndef JM_SETTINGS_SANDBOX_H
#define JM_SETTINGS_SANDBOX_H

#include <stdbool.h>

#include "common/base/span.h"

#define JM_UNIT_NAME "journal-milter.service"
/* The folder of its drop-in files, and the one that makes another archive folder writable. */
#define JM_UNIT_FOLDER "/etc/systemd/system/" JM_UNIT_NAME ".d"
#define JM_UNIT_DROP_IN JM_UNIT_FOLDER "/archive.conf"

enum jm_sandbox {
	JM_SANDBOX_OPEN,      /* the daemon can write there as far as the unit decides */
	JM_SANDBOX_READ_ONLY, /* ProtectSystem, ReadOnlyPaths */
	JM_SANDBOX_HIDDEN,    /* ProtectHome, InaccessiblePaths, TemporaryFileSystem */
	JM_SANDBOX_PRIVATE,   /* PrivateTmp: the daemon sees another folder of that name */
};

/*
 * Judge the absolute path dir by lines KEY=VALUE as "systemctl show" prints them, or a unit file
 * has them. A key that is there several times adds to its list, and an empty value clears it.
 */
enum jm_sandbox jm_sandbox_judge(struct jm_span unit, const char *dir);

/* The settings of the unit that decide, for people. "" for OPEN. */
const char *jm_sandbox_setting(enum jm_sandbox s, const char *dir);

/* Is dir in a folder that ProtectHome hides? */
bool jm_sandbox_is_home(const char *dir);

#define JM_SANDBOX_CURE_BYTES 1024

/*
 * Write the commands that make dir writable for the daemon into text, which is returned: one line,
 * to be pasted into a shell. Settings that exist are kept. missing: dir must be made, too. For
 * PRIVATE the text is advice, no command. "" for OPEN.
 */
char *jm_sandbox_cure(
    enum jm_sandbox s, const char *dir, bool missing, char text[JM_SANDBOX_CURE_BYTES]);

#endif
