#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Runs the crash loops over the archive; see archive_crash.c.
exec "${JM_BUILDDIR:-.}/t/slow/archive_crash"
