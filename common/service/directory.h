/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The directory: which internal addresses exist, from plain files and from tables of the MTA
 * (settings: directory-sources). Each source is held in memory and read again when its file
 * changes; one that cannot be read keeps what it had.
 */
#ifndef JM_SERVICE_DIRECTORY_H
#define JM_SERVICE_DIRECTORY_H

#include "common/settings/settings.h"

#define JM_DIRECTORY_ENTRIES 5000000u           /* of one source */
#define JM_DIRECTORY_BYTES (256u * 1024 * 1024) /* of one source, file and entries each */

struct jm_directory;

/* Gets what happened to a source: loaded (err NULL) with so many addresses, so many lines or keys
 * that are none; or not, and why. */
typedef void jm_directory_told(
    void *ctx, const char *source, size_t addresses, size_t ignored, const struct jm_err *err);

/* An empty directory, or NULL without memory. */
struct jm_directory *jm_directory_new(void);
void jm_directory_free(struct jm_directory **d);

/* Take the sources of settings and keep those that were there. A new one makes the directory not
 * ready until it is read: to be called before the settings hold. Threads as below. TEMP without
 * memory. */
int jm_directory_take(
    struct jm_directory *d, const struct jm_settings *settings, struct jm_err *err) JM_MUST_CHECK;

/*
 * The same, and read what is new or has changed (by device, inode, size and time of the file).
 * A failure is told once, and again when it is another one. Threads: one at a time, while others
 * look up. TEMP without memory.
 */
int jm_directory_refresh(struct jm_directory *d, const struct jm_settings *settings,
    jm_directory_told *told, void *ctx, struct jm_err *err) JM_MUST_CHECK;

/* True when there is a source, and every source was read at least once: else nobody can be called
 * unknown. Any thread. */
bool jm_directory_ready(struct jm_directory *d);

/*
 * Is there local@domain (domain in lower-case A-labels), or @domain? Local parts are compared
 * without regard to ASCII case, and what is behind a
 * "+" does not count when the whole is not found. True when the directory is not ready. directory:
 * a struct jm_directory. Any thread.
 */
bool jm_directory_knows(void *directory, struct jm_span local, struct jm_span domain);

#endif
