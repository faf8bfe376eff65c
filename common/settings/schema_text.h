/* SPDX-License-Identifier: BSD-2-Clause */
/* The text of config/journal-milter.rng as a part of the program, so that no file can be missing.
 * schema_text.c is made from that file by the build (local.mk). */
#ifndef JM_SETTINGS_SCHEMA_TEXT_H
#define JM_SETTINGS_SCHEMA_TEXT_H

#include <stddef.h>

/* jm_schema_bytes bytes of UTF-8, without a NUL. */
extern const unsigned char jm_schema_text[];
extern const size_t jm_schema_bytes;

#endif
