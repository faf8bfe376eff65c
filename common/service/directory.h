/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The directory: which internal addresses exist, from text files and from tables of the MTA
 * (settings: directory-sources). Each source is held in memory and read again when its file
 * changes; a source that cannot be read keeps its last content.
 *
 * Threads: one at a time calls jm_directory_take() and jm_directory_refresh(); any thread may call
 * jm_directory_ready() and jm_directory_knows() meanwhile, and never waits for a file.
 */
#ifndef JM_SERVICE_DIRECTORY_H
#define JM_SERVICE_DIRECTORY_H

#include "common/settings/settings.h"

/* Caps of one source. The second one is for its file, and again for its addresses in memory. */
#define JM_DIRECTORY_ENTRIES 5000000u
#define JM_DIRECTORY_BYTES (256u * 1024 * 1024)

struct jm_directory;

/* Gets the result for one source, all borrowed for the call. err NULL: it was read and has this
 * number of addresses; ignored lines or keys are not addresses. Otherwise it was not read, and err
 * says why. */
typedef void jm_directory_told(
    void *ctx, const char *source, size_t addresses, size_t ignored, const struct jm_err *err);

/* An empty directory, to be freed with jm_directory_free(); NULL without memory. */
struct jm_directory *jm_directory_new(void);

/* Free *d and set it to NULL. No other thread may use it. */
void jm_directory_free(struct jm_directory **d);

/* Take the list of sources from settings, and keep the content of those that were there before. A
 * new source makes the directory not ready until it is read: call this before the settings take
 * effect. TEMP without memory. */
int jm_directory_take(
    struct jm_directory *d, const struct jm_settings *settings, struct jm_err *err) JM_MUST_CHECK;

/*
 * As jm_directory_take(), then read every source that is new or whose file has changed (device,
 * inode, size or time). told gets the result of each source that was read, and of each that failed
 * with another error than the last time. -1 (TEMP) without memory for the list; a source that fails
 * is no error here.
 */
int jm_directory_refresh(struct jm_directory *d, const struct jm_settings *settings,
    jm_directory_told *told, void *ctx, struct jm_err *err) JM_MUST_CHECK;

/* True when there is a source and each source was read at least once. Until then no address can be
 * called unknown. Any thread. */
bool jm_directory_ready(struct jm_directory *d);

/*
 * Is local@domain in the directory, or @domain? domain is in lower-case A-labels. Local parts are
 * compared without regard to ASCII case; when the whole local part is not found, the part before a
 * "+" is tried. True when the directory is not ready. directory: a struct jm_directory, as void *
 * to be a jm_judge_known (judge.h). Any thread.
 */
bool jm_directory_knows(void *directory, struct jm_span local, struct jm_span domain);

#endif
