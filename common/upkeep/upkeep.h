/* SPDX-License-Identifier: BSD-2-Clause */
/* Includes the headers of common/upkeep, for callers that use many of them. */
#ifndef JM_UPKEEP_UPKEEP_H
#define JM_UPKEEP_UPKEEP_H

#include "common/upkeep/copy.h"
#include "common/upkeep/dump.h"
#include "common/upkeep/load.h"
#include "common/upkeep/verify.h"

#endif
