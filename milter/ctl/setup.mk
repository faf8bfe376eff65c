# SPDX-License-Identifier: BSD-2-Clause
# Set-up and doctor.
milter_ctl_jmctl_SOURCES += milter/ctl/setup.c milter/ctl/ranges.c milter/ctl/data.c milter/ctl/data.h milter/ctl/endpoints.c milter/ctl/endpoints.h
