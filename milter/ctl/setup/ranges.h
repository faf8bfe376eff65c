/* SPDX-License-Identifier: BSD-2-Clause */
/* jmctl ranges: the addresses of Microsoft 365. */
#ifndef JM_MILTER_CTL_SETUP_RANGES_H
#define JM_MILTER_CTL_SETUP_RANGES_H

/* Run the verb: argv[0] is its name. Returns the exit code. */
int jm_ctl_ranges(int argc, char **argv);

#endif
