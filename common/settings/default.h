/* SPDX-License-Identifier: BSD-2-Clause */
/* Where the settings file is unless --config names another: the only place that says so. */
#ifndef JM_SETTINGS_DEFAULT_H
#define JM_SETTINGS_DEFAULT_H

#define JM_SETTINGS_DEFAULT_FILE JM_SYSCONFDIR "/journal-milter/journal-milter.xml"

#endif
