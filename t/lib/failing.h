/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Faults for unit tests: the Nth call of a kind that the program's own code makes fails, once.
 * malloc and its relatives, the calls on files, and Berkeley DB's functions go through here. Calls
 * by libraries do not count, but for the memory that jansson takes.
 */
#ifndef JM_T_LIB_FAILING_H
#define JM_T_LIB_FAILING_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/buf.h"
#include "common/base/err.h"

enum t_failing { T_FAIL_MEMORY, T_FAIL_FILES, T_FAIL_CATALOG, T_FAILINGS };

/* An operation that is run again and again. It writes its result into out, which is empty at the
 * beginning. 0, or -1 with err. */
struct t_trial {
	const char *name;
	int (*run)(void *ctx, struct jm_buf *out, struct jm_err *err);
	void *ctx;
	enum t_failing failing;
	int sys;          /* the errno of a failed call; 0: ENOMEM */
	unsigned kinds;   /* 1u << the kinds of error that are right; 0: TEMP only */
	bool all_threads; /* also calls of other threads than this one */
	bool own_result;  /* run() itself checks what a success has given */
	bool grows;       /* an archive keeps more of its own in memory after each run */
	unsigned every;   /* try only each Nth place; 0: each */
};

/*
 * Run it without a fault, then once for each place in the program (its calls up to the place) at
 * which a call of this kind is made, with that call failing, then without a fault. Claims that each
 * time it gave the same result, or an error of the right kind, with a text; that our code has freed
 * what it took; and that something was refused at all.
 */
void t_fail_each(const struct t_trial *trial);

/* The Nth call from now fails. */
void t_fail_at(const struct t_trial *trial, unsigned long nth);

/* No call fails any more. True: one has failed. */
bool t_fail_over(void);

#endif
