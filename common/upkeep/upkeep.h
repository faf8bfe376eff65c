/* SPDX-License-Identifier: BSD-2-Clause */
/* All of common/upkeep, for callers who use much of it. Nothing is declared here. */
#ifndef JM_UPKEEP_UPKEEP_H
#define JM_UPKEEP_UPKEEP_H

#include "common/upkeep/copy.h"
#include "common/upkeep/dump.h"
#include "common/upkeep/load.h"
#include "common/upkeep/verify.h"

#endif
