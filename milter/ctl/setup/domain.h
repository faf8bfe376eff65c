/* SPDX-License-Identifier: BSD-2-Clause */
/* jmctl domain: prove that an internal domain is yours. */
#ifndef JM_MILTER_CTL_SETUP_DOMAIN_H
#define JM_MILTER_CTL_SETUP_DOMAIN_H

/* Run the verb: argv[0] is its name. Returns the exit code. */
int jm_ctl_domain(int argc, char **argv);

#endif
