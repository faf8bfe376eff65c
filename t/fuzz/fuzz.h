/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzz targets. Each family of parsers has a file with a table of its targets; target.c has the
 * list of tables, and runs an input. With libFuzzer (make fuzz) the environment names the target;
 * driver.c, without libFuzzer, runs the saved inputs in make check.
 */
#ifndef JM_T_FUZZ_H
#define JM_T_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/buf.h"
#include "common/base/span.h"

#define FUZZ_OUT_BYTES (4u * 1024 * 1024)

struct fuzz_target {
	const char *name; /* NULL: the end of a table */
	void (*run)(struct jm_span in);
	bool mail; /* the messages of t/corpus are inputs of it, too */
};

extern const struct fuzz_target fuzz_mail[], fuzz_journal[], fuzz_store[], fuzz_peer[],
    fuzz_files[], fuzz_mbox[], fuzz_shown[];

/* The target number k of all tables; NULL after the last one. */
const struct fuzz_target *fuzz_target(size_t k);

/* Run one input. Ends the program when a claim of the target is wrong, or when a stretched form of
 * the input takes more than linear time. */
void fuzz_run(const struct fuzz_target *t, struct jm_span in);

/* End the program, with the reason, unless sound. */
void fuzz_claim(bool sound, const char *claim);

/* Is part a slice of whole? */
bool fuzz_is_inside(struct jm_span part, struct jm_span whole);

/* Cut off the first line: a second input. */
struct jm_span fuzz_first_line(struct jm_span *rest);

/* Cut off the first octet; 0 at the end. */
unsigned fuzz_octet(struct jm_span *rest);

/* A file in memory with these bytes, read from its start; ends the program when that fails. The
 * caller closes it. */
int fuzz_file(struct jm_span in);

/* Write a file with these bytes; ends the program when that fails. */
void fuzz_write_file(const char *path, struct jm_span s);

/* A folder of this process, below TMPDIR, removed when it ends. Valid until the next call. */
const char *fuzz_folder(const char *name);

/* Remove all that is in it. */
void fuzz_empty_folder(const char *name);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
