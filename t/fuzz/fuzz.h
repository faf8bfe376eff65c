/* SPDX-License-Identifier: BSD-2-Clause */
/* The functions of a fuzz target for driver.c; libFuzzer needs only the first. */
#ifndef JM_T_FUZZ_H
#define JM_T_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* The first octet of an input chooses one of this many ways to read the rest. */
extern const unsigned fuzz_kinds;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
