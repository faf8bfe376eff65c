/* SPDX-License-Identifier: BSD-2-Clause */
/* The end of the log as the daemon last published it. The publish folder may be on another disk
 * than the archive, so that a disk that lost records does not also lose this. */
#ifndef JM_DAEMON_KNOWN_END_H
#define JM_DAEMON_KNOWN_END_H

#include "common/archive/loss.h"
#include "common/settings/settings.h"

/* Read it from status.json in the publish folder of s. False: it is not known; when the file is
 * there and cannot be used, the log says why. */
bool jm_known_end_read(const struct jm_settings *s, struct jm_known_end *end_r);

#endif
