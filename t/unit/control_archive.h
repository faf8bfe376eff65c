/* SPDX-License-Identifier: BSD-2-Clause */
/* A make-believe archive for the tests of common/control: it writes down what it was asked and
 * answers or fails as the test wants. */
#ifndef JM_T_UNIT_CONTROL_ARCHIVE_H
#define JM_T_UNIT_CONTROL_ARCHIVE_H

#include <stdatomic.h>

#include "common/archive/archive.h"

struct jm_archive {
	atomic_uint calls;
	char asked[400];       /* the last call with its arguments */
	enum jm_err_kind fail; /* each call fails with this */
	unsigned objects;      /* how many list, events and verify visit */
	size_t export_bytes;   /* how many bytes export gives, all of them 'x' */
	int delay_ms;          /* before each answer */
};

#endif
